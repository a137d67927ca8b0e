/**
 * The view that the table shows: a filter and an order, and the rows near what is seen. No row is sorted or filtered here;
 * the host fixes the order, and slices of it are brought as they come into sight.
 */
import type { EventDto, FilterDto, RowDto, SortColumnDto, SortKeyDto, ViewDto } from '../bindings';
import type { Host } from '../host';
import { Latest } from '../lib/latest';
import { PageCache } from '../lib/pages';
import type { Slice } from '../lib/scroll';
import type { Notices } from './notices.svelte';

export const NO_FILTER: FilterDto = {
  status: [],
  protocol: [],
  anonymity: [],
  country: [],
  text: '',
  max_latency_ms: null,
  min_score: null,
  trusted: false,
  target: [],
  source: [],
  tag: [],
};

/** Columns that are first ordered with the largest on top, since that is what one looks for. */
const LARGEST_FIRST: readonly SortColumnDto[] = ['success_rate', 'score', 'last_checked', 'last_success'];
/** The engine orders by so many columns at most. */
const MAX_SORT_KEYS = 6;
/** Rows in one request when many are gathered. */
const GATHER_ROWS = 500;
/** Rows around the keyboard by which it is found again when others go. */
const NEIGHBOURS = 32;
/** Copying or checking more than this by hand is what Export and the filter are for. */
export const MAX_GATHERED = 100_000;

/** How many rows each value of a filter would bring. */
export type Facets = Pick<ViewDto, 'status' | 'protocol' | 'anonymity' | 'country' | 'tag'>;

/** What of the table is seen has moved in its view, since rows above it have gone or are back. */
export interface Shift {
  /** So many rows down; less than none is up. */
  by: number;
}

export class PoolView {
  filter = $state.raw<FilterDto>(NO_FILTER);
  sort = $state.raw<SortKeyDto[]>([{ column: 'score', descending: true }]);
  view = $state.raw<ViewDto | null>(null);
  /** They come with a view, and are counted anew when somebody looks at them later. */
  facets = $state.raw<Facets>({ status: [], protocol: [], anonymity: [], country: [], tag: [] });
  total = $state(0);
  working = $state(0);
  /** The state of the pool, as the host counts it. */
  private revision = $state(0);
  /** Whether the facets are those of the rows that the view has now. */
  private counted = true;
  /** Counts up whenever rows came, so that whoever reads a row reads it anew. */
  private brought = $state(0);
  /** A new one for each time. */
  shift = $state.raw<Shift | null>(null);
  /** Changes of the user's own that are under way: whether these leave the order as it is has yet to be seen. */
  private changing = $state(0);
  private readonly pages = new PageCache();
  private slice: Slice = { from: 0, to: 0 };
  /** The first row that is seen; of the slice, some stand above it. */
  private first = 0;
  /** The place of the keyboard, and where it goes when that is another one. */
  private keyboard: { place: () => number; move: (place: number) => void } | null = null;
  /** How often the pool changed; a slice that was asked for before a change is not fresh. */
  private changes = 0;
  private readonly opener = new Latest<undefined>(() => this.open());
  private readonly fetcher = new Latest<undefined>(() => this.bring());

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
  ) {}

  /** Whether results have landed that would stand elsewhere, or come or go, in a new view. */
  get stale(): boolean {
    return this.changing === 0 && this.overtaken;
  }

  private get overtaken(): boolean {
    return this.view !== null && this.revision > this.view.revision;
  }

  /** Says who has the keyboard, so that it stays at its row where others go. */
  pin(place: () => number, move: (place: number) => void): void {
    this.keyboard = { place, move };
  }

  get filtered(): boolean {
    return JSON.stringify(this.filter) !== JSON.stringify(NO_FILTER);
  }

  /** A row by its place in the view; undefined until it has been brought. */
  row(place: number): RowDto | undefined {
    return this.brought >= 0 ? this.pages.get(place) : undefined;
  }

  narrow(change: Partial<FilterDto>): void {
    this.filter = { ...this.filter, ...change };
    this.reopen();
  }

  /** Orders by a column: alone, or with `add` after the columns that order already. Twice turns it round. */
  orderBy(column: SortColumnDto, add: boolean): void {
    const known = this.sort.find((key) => key.column === column);
    const descending = known ? !known.descending : LARGEST_FIRST.includes(column);
    const key = { column, descending };
    if (!add) this.sort = [key];
    else if (known) this.sort = this.sort.map((old) => (old.column === column ? key : old));
    else if (this.sort.length < MAX_SORT_KEYS) this.sort = [...this.sort, key];
    else return;
    this.reopen();
  }

  /** Fixes the order anew. */
  reopen(): void {
    this.opener.ask(undefined);
  }

  /** Counts the facets anew where results have landed since; the order of the rows stays. */
  async recount(): Promise<void> {
    const view = this.view;
    if (!view || (this.counted && !this.overtaken)) return;
    try {
      const counted = await this.host.openView(this.filter, this.sort);
      void this.host.closeView(counted.view).catch(() => undefined);
      // A view that was opened meanwhile came with counts of its own.
      if (this.view !== view) return;
      this.facets = counted;
      this.counted = true;
    } catch (error) {
      this.notices.fault(error);
    }
  }

  /** Says which rows are drawn now, and which of them is the first that is seen. */
  show(slice: Slice, first = slice.from): void {
    this.slice = slice;
    this.first = first;
    if (this.view && this.pages.missing(slice)) this.fetcher.ask(undefined);
  }

  poolChanged(event: Extract<EventDto, { event: 'pool' }>): void {
    this.total = event.total;
    this.working = event.working;
    this.revision = event.revision;
    this.changes++;
    this.pages.expire();
    if (this.view) this.fetcher.ask(undefined);
    // What was empty has no order that could jump.
    if (this.view?.total === 0 && event.total > 0) this.reopen();
  }

  /**
   * Makes a change of the user's own. What goes or comes back by it is shown as soon as it is made, without a row that
   * stays being seen elsewhere; and where the order was not out of date before, it is not called so afterwards.
   * With `back`, what had gone is to be seen again.
   */
  async alter<Answer>(change: () => Promise<Answer>, back = false): Promise<Answer> {
    const inOrder = !this.overtaken;
    this.changing++;
    let confirmed = Promise.resolve();
    try {
      const answer = await change();
      await this.follow();
      if (inOrder) confirmed = this.confirm(back);
      return answer;
    } finally {
      // That takes as long as opening a view, and there is nothing to wait for.
      void confirmed.then(() => this.changing--);
    }
  }

  /** Hands on the rows between two places of the view, a part at a time, wherever they are kept. */
  async gather(from: number, to: number, take: (rows: RowDto[]) => void): Promise<void> {
    const view = this.view;
    if (!view) return;
    for (let at = from; at < Math.min(to, view.rows); at += GATHER_ROWS) {
      take((await this.host.viewRows(view.view, at, Math.min(at + GATHER_ROWS, to, view.rows))).rows);
    }
  }

  private async open(): Promise<void> {
    try {
      const before = this.view;
      const opened = await this.host.openView(this.filter, this.sort);
      if (before) void this.host.closeView(before.view).catch(() => undefined);
      this.pages.clear();
      this.view = opened;
      this.facets = opened;
      this.counted = true;
      this.total = opened.total;
      this.working = opened.working;
      // An event may have overtaken the answer.
      this.revision = Math.max(this.revision, opened.revision);
      this.fetcher.ask(undefined);
    } catch (error) {
      this.notices.fault(error);
    }
  }

  private async bring(): Promise<void> {
    const view = this.view;
    const wanted = this.pages.missing({
      from: this.slice.from,
      to: Math.min(this.slice.to, view?.rows ?? 0),
    });
    if (!view || !wanted) return;
    const changes = this.changes;
    try {
      const { from, of, rows } = await this.host.viewRows(
        view.view,
        wanted.from,
        Math.min(wanted.to, view.rows),
      );
      if (this.view !== view) return;
      if (of !== view.rows) {
        await this.refit(view, of);
        return;
      }
      this.pages.put(from, rows, changes === this.changes);
      this.brought++;
    } catch (error) {
      // A view that was closed meanwhile is no fault: the next one is on its way.
      if (this.view === view) this.notices.fault(error);
    }
  }

  /** Takes note of what has gone from the view, or is back. */
  private async follow(): Promise<void> {
    this.changes++;
    this.pages.expire();
    // Another change may be on its way at the same time; what is shown in the end is what both came to.
    for (let view = this.view; view; view = this.view) {
      try {
        const { of } = await this.host.viewRows(view.view, 0, 0);
        if (this.view !== view) continue;
        if (of === view.rows) {
          this.fetcher.ask(undefined);
          return;
        }
        await this.refit(view, of);
      } catch (error) {
        // A view that was closed meanwhile is no fault.
        if (this.view !== view) continue;
        this.notices.fault(error);
        return;
      }
    }
  }

  /** Shows a view in which there are more rows or fewer now: what is seen stays where it is seen. */
  private async refit(view: ViewDto, rows: number): Promise<void> {
    const keyboard = this.keyboard?.place() ?? -1;
    const landed = await this.landings(view, [
      this.slice,
      { from: keyboard - NEIGHBOURS, to: keyboard + NEIGHBOURS },
    ]);
    // The row above what is seen tells best, since what comes back between the two is to be seen.
    const above = landed.get(this.first - 1) ?? null;
    const top = this.first === 0 ? 0 : above === null ? nearest(landed, this.first, rows) : above + 1;
    const shift = { by: top - this.first };
    const from = Math.max(0, this.slice.from + shift.by);
    const to = Math.min(rows, this.slice.to + shift.by);
    const pages = this.pages.whole({ from, to });
    const changes = this.changes;
    const brought = await this.host.viewRows(view.view, pages.from, Math.min(pages.to, rows));
    if (this.view !== view) return;
    if (brought.of !== rows) {
      await this.refit(view, brought.of);
      return;
    }
    this.pages.clear();
    this.pages.put(brought.from, brought.rows, changes === this.changes);
    this.view = { ...view, rows };
    this.counted = false;
    this.shift = shift;
    this.brought++;
    if (keyboard >= 0) this.keyboard?.move(nearest(landed, keyboard, rows));
  }

  /** Where rows that are known stand in a view now, by the places that they had; null for one that has gone. */
  private async landings(view: ViewDto, slices: Slice[]): Promise<Map<number, number | null>> {
    const known = new Map<number, number>();
    for (const { from, to } of slices)
      for (let place = Math.max(0, from); place < to; place++) {
        const row = this.pages.get(place);
        if (row) known.set(place, row.id);
      }
    const places = await this.host.viewPlaces(view.view, [...known.values()]);
    return new Map([...known.keys()].map((place, at) => [place, places[at] ?? null]));
  }

  /** Takes the order for the right one of now, if a new one would be the same: results may have landed that change it. */
  private async confirm(back: boolean): Promise<void> {
    const view = this.view;
    if (!view || !this.overtaken) return;
    try {
      const opened = await this.host.openView(this.filter, this.sort);
      const { from, to } = this.slice;
      const { rows } = await this.host.viewRows(opened.view, from, to);
      // The view itself stays: it knows where those stand that are deleted, and may come back.
      void this.host.closeView(opened.view).catch(() => undefined);
      const same =
        this.view === view &&
        opened.rows === view.rows &&
        rows.every(({ id }, at) => id === (this.pages.get(from + at)?.id ?? id));
      if (!same) {
        // A view that was opened without those that are back has no place for them.
        if (back && this.view === view && opened.rows > view.rows) this.reopen();
        return;
      }
      this.view = { ...view, revision: opened.revision };
      this.facets = opened;
      this.counted = true;
      this.revision = Math.max(this.revision, opened.revision);
    } catch (error) {
      this.notices.fault(error);
    }
  }
}

/** Where a place is by now: that of its row, else of the next one that stayed, else of the one before. */
function nearest(landed: ReadonlyMap<number, number | null>, place: number, rows: number): number {
  for (let at = place; landed.has(at); at++) {
    const now = landed.get(at);
    if (typeof now === 'number') return now;
  }
  for (let at = place - 1; landed.has(at); at--) {
    const now = landed.get(at);
    if (typeof now === 'number') return Math.min(now + 1, rows - 1);
  }
  return Math.min(place, rows - 1);
}
