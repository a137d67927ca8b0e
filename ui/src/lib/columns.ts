/** The columns of a table: which there are, how wide they are by themselves, and how the user has arranged them. */
import type { SortColumnDto } from '../bindings';

export interface Shape {
  /** No narrower than this, in px, until the user says so. */
  least: number;
  /** How much of the spare room it gets, beside the others; 0 for one that is never wider. */
  share: number;
  /** A table that is narrower, in px, leaves it out until the user asks for it. */
  from?: number;
  /** What stands in it ends at the right, as numbers do. */
  right?: true;
}

/** The columns that a table has. */
export interface ColumnSet<Column extends string> {
  /** In the order in which they stand until the user moves one. */
  shapes: Readonly<Record<Column, Shape>>;
  /** Without it nobody knows what a row is about. */
  always: Column;
}

/** What the table of proxies can show in a column. The other orders have none of their own. */
export type ProxyColumn = Exclude<SortColumnDto, 'reason' | 'asn' | 'last_success' | 'first_seen'>;

export const PROXY_COLUMNS: ColumnSet<ProxyColumn> = {
  always: 'proxy',
  shapes: {
    proxy: { least: 180, share: 1.9 },
    status: { least: 82, share: 0.8, from: 1140 },
    protocols: { least: 130, share: 1.5 },
    country: { least: 86, share: 1.1 },
    anonymity: { least: 88, share: 1 },
    latency: { least: 100, share: 1.1, right: true },
    exit: { least: 124, share: 1.2, from: 980 },
    success_rate: { least: 88, share: 0.9 },
    score: { least: 76, share: 0.6, right: true },
    last_checked: { least: 70, share: 0.7, right: true },
  },
};

/** Narrower than this nothing can be read, and the edge cannot be caught again. */
export const MIN_WIDTH = 56;
/** Wider than this the next column is out of sight. */
export const MAX_WIDTH = 600;

/** A column as the user wants it. */
export interface Placed<Column extends string> {
  column: Column;
  /** In px; null as it comes. */
  width: number | null;
  /** null as there is room. */
  shown: boolean | null;
}

/** The columns as they come. */
export function arranged<Column extends string>({ shapes }: ColumnSet<Column>): Placed<Column>[] {
  return (Object.keys(shapes) as Column[]).map((column) => ({ column, width: null, shown: null }));
}

/** Reads what was kept. What makes no sense is left out, and a column that is newer than it stands at the end. */
export function arrangement<Column extends string>(set: ColumnSet<Column>, kept: unknown): Placed<Column>[] {
  const found = new Map<Column, Placed<Column>>();
  for (const one of Array.isArray(kept) ? (kept as unknown[]) : []) {
    const { column, width, shown } = (one ?? {}) as Record<string, unknown>;
    if (!isColumn(set, column)) continue;
    found.set(column, {
      column,
      width: typeof width === 'number' && width > 0 ? bounded(width) : null,
      shown: typeof shown === 'boolean' && column !== set.always ? shown : null,
    });
  }
  return [...found.values(), ...arranged(set).filter(({ column }) => !found.has(column))];
}

/** Whether a table has such a column. */
export function isColumn<Column extends string>(
  { shapes }: ColumnSet<Column>,
  name: unknown,
): name is Column {
  return typeof name === 'string' && Object.hasOwn(shapes, name);
}

export function bounded(width: number): number {
  return Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)));
}

/** Whether a column is seen in a table of this width. */
export function isSeen<Column extends string>(
  { shapes }: ColumnSet<Column>,
  { column, shown }: Placed<Column>,
  room: number,
): boolean {
  return shown ?? room >= (shapes[column].from ?? 0);
}

/** The columns as a grid has them. */
export function tracks<Column extends string>(
  { shapes }: ColumnSet<Column>,
  columns: readonly Placed<Column>[],
): string {
  const track = ({ column, width }: Placed<Column>): string => {
    const { least, share } = shapes[column];
    if (width !== null) return `${width}px`;
    return share === 0 ? `${least}px` : `minmax(${least}px, ${share}fr)`;
  };
  return columns.map(track).join(' ');
}

/** The least room that they all need. */
export function leastRoom<Column extends string>(
  { shapes }: ColumnSet<Column>,
  columns: readonly Placed<Column>[],
): number {
  return columns.reduce((sum, { column, width }) => sum + (width ?? shapes[column].least), 0);
}

/** Puts a column before another one, or at the end. */
export function moved<Column extends string>(
  columns: readonly Placed<Column>[],
  column: Column,
  before: Column | null,
): Placed<Column>[] {
  const rest = columns.filter((one) => one.column !== column);
  const taken = columns.find((one) => one.column === column);
  const place = rest.findIndex((one) => one.column === before);
  if (!taken || before === column) return [...columns];
  return place < 0 ? [...rest, taken] : [...rest.slice(0, place), taken, ...rest.slice(place)];
}
