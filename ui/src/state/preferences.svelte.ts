/** How the user has arranged the window. Unlike a setting it says nothing about checking, and is kept by the surface. */
import type { Host } from '../host';
import { ARRANGED, arrangement, bounded, moved, type Column, type Placed } from '../lib/columns';
import type { Notices } from './notices.svelte';

export type Density = 'usual' | 'compact';

/** The height of a row in px. */
const ROW_HEIGHTS: Record<Density, number> = { usual: 32, compact: 26 };

export class Preferences {
  density = $state<Density>('usual');
  columns = $state.raw<readonly Placed[]>(ARRANGED);

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
  ) {}

  get rowHeight(): number {
    return ROW_HEIGHTS[this.density];
  }

  /** Whether the columns are as they come. */
  get usual(): boolean {
    return JSON.stringify(this.columns) === JSON.stringify(ARRANGED);
  }

  async load(): Promise<void> {
    const kept = ((await this.host.preferencesGet()) ?? {}) as Record<string, unknown>;
    this.density = kept['density'] === 'compact' ? 'compact' : 'usual';
    this.columns = arrangement(kept['columns']);
  }

  setDensity(density: Density): void {
    this.density = density;
    this.keep();
  }

  show(column: Column, shown: boolean): void {
    this.change(column, { shown });
    this.keep();
  }

  /** Gives a column a width; null lets it have what comes. What the mouse does is kept when it lets go. */
  size(column: Column, width: number | null): void {
    this.change(column, { width: width === null ? null : bounded(width) });
  }

  move(column: Column, before: Column | null): void {
    this.columns = moved(this.columns, column, before);
    this.keep();
  }

  reset(): void {
    this.columns = ARRANGED;
    this.keep();
  }

  keep(): void {
    const { density, columns } = this;
    this.host.preferencesSet({ density, columns }).catch((error: unknown) => {
      this.notices.fault(error);
    });
  }

  private change(column: Column, change: Partial<Placed>): void {
    this.columns = this.columns.map((one) => (one.column === column ? { ...one, ...change } : one));
  }
}
