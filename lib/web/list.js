/**
 * One row of a list. Rows are compared by their identity: one that is the same object as before is not drawn again.
 * @typedef {{ readonly key: string }} Row
 */

/**
 * A row that is in the document: where it is, as the how manieth, and of how many.
 * @template T
 * @typedef {{ row: T, element: HTMLElement, top: number, at: number, of: number }} Drawn
 */

/** @typedef {{ key: string, offset: number }} Anchor */

/** Pixels drawn above and below of what is seen. */
const MARGIN = 600;
/** What a row is taken for until it was measured. */
const GUESS = 44;
/** Rows by which one finds one's place again; lines between days come and go. */
const ANCHORS = 6;
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
  /** @type {Map<string, Drawn<T>>} */
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
    this.#place(from === undefined ? [] : [{ key: from, offset: 60 }]);
  }

  toEnd() {
    this.#atEnd = true;
    this.#place([]);
  }

  /** The first rows that are seen, and how far below the upper edge they begin: one of them will still be there. @returns {Anchor[]} */
  #anchor() {
    if (this.#atEnd || this.#rows.length === 0) return [];
    const top = this.scroller.scrollTop;
    const first = this.#rowAt(top);
    return this.#rows.slice(first, first + ANCHORS).map(({ key }, i) => ({ key, offset: this.#tops[first + i] - top }));
  }

  /** Draws what is seen; heights become known as it is drawn, so it may take more than once until all is in place. */
  #place(/** @type {Anchor[]} */ anchors) {
    let [index, offset] = [-1, 0];
    for (const anchor of anchors) {
      index = this.#rows.findIndex(({ key }) => key === anchor.key);
      offset = anchor.offset;
      if (index >= 0) break;
    }
    for (let i = 0; i < 8; i++) {
      this.#measureTops();
      const most = Math.max(0, this.#tops[this.#rows.length] - this.scroller.clientHeight);
      let top = this.#atEnd ? most : this.scroller.scrollTop;
      if (!this.#atEnd && index >= 0) top = Math.min(most, this.#tops[index] - offset);
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
    const top = this.scroller.scrollTop;
    const bottom = top + this.scroller.clientHeight + MARGIN;
    const kept = new Set();
    /** @type {ChildNode | null} */
    let place = this.body.firstChild;
    /** What is new, and so to be measured: asking the browser for heights has it lay out the page. @type {Drawn<T>[]} */
    const news = [];
    for (let i = this.#rowAt(top - MARGIN); i < rows.length && this.#tops[i] < bottom; i++) {
      const row = rows[i];
      let drawn = this.#drawn.get(row.key);
      if (drawn?.row !== row) {
        const element = this.draw(row, drawn?.element);
        if (drawn && drawn.element !== element) {
          if (place === drawn.element) place = place.nextSibling;
          drawn.element.remove();
        }
        this.#drawn.set(row.key, drawn = { row, element, top: -1, at: -1, of: -1 });
      }
      if (drawn.top < 0 || !this.#heights.has(row.key)) news.push(drawn);
      this.#put(drawn, i);
      kept.add(row.key);
      // Who reads with the ears goes by the order in the document.
      if (drawn.element === place) place = place.nextSibling;
      else this.body.insertBefore(drawn.element, place);
    }
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    let differs = false;
    for (const { row, element } of news) {
      const height = element.getBoundingClientRect().height;
      const thought = this.#heights.get(row.key) ?? GUESS;
      this.#heights.set(row.key, height);
      if (Math.abs(thought - height) >= 0.5) differs = true;
    }
    return differs;
  }

  /** @param {Drawn<T>} drawn @param {number} index */
  #put(drawn, index) {
    const { element } = drawn;
    if (drawn.top !== this.#tops[index]) element.style.transform = `translateY(${drawn.top = this.#tops[index]}px)`;
    if (drawn.at !== index) element.setAttribute("aria-posinset", String((drawn.at = index) + 1));
    if (drawn.of !== this.#rows.length) element.setAttribute("aria-setsize", String(drawn.of = this.#rows.length));
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
