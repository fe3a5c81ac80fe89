/**
 * What outlives a reload of this tab: drafts, what waits for the server. What was not read outlives the tab, until the person logs
 * out. Never a password. Where the browser keeps nothing, nothing is kept.
 */
export class Keep {
  /** @param {string} name whose it is: nobody finds what somebody else has left */
  constructor(name) {
    this.prefix = `partyline ${name} `;
    /** What stands there already is not written again. @type {Map<string, string>} */
    this.written = new Map();
  }

  /** @template T @param {string} key @param {T} otherwise @returns {T} */
  get(key, otherwise) {
    try {
      const text = placeOf(key).getItem(this.prefix + key);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /** The same, for what must be a list. @template T @param {string} key @returns {T[]} */
  list(key) {
    const value = this.get(key, /** @type {T[]} */ ([]));
    return Array.isArray(value) ? value : [];
  }

  /** @param {string} key @param {unknown} value */
  set(key, value) {
    const text = JSON.stringify(value) ?? "null";
    if (this.written.get(key) === text) return;
    this.written.set(key, text);
    try {
      placeOf(key).setItem(this.prefix + key, text);
    } catch { /* it is full, or not allowed: then it is kept as long as the page is */ }
  }

  /** Nothing of this person stays in the browser. */
  forget() {
    try {
      for (const place of [sessionStorage, localStorage]) {
        for (const key of Object.keys(place)) if (key.startsWith(this.prefix)) place.removeItem(key);
      }
    } catch { /* nothing is kept */ }
  }
}

/** @param {string} key */
function placeOf(key) {
  return key === "unread" ? localStorage : sessionStorage;
}
