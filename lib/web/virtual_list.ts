/** Rows are compared by identity: the same object is not drawn again. */
interface Row {
  readonly key: string;
}

/** A row in the document, and what its element says of its position. */
interface Drawn<T> {
  readonly row: T;
  readonly element: HTMLElement;
  top: number;
  index: number;
  count: number;
}

/** A visible row and its distance from the upper edge. */
interface Anchor {
  readonly key: string;
  readonly offset: number;
}

export interface ListOptions<T> {
  readonly scroller: HTMLElement;
  /** Inside the scroller; as high as all rows together. */
  readonly body: HTMLElement;
  /** Makes the element of a row, or changes the one it has. */
  readonly draw: (row: T, element: HTMLElement | undefined) => HTMLElement;
  /** The user has scrolled near the beginning. */
  readonly nearTop: () => void;
}

/** The event of a row that changes its height without being drawn again; it bubbles. */
export const HEIGHT_CHANGED = "rowheight";
/** Pixels drawn above and below the visible part. */
const MARGIN = 600;
/** Cap on rows that are drawn for paper; some 200 pages. */
const PRINTED = 5000;
/** Assumed height of a row that was not measured yet. */
const ASSUMED_HEIGHT = 44;
/** Rows that serve as anchors: the first one may be a line that disappears. */
const ANCHORS = 6;
/** The distance from the end, in pixels, that still counts as the end. */
const NEAR_END = 24;
/** Drawing reveals heights, which moves rows; this many rounds settle any list. */
const MAX_ROUNDS = 8;

/**
 * A list of which only the visible part, and a margin, is in the document.
 *
 * 1. Rows that are added before the visible ones, or that change their height, do not move what the user reads.
 * 2. A user at the end stays at the end.
 * 3. On paper there are all rows, the newest ones if they are too many.
 */
export class VirtualList<T extends Row> {
  readonly #options: ListOptions<T>;
  #rows: readonly T[] = [];
  /** Where each row begins; the last is where the list ends. */
  #tops = new Float64Array(1);
  readonly #heights = new Map<string, number>();
  readonly #drawn = new Map<string, Drawn<T>>();
  #atEnd = true;
  #width = 0;
  /** Of what is visible, as the list was last placed for. */
  #height = 0;
  #isPrinting = false;

  constructor(options: ListOptions<T>) {
    this.#options = options;
    options.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(options.scroller);
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
    options.body.addEventListener(HEIGHT_CHANGED, ({ target }) => this.#rowChanged(target as Node));
  }

  get isAtEnd(): boolean {
    return this.#atEnd;
  }

  /** Shows these rows and keeps the position; `sticks`: one at the end stays at the end. */
  set(rows: readonly T[], sticks = true): void {
    if (!sticks) this.#atEnd = false;
    const anchors = this.#anchors();
    this.#rows = rows;
    this.#place(anchors);
  }

  /** Shows other rows, from the one with key `from` on, else their end. */
  restart(rows: readonly T[], from: string | undefined): void {
    for (const { element } of this.#drawn.values()) element.remove();
    this.#drawn.clear();
    this.#heights.clear();
    this.#rows = rows;
    this.#atEnd = from === undefined;
    this.#place(from === undefined ? [] : [{ key: from, offset: 60 }]);
  }

  scrollToEnd(): void {
    this.#atEnd = true;
    this.#place([]);
  }

  /** The first visible rows: one of them will still be there. */
  #anchors(): Anchor[] {
    if (this.#atEnd || this.#rows.length === 0) return [];
    const top = this.#options.scroller.scrollTop;
    const first = this.#rowAt(top);
    return this.#rows.slice(first, first + ANCHORS).map(({ key }, i) => ({
      key,
      offset: this.#tops[first + i]! - top,
    }));
  }

  /** Draws the visible rows where the first anchor that is left has its former place. */
  #place(anchors: readonly Anchor[]): void {
    const { scroller } = this.#options;
    let index = -1;
    let offset = 0;
    for (const anchor of anchors) {
      index = this.#rows.findIndex(({ key }) => key === anchor.key);
      offset = anchor.offset;
      if (index >= 0) break;
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.#computeTops();
      const end = Math.max(0, this.#tops[this.#rows.length]! - scroller.clientHeight);
      let top = this.#atEnd ? end : scroller.scrollTop;
      if (!this.#atEnd && index >= 0) top = Math.min(end, this.#tops[index]! - offset);
      if (Math.abs(scroller.scrollTop - top) > 0.5) scroller.scrollTop = top;
      if (!this.#fill()) break;
    }
    // Nothing may be below after all.
    this.#atEnd ||= this.#isAtEnd();
  }

  #isAtEnd(): boolean {
    const { scrollTop, clientHeight } = this.#options.scroller;
    return scrollTop + clientHeight >= this.#tops[this.#rows.length]! - NEAR_END;
  }

  #computeTops(): void {
    const rows = this.#rows;
    if (this.#tops.length !== rows.length + 1) this.#tops = new Float64Array(rows.length + 1);
    let top = 0;
    for (let i = 0; i < rows.length; i++) {
      this.#tops[i] = top;
      top += this.#heights.get(rows[i]!.key) ?? ASSUMED_HEIGHT;
    }
    this.#tops[rows.length] = top;
    this.#options.body.style.height = `${top}px`;
  }

  /** Draws the visible rows and removes the others; whether any height differs from what was assumed. */
  #fill(): boolean {
    const { scroller, body, draw } = this.#options;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight + MARGIN;
    const from = this.#isPrinting ? Math.max(0, this.#rows.length - PRINTED) : this.#rowAt(top - MARGIN);
    let to = from;
    while (to < this.#rows.length && (this.#isPrinting || this.#tops[to]! < bottom)) to++;
    // First, since a row that stays has its place behind those that stay: none of them is moved, which would lay out all anew.
    this.#keep(from, to);
    let place = body.firstChild;
    let focus: { readonly inside: HTMLElement; readonly index: number } | undefined;
    // Measured together at the end, since each change of the document between would lay out the page once more.
    const added: Drawn<T>[] = [];
    for (let i = from; i < to; i++) {
      const row = this.#rows[i]!;
      let drawn = this.#drawn.get(row.key);
      if (drawn?.row !== row) {
        const index = drawn ? controlsOf(drawn.element).indexOf(document.activeElement as HTMLElement) : -1;
        const element = draw(row, drawn?.element);
        if (index >= 0 && (drawn!.element !== element || document.activeElement === document.body)) {
          focus = { inside: element, index };
        }
        if (drawn && drawn.element !== element) {
          if (place === drawn.element) place = place.nextSibling;
          drawn.element.remove();
        }
        this.#drawn.set(row.key, drawn = { row, element, top: -1, index: -1, count: -1 });
      }
      if (drawn.top < 0 || !this.#heights.has(row.key)) added.push(drawn);
      this.#position(drawn, i);
      // Screen readers go by the order in the document.
      if (drawn.element === place) place = place.nextSibling;
      else body.insertBefore(drawn.element, place);
    }
    // A key that was pressed in a row has changed it; the next one is for the same place.
    if (focus) {
      const controls = controlsOf(focus.inside);
      const next = [controls[focus.index], ...controls].find((each) => each?.checkVisibility()) ?? scroller;
      next.focus({ preventScroll: true });
    }
    let differs = false;
    for (const { row, element } of added) {
      const { height } = element.getBoundingClientRect();
      const assumed = this.#heights.get(row.key) ?? ASSUMED_HEIGHT;
      this.#heights.set(row.key, height);
      if (Math.abs(assumed - height) >= 0.5) differs = true;
    }
    return differs;
  }

  /** Removes drawn rows other than those from `from` up to, and without, `to`. */
  #keep(from: number, to: number): void {
    const kept = new Set(this.#rows.slice(from, to).map(({ key }) => key));
    for (const [key, { element }] of this.#drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }

  /** Draws all rows for paper, where the style sheet places them, and the visible ones again afterwards. */
  #print(isPrinting: boolean): void {
    const anchors = this.#anchors();
    this.#isPrinting = isPrinting;
    this.#place(anchors);
  }

  #position(drawn: Drawn<T>, index: number): void {
    const { element } = drawn;
    const top = this.#tops[index]!;
    const count = this.#rows.length;
    if (drawn.top !== top) element.style.transform = `translateY(${drawn.top = top}px)`;
    if (drawn.index !== index) element.setAttribute("aria-posinset", String((drawn.index = index) + 1));
    if (drawn.count !== count) element.setAttribute("aria-setsize", String(drawn.count = count));
  }

  #scrolled(): void {
    const { scrollTop, clientHeight } = this.#options.scroller;
    // The end moves with the height, and the list follows it; the user has not scrolled away from it.
    if (clientHeight !== this.#height) return this.#resized();
    this.#atEnd = this.#isAtEnd();
    const anchors = this.#anchors();
    if (this.#fill()) this.#place(anchors);
    if (scrollTop < MARGIN) this.#options.nearTop();
  }

  #resized(): void {
    // Paper has another size, and no place to scroll to.
    if (this.#isPrinting) return;
    const { clientWidth: width, clientHeight } = this.#options.scroller;
    const anchors = this.#anchors();
    // Another width wraps lines differently.
    if (width !== this.#width) this.#heights.clear();
    this.#width = width;
    this.#height = clientHeight;
    this.#place(anchors);
  }

  /** Something inside a row was shown or hidden. */
  #rowChanged(part: Node): void {
    const anchors = this.#anchors();
    for (const [key, { element }] of this.#drawn) {
      if (element.contains(part)) this.#heights.set(key, element.getBoundingClientRect().height);
    }
    this.#place(anchors);
  }

  /** The last row that begins at or above this height. */
  #rowAt(top: number): number {
    let low = 0;
    let high = Math.max(0, this.#rows.length - 1);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#tops[middle]! <= top) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** What in a row can have the focus. */
function controlsOf(element: HTMLElement): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>("a, button")];
}
