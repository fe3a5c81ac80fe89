const byLetter: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "backtab",
};

const byNumber: Readonly<Record<string, string>> = {
  1: "home",
  2: "insert",
  3: "delete",
  4: "end",
  5: "page-up",
  6: "page-down",
  7: "home",
  8: "end",
};

/**
 * The key of an escape sequence, given without its ESC (`[1;5D`, `OH`): `ctrl-left`, `home`; `paste` where a bracketed
 * paste begins; `undefined` for a sequence that is no key of ours.
 */
export function sequenceName(sequence: string): string | undefined {
  if (sequence === "[200~") return "paste";
  if (sequence === "OM") return "enter";
  const parts = /^([[O])(\d*)(?:;(\d+))?([A-Za-z~^])$/.exec(sequence);
  if (parts === null) return undefined;
  const [, opening, number = "", second, last = ""] = parts;
  if (last === "~" || last === "^") {
    return opening === "[" ? modified(byNumber[number], last === "^" ? "5" : second) : undefined;
  }
  // Older terminals: small letters for arrows, with Ctrl after "O", with Shift after "[".
  if (/[a-d]/.test(last)) return modified(byLetter[last.toUpperCase()], opening === "O" ? "5" : "2");
  // "O5D" and "[5D" say the modifier in the only number they have.
  return modified(byLetter[last], second ?? number);
}

// The modifier is one more than the sum of Shift 1, Alt 2, Ctrl 4; Shift alone means the plain key here.
function modified(name: string | undefined, modifier: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const bits = Math.max(0, Number(modifier || "1") - 1);
  if (bits & 4) return `ctrl-${name}`;
  return bits & 2 ? `alt-${name}` : name;
}
