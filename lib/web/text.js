const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];

// C0 without tab, DEL and C1; line and paragraph separators; marks that turn the direction of what follows.
// deno-lint-ignore no-control-regex
const UNFIT = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The text with nothing in it that could steer how it is shown: each such character becomes visible.
 * @param {string} text
 */
export function cleaned(text) {
  return text.replace(UNFIT, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/**
 * The text as one line, as every door of the chat takes it: line breaks become spaces.
 * @param {string} text
 */
export function oneLine(text) {
  return text.replace(/\r\n|[\r\n\u2028\u2029]/g, " ");
}

/**
 * So many bytes as people read them: "812 bytes", "3.1 MB".
 * @param {number} bytes
 */
export function bytesShown(bytes) {
  let [amount, unit] = [bytes, 0];
  while (amount >= 999.5 && unit < UNITS.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  if (unit === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`;
}

/**
 * So much time as people read it: "8 s", "3 min 20 s", "2 h 5 min".
 * @param {number} ms
 */
export function timeShown(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(minutes, "min", seconds % 60, "s");
  return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** @param {number} much @param {string} unit @param {number} little @param {string} smaller */
function joined(much, unit, little, smaller) {
  return little === 0 ? `${much} ${unit}` : `${much} ${unit} ${little} ${smaller}`;
}

/**
 * The time of day.
 * @param {number} time
 */
export function clockShown(time) {
  const date = new Date(time);
  return `${date.getHours()}`.padStart(2, "0") + ":" + `${date.getMinutes()}`.padStart(2, "0");
}

/**
 * The day, as people call it on the day of `now`.
 * @param {number} time
 * @param {number} now
 */
export function dayShown(time, now) {
  const date = new Date(time);
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const days = Math.round((midnight - new Date(time).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = date.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year });
}

/**
 * Why something failed, in words.
 * @param {unknown} error
 */
export function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
