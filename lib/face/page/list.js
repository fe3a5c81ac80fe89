/**
 * One row of a list. Rows are compared by their identity: one that is the same object as before is not drawn again.
 * @typedef {{ readonly key: string }} Row
 */

/** Pixels drawn above and below of what is seen. */
const MARGIN = 600;
/** What a row is taken for until it was measured. */
const GUESS = 44;
/** As near to the end as this is at the end. */
const NEAR = 24;

/**
 * A list of which only what is seen is in the document, and a margin. What one reads stays where it is, whatever comes before
 * or changes its height; who is at the end stays at the end.
 * @template {Row} T
 */
export class List {
  /** @type {readonly T[]} */
  #rows = [];
  /** Where each row begins, and at last where the list ends. */
  #tops = new Float64Array(1);
  /** @type {Map<string, number>} */
  #heights = new Map();
  /** @type {Map<string, { row: T, element: HTMLElement }>} */
  #drawn = new Map();
  #atEnd = true;
  #width = 0;

  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} body in the scroller, and as high as all rows
   * @param {(row: T, element: HTMLElement | undefined) => HTMLElement} draw makes the element of a row, or changes the one it has
   * @param {() => void} atTop somebody reads near the beginning
   */
  constructor(scroller, body, draw, atTop) {
    this.scroller = scroller;
    this.body = body;
    this.draw = draw;
    this.atTop = atTop;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(scroller);
  }

  get isAtEnd() {
    return this.#atEnd;
  }

  /** Shows these rows, keeping what is read in its place. @param {readonly T[]} rows */
  set(rows) {
    const anchor = this.#anchor();
    this.#rows = rows;
    this.#place(anchor);
  }

  /** Shows other rows, from their end, or from this one on. @param {readonly T[]} rows @param {string | undefined} from */
  restart(rows, from) {
    for (const { element } of this.#drawn.values()) element.remove();
    this.#drawn.clear();
    this.#heights.clear();
    this.#rows = rows;
    this.#atEnd = from === undefined;
    this.#place(from === undefined ? undefined : { key: from, offset: 60 });
  }

  toEnd() {
    this.#atEnd = true;
    this.#place(undefined);
  }

  /** The first row that is seen, and how far below the upper edge it begins. */
  #anchor() {
    if (this.#atEnd || this.#rows.length === 0) return undefined;
    const top = this.scroller.scrollTop;
    const i = this.#rowAt(top);
    return { key: this.#rows[i].key, offset: this.#tops[i] - top };
  }

  /** Draws what is seen; heights become known as it is drawn, so it may take more than once until all is in place. */
  #place(/** @type {{ key: string, offset: number } | undefined} */ anchor) {
    for (let i = 0; i < 8; i++) {
      this.#measureTops();
      const most = Math.max(0, this.#tops[this.#rows.length] - this.scroller.clientHeight);
      const index = anchor ? this.#rows.findIndex(({ key }) => key === anchor.key) : -1;
      let top = this.#atEnd ? most : this.scroller.scrollTop;
      if (!this.#atEnd && anchor && index >= 0) top = Math.min(most, this.#tops[index] - anchor.offset);
      if (Math.abs(this.scroller.scrollTop - top) > 0.5) this.scroller.scrollTop = top;
      if (!this.#fill()) break;
    }
  }

  #measureTops() {
    const rows = this.#rows;
    if (this.#tops.length !== rows.length + 1) this.#tops = new Float64Array(rows.length + 1);
    let top = 0;
    for (let i = 0; i < rows.length; i++) {
      this.#tops[i] = top;
      top += this.#heights.get(rows[i].key) ?? GUESS;
    }
    this.#tops[rows.length] = top;
    this.body.style.height = `${top}px`;
  }

  /** Draws the rows that are seen and takes away the others; whether any has another height than was thought. */
  #fill() {
    const rows = this.#rows;
    const from = this.#rowAt(this.scroller.scrollTop - MARGIN);
    const bottom = this.scroller.scrollTop + this.scroller.clientHeight + MARGIN;
    const kept = new Set();
    /** @type {ChildNode | null} */
    let place = this.body.firstChild;
    /** @type {[string, HTMLElement][]} */
    const shown = [];
    for (let i = from; i < rows.length && this.#tops[i] < bottom; i++) {
      const row = rows[i];
      const known = this.#drawn.get(row.key);
      const element = known?.row === row ? known.element : this.draw(row, known?.element);
      if (known && known.element !== element) {
        if (place === known.element) place = place.nextSibling;
        known.element.remove();
      }
      this.#drawn.set(row.key, { row, element });
      kept.add(row.key);
      element.style.transform = `translateY(${this.#tops[i]}px)`;
      element.setAttribute("aria-posinset", String(i + 1));
      element.setAttribute("aria-setsize", String(rows.length));
      // Who reads with the ears goes by the order in the document.
      if (element === place) place = place.nextSibling;
      else this.body.insertBefore(element, place);
      shown.push([row.key, element]);
    }
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    let differs = false;
    for (const [key, element] of shown) {
      const height = element.getBoundingClientRect().height;
      if (Math.abs((this.#heights.get(key) ?? GUESS) - height) < 0.5) continue;
      this.#heights.set(key, height);
      differs = true;
    }
    return differs;
  }

  #scrolled() {
    const { scrollTop, clientHeight } = this.scroller;
    this.#atEnd = scrollTop + clientHeight >= this.#tops[this.#rows.length] - NEAR;
    const anchor = this.#anchor();
    if (this.#fill()) this.#place(anchor);
    if (scrollTop < MARGIN) this.atTop();
  }

  #resized() {
    const width = this.scroller.clientWidth;
    const anchor = this.#anchor();
    // Lines break elsewhere.
    if (width !== this.#width) this.#heights.clear();
    this.#width = width;
    this.#place(anchor);
  }

  /** The last row that begins at or before this height. @param {number} top */
  #rowAt(top) {
    let [low, high] = [0, Math.max(0, this.#rows.length - 1)];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#tops[middle] <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
