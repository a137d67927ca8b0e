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
/** Copying or checking more than this by hand is what Export and the filter are for. */
export const MAX_GATHERED = 100_000;

/** How many rows each value of a filter would bring. */
export type Facets = Pick<ViewDto, 'status' | 'protocol' | 'anonymity' | 'country'>;

export class PoolView {
  filter = $state.raw<FilterDto>(NO_FILTER);
  sort = $state.raw<SortKeyDto[]>([{ column: 'score', descending: true }]);
  view = $state.raw<ViewDto | null>(null);
  /** They come with a view, and are counted anew when somebody looks at them later. */
  facets = $state.raw<Facets>({ status: [], protocol: [], anonymity: [], country: [] });
  total = $state(0);
  working = $state(0);
  /** The state of the pool, as the host counts it. */
  private revision = $state(0);
  /** Counts up whenever rows came, so that whoever reads a row reads it anew. */
  private brought = $state(0);
  private readonly pages = new PageCache();
  private slice: Slice = { from: 0, to: 0 };
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
    return this.view !== null && this.revision > this.view.revision;
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
    if (!view || !this.stale) return;
    try {
      const counted = await this.host.openView(this.filter, this.sort);
      void this.host.closeView(counted.view).catch(() => undefined);
      // A view that was opened meanwhile came with counts of its own.
      if (this.view === view) this.facets = counted;
    } catch (error) {
      this.notices.fault(error);
    }
  }

  /** Says which rows are seen now. */
  show(slice: Slice): void {
    this.slice = slice;
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
      const { from, rows } = await this.host.viewRows(view.view, wanted.from, Math.min(wanted.to, view.rows));
      if (this.view !== view) return;
      this.pages.put(from, rows, changes === this.changes);
      this.brought++;
    } catch (error) {
      // A view that was closed meanwhile is no fault: the next one is on its way.
      if (this.view === view) this.notices.fault(error);
    }
  }
}
