/** How the user has arranged the window. Unlike a setting it says nothing about checking, and is kept by the surface. */
import type { SortKeyDto } from '../bindings';
import type { Host } from '../host';
import { isColumn, PROXY_COLUMNS, type ColumnSet } from '../lib/columns';
import { SOURCE_COLUMNS, SOURCE_KINDS, type SourceChoice, type SourceSort } from '../lib/sources';
import { Arrangement } from './arrangement.svelte';
import type { Notices } from './notices.svelte';

export type Density = 'usual' | 'compact';

/** The height of a row in px. */
const ROW_HEIGHTS: Record<Density, number> = { usual: 32, compact: 26 };

export class Preferences {
  density = $state<Density>('usual');
  readonly proxies = new Arrangement(PROXY_COLUMNS, () => {
    this.keep();
  });
  readonly sources = new Arrangement(SOURCE_COLUMNS, () => {
    this.keep();
  });
  /** The order of the proxies; null as it comes. */
  private sort: readonly SortKeyDto[] | null = null;
  /** The order of the sources and which of them are looked at; null as it comes. */
  private sourceSort: SourceSort | null = null;
  private sourceChoice: SourceChoice | null = null;

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
  ) {}

  get rowHeight(): number {
    return ROW_HEIGHTS[this.density];
  }

  /** Reads what was kept, and hands on how the tables were ordered. */
  async load(
    order: (sort: SortKeyDto[]) => void,
    orderSources: (sort: SourceSort | null, choice: SourceChoice | null) => void,
  ): Promise<void> {
    const kept = partsOf(await this.host.preferencesGet());
    const sources = partsOf(kept['sources']);
    this.density = kept['density'] === 'compact' ? 'compact' : 'usual';
    this.proxies.take(kept['columns']);
    this.sources.take(sources['columns']);
    this.sort = sortsOf(PROXY_COLUMNS, kept['sort']);
    this.sourceSort = sortsOf(SOURCE_COLUMNS, [sources['sort']])?.[0] ?? null;
    this.sourceChoice = SOURCE_KINDS.find((kind) => kind === sources['choice']) ?? null;
    if (this.sort) order([...this.sort]);
    orderSources(this.sourceSort, this.sourceChoice);
  }

  setDensity(density: Density): void {
    this.density = density;
    this.keep();
  }

  /** Takes note of how the proxies are ordered now. */
  sorted(sort: readonly SortKeyDto[]): void {
    this.sort = sort;
    this.keep();
  }

  /** Takes note of how the sources are ordered now, and of which are looked at. */
  sortedSources(sort: SourceSort, choice: SourceChoice): void {
    this.sourceSort = sort;
    this.sourceChoice = choice;
    this.keep();
  }

  private keep(): void {
    const { density, proxies, sort } = this;
    const sources = { columns: this.sources.columns, sort: this.sourceSort, choice: this.sourceChoice };
    this.host.preferencesSet({ density, columns: proxies.columns, sort, sources }).catch((error: unknown) => {
      this.notices.fault(error);
    });
  }
}

function partsOf(kept: unknown): Record<string, unknown> {
  return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {};
}

/** The keys of an order that make sense; null where there is none. */
function sortsOf<Column extends string>(
  set: ColumnSet<Column>,
  kept: unknown,
): { column: Column; descending: boolean }[] | null {
  const keys = (Array.isArray(kept) ? (kept as unknown[]) : []).map(partsOf).flatMap((key) => {
    const { column, descending } = key;
    return isColumn(set, column) && typeof descending === 'boolean' ? [{ column, descending }] : [];
  });
  return keys.length > 0 ? keys : null;
}
