/** How the user has arranged the columns of one table. */
import {
  arranged,
  arrangement,
  bounded,
  isSeen,
  leastRoom,
  moved,
  tracks,
  type ColumnSet,
  type Placed,
  type Shape,
} from '../lib/columns';

export class Arrangement<Column extends string> {
  columns = $state.raw<readonly Placed<Column>[]>([]);

  constructor(
    readonly set: ColumnSet<Column>,
    /** Keeps it for the next start. */
    readonly keep: () => void,
  ) {
    this.columns = arranged(set);
  }

  /** Whether the columns are as they come. */
  get usual(): boolean {
    return JSON.stringify(this.columns) === JSON.stringify(arranged(this.set));
  }

  /** Takes what was kept. */
  take(kept: unknown): void {
    this.columns = arrangement(this.set, kept);
  }

  shape(column: Column): Shape {
    return this.set.shapes[column];
  }

  /** The columns that are seen in a table of this width. */
  seen(room: number): Placed<Column>[] {
    return this.columns.filter((column) => isSeen(this.set, column, room));
  }

  tracks(columns: readonly Placed<Column>[]): string {
    return tracks(this.set, columns);
  }

  leastRoom(columns: readonly Placed<Column>[]): number {
    return leastRoom(this.set, columns);
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
    this.columns = arranged(this.set);
    this.keep();
  }

  private change(column: Column, change: Partial<Placed<Column>>): void {
    this.columns = this.columns.map((one) => (one.column === column ? { ...one, ...change } : one));
  }
}
