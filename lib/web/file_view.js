/**
 * How an offer stands.
 * @typedef {object} FileView
 * @property {string} id
 * @property {string} name
 * @property {number} bytes
 * @property {boolean} sends
 * @property {"reading" | "offered" | "waiting" | "moving" | "received" | "ended"} state
 * @property {string} text what is to be said of it, in words
 * @property {number} done
 * @property {number} rate bytes a second of late
 * @property {string | undefined} url where the browser has it, once it is here
 */
/** Something that is shown, and changes. @typedef {{ view: FileView }} Shown */

/** Between two signs of how something moves. */
const SHOWN_MS = 250;

/** How files are seen to stand, and to move. */
export class FileViews {
  /** @type {Map<string, { at: number, done: number }>} */
  #paces = new Map();

  /** @param {(view: FileView) => void} show @param {() => number} now */
  constructor(show, now) {
    this.show = show;
    this.now = now;
  }

  /** @param {Shown} item @param {Partial<FileView>} change */
  change(item, change) {
    item.view = { ...item.view, ...change };
    this.show(item.view);
  }

  /**
   * How far it is and how fast, now and then.
   * @param {Shown} item
   * @param {number} done
   * @param {"reading" | "moving"} state
   */
  paced(item, done, state, text = "being read") {
    const now = this.now();
    const pace = this.#paces.get(item.view.id);
    if (pace && now - pace.at < SHOWN_MS && item.view.state === state) return;
    const seconds = pace ? (now - pace.at) / 1000 : 0;
    const of = pace && seconds > 0 && done >= pace.done ? (done - pace.done) / seconds : 0;
    const rate = item.view.rate === 0 ? of : item.view.rate * 0.8 + of * 0.2;
    this.#paces.set(item.view.id, { at: now, done });
    this.change(item, { state, text, done, rate });
  }
}

/** Whether it is to come here, sooner or later. @param {FileView} view */
export function isComing({ state }) {
  return state === "waiting" || state === "moving";
}

/** How an offer stands at first. @param {{ id: string, name: string, bytes: number }} offer @param {boolean} sends @param {FileView["state"]} state @param {string} text @returns {FileView} */
export function viewOf({ id, name, bytes }, sends, state, text) {
  return { id, name, bytes, sends, state, text, done: 0, rate: 0, url: undefined };
}
