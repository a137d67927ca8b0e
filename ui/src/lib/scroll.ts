/**
 * Where a list of any length stands, although the browser clamps how high an element may be. As long as the list fits,
 * a pixel scrolled is a pixel moved. Beyond that, short movements still go pixel by pixel and long ones (the thumb of the
 * scroll bar) go by proportion; when the movement rests, the bar is put where it belongs.
 */

/** WebKitGTK clamps the height of an element at 33,554,428 px; a million rows of 32 px still fit below this. */
export const MAX_HEIGHT = 33_000_000;

export interface Slice {
  /** The first row to draw. */
  from: number;
  /** The row after the last one to draw. */
  to: number;
}

export class ListScroll {
  /** The distance from the list's beginning to the first visible pixel, as if nothing were clamped. */
  top = 0;
  /** Where the scroll bar stands. */
  bar = 0;
  private rows = 0;
  private viewport = 0;

  constructor(
    private rowHeight: number,
    private readonly maxHeight = MAX_HEIGHT,
  ) {}

  /** The height that the list would have. */
  get length(): number {
    return this.rows * this.rowHeight;
  }

  /** The height that the scrolled element gets. */
  get height(): number {
    return Math.min(this.length, this.maxHeight);
  }

  private get maxTop(): number {
    return Math.max(0, this.length - this.viewport);
  }

  private get maxBar(): number {
    return Math.max(0, this.height - this.viewport);
  }

  private get clamped(): boolean {
    return this.length > this.maxHeight;
  }

  /** Takes note of how much there is and how much of it is seen; the place is kept if it still exists. */
  resize(rows: number, viewport: number): void {
    this.rows = rows;
    this.viewport = viewport;
    this.moveTo(this.top);
  }

  /** Rows get another height; the first one that is seen stays so. */
  fit(rowHeight: number): void {
    if (rowHeight === this.rowHeight) return;
    const first = this.top / this.rowHeight;
    this.rowHeight = rowHeight;
    this.moveTo(first * rowHeight);
  }

  /** The bar was moved to `bar` by the user. Answers whether it hit an end that is not the list's own. */
  scrolled(bar: number): boolean {
    const moved = bar - this.bar;
    this.bar = bar;
    if (!this.clamped) {
      this.top = bar;
      return false;
    }
    const short = Math.abs(moved) <= this.viewport * 2;
    this.top = clamp(short ? this.top + moved : (bar / this.maxBar) * this.maxTop, 0, this.maxTop);
    const atEnd = bar <= 0 || bar >= this.maxBar;
    return atEnd && Math.abs(this.barOf(this.top) - bar) >= 1;
  }

  /** Puts the list at `top` and answers where the bar then stands. */
  moveTo(top: number): number {
    this.top = clamp(top, 0, this.maxTop);
    this.bar = this.barOf(this.top);
    return this.bar;
  }

  /** Moves as little as needed to show a row whole. */
  reveal(row: number): number {
    const start = row * this.rowHeight;
    if (start < this.top) return this.moveTo(start);
    const end = start + this.rowHeight - this.viewport;
    return end > this.top ? this.moveTo(end) : this.bar;
  }

  /** The rows to draw, with so many more on each side. */
  slice(overscan: number): Slice {
    const first = Math.floor(this.top / this.rowHeight);
    const visible = Math.ceil(this.viewport / this.rowHeight) + 1;
    return { from: Math.max(0, first - overscan), to: Math.min(this.rows, first + visible + overscan) };
  }

  /** Where a row is drawn inside the scrolled element. */
  offset(row: number): number {
    return row * this.rowHeight - this.top + this.bar;
  }

  private barOf(top: number): number {
    return this.clamped && this.maxTop > 0 ? Math.round((top / this.maxTop) * this.maxBar) : top;
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
