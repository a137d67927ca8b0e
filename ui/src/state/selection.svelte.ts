/**
 * Which rows are chosen: some by their numbers, or all of a view but some. Where the keyboard stands is a place in the
 * view, not a row: it stays put while rows change beneath it.
 */
import type { RowDto, WhichDto } from '../bindings';
import type { PoolView } from './view.svelte';
import { MAX_GATHERED } from './view.svelte';

/** How a row was pointed at: alone, added or taken away, or as the end of a range. */
export type Way = 'only' | 'toggle' | 'range';

const NOTHING: ReadonlyMap<number, string> = new Map();
const NOBODY: ReadonlySet<number> = new Set();

export class Selection {
  /** Whether it is all of the view, `exceptions` aside; else it is `ids`. */
  all = $state(false);
  /** The place of the keyboard in the view; -1 before it was used. */
  cursor = $state(-1);
  /** The numbers of the chosen rows, each with its address, so that copying asks nobody. */
  private ids = $state.raw<ReadonlyMap<number, string>>(NOTHING);
  private exceptions = $state.raw<ReadonlySet<number>>(NOBODY);
  private anchor = 0;

  constructor(private readonly view: PoolView) {
    view.pin(
      () => this.cursor,
      (place) => {
        this.cursor = place;
        this.anchor = Math.max(0, place);
      },
    );
  }

  get count(): number {
    return this.all ? Math.max(0, (this.view.view?.rows ?? 0) - this.exceptions.size) : this.ids.size;
  }

  /** Whether it is all of the view without an exception, which a filter says as well. */
  get whole(): boolean {
    return this.all && this.exceptions.size === 0;
  }

  /** What a change of all that is chosen is about; null where nothing is. */
  get which(): WhichDto | null {
    const view = this.view.view;
    if (this.count === 0 || !view) return null;
    return this.all
      ? { kind: 'view', view: view.view, except: [...this.exceptions] }
      : { kind: 'ids', ids: [...this.ids.keys()] };
  }

  /** Takes note that proxies are there no more. */
  forget(which: WhichDto): void {
    if (which.kind !== 'ids') {
      this.clear();
      return;
    }
    const gone = new Set(which.ids);
    this.ids = new Map([...this.ids].filter(([id]) => !gone.has(id)));
    this.exceptions = new Set([...this.exceptions].filter((id) => !gone.has(id)));
  }

  has(id: number): boolean {
    return this.all ? !this.exceptions.has(id) : this.ids.has(id);
  }

  clear(): void {
    this.all = false;
    this.ids = NOTHING;
    this.exceptions = NOBODY;
  }

  selectAll(): void {
    this.clear();
    this.all = true;
  }

  /** Points at a place. Answers false when a range is too long to be gathered. */
  async point(place: number, way: Way): Promise<boolean> {
    this.cursor = place;
    if (way === 'range') return this.range(place);
    this.anchor = place;
    const row = this.view.row(place);
    if (!row) return true;
    if (way === 'toggle') this.toggle(row);
    else {
      this.clear();
      this.ids = new Map([[row.id, row.proxy]]);
    }
    return true;
  }

  /** Moves the keyboard without choosing anything. */
  move(place: number): void {
    this.cursor = place;
  }

  /** The numbers of all that is chosen; null when there are too many. */
  async gatherIds(): Promise<number[] | null> {
    return (await this.gather())?.map(([id]) => id) ?? null;
  }

  /** The addresses of all that is chosen; null when there are too many. */
  async gatherAddresses(): Promise<string[] | null> {
    return (await this.gather())?.map(([, proxy]) => proxy) ?? null;
  }

  private async gather(): Promise<[number, string][] | null> {
    if (!this.all) return [...this.ids];
    if (this.count > MAX_GATHERED) return null;
    const found: [number, string][] = [];
    await this.view.gather(0, this.view.view?.rows ?? 0, (rows) => {
      for (const { id, proxy } of rows) if (this.has(id)) found.push([id, proxy]);
    });
    return found;
  }

  private toggle({ id, proxy }: RowDto): void {
    if (this.all) {
      const exceptions = new Set(this.exceptions);
      if (!exceptions.delete(id)) exceptions.add(id);
      this.exceptions = exceptions;
      return;
    }
    const ids = new Map(this.ids);
    if (!ids.delete(id)) ids.set(id, proxy);
    this.ids = ids;
  }

  private async range(place: number): Promise<boolean> {
    const from = Math.min(this.anchor, place);
    const to = Math.max(this.anchor, place) + 1;
    if (to - from > MAX_GATHERED) return false;
    const ids = new Map<number, string>();
    let whole = true;
    for (let at = from; at < to && whole; at++) {
      const row = this.view.row(at);
      if (row) ids.set(row.id, row.proxy);
      else whole = false;
    }
    if (!whole) {
      await this.view.gather(from, to, (rows) => {
        for (const { id, proxy } of rows) ids.set(id, proxy);
      });
    }
    // The keyboard may have moved on while rows were gathered.
    if (this.cursor !== place) return true;
    this.clear();
    this.ids = ids;
    return true;
  }
}
