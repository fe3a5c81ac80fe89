/**
 * What outlives a reload of this tab, and nothing longer: drafts, what waits for the server, what was not read. Never a password.
 * Where the browser keeps nothing, nothing is kept.
 */
export class Keep {
  /** @param {string} name whose it is: nobody finds what somebody else has left */
  constructor(name) {
    this.prefix = `partyline ${name} `;
  }

  /** @template T @param {string} key @param {T} otherwise @returns {T} */
  get(key, otherwise) {
    try {
      const text = sessionStorage.getItem(this.prefix + key);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /** @param {string} key @param {unknown} value */
  set(key, value) {
    try {
      sessionStorage.setItem(this.prefix + key, JSON.stringify(value));
    } catch { /* it is full, or not allowed: then it is kept as long as the page is */ }
  }
}
