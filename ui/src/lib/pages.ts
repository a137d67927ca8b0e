/**
 * The rows of a view that were brought lately, by pages. When the pool changes the pages grow stale but stay readable, so
 * that a row is shown as it was until it comes anew, and never blank.
 */
import type { RowDto } from '../bindings';
import type { Slice } from './scroll';

/** Rows in a page: what is seen touches two or three of them. */
export const PAGE_ROWS = 64;
/** Pages that are kept; some hundred kilobytes. */
const MAX_PAGES = 48;

interface Page {
  rows: RowDto[];
  fresh: boolean;
}

export class PageCache {
  private readonly pages = new Map<number, Page>();

  get(row: number): RowDto | undefined {
    return this.pages.get(Math.floor(row / PAGE_ROWS))?.rows[row % PAGE_ROWS];
  }

  /** The whole pages that must be brought to show a slice as it is now; null when nothing is missing. */
  missing(slice: Slice): Slice | null {
    let from: number | null = null;
    let to = 0;
    for (let page = Math.floor(slice.from / PAGE_ROWS); page * PAGE_ROWS < slice.to; page++) {
      if (this.pages.get(page)?.fresh) continue;
      from ??= page * PAGE_ROWS;
      to = (page + 1) * PAGE_ROWS;
    }
    return from === null ? null : { from, to };
  }

  /** The pages that hold a slice, from the beginning of the first to the end of the last. */
  whole({ from, to }: Slice): Slice {
    return { from: Math.floor(from / PAGE_ROWS) * PAGE_ROWS, to: Math.ceil(to / PAGE_ROWS) * PAGE_ROWS };
  }

  /** Keeps rows that begin at the beginning of a page; not fresh when the pool changed after they were asked for. */
  put(from: number, rows: RowDto[], fresh: boolean): void {
    for (let at = 0; at < rows.length; at += PAGE_ROWS) {
      const page = (from + at) / PAGE_ROWS;
      // Taken out first, so that the map's order is that of the last use.
      this.pages.delete(page);
      this.pages.set(page, { rows: rows.slice(at, at + PAGE_ROWS), fresh });
    }
    for (const page of this.pages.keys()) {
      if (this.pages.size <= MAX_PAGES) break;
      this.pages.delete(page);
    }
  }

  /** The pool has changed: everything is to be brought anew when it is next seen. */
  expire(): void {
    for (const page of this.pages.values()) page.fresh = false;
  }

  clear(): void {
    this.pages.clear();
  }
}
