/** The columns of the table: which there are, how wide they are by themselves, and how the user has arranged them. */
import type { SortColumnDto } from '../bindings';

/** What the table can show in a column. The other orders have none of their own. */
export type Column = Exclude<SortColumnDto, 'reason' | 'asn' | 'last_success' | 'first_seen'>;

interface Shape {
  /** No narrower than this, in px, until the user says so. */
  least: number;
  /** How much of the spare room it gets, beside the others. */
  share: number;
  /** A table that is narrower, in px, leaves it out until the user asks for it. */
  from?: number;
  /** What stands in it ends at the right, as numbers do. */
  right?: true;
}

/** In the order in which they stand until the user moves one. */
export const SHAPES: Readonly<Record<Column, Shape>> = {
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
};

/** Without it nobody knows what a row is about. */
export const ALWAYS_SHOWN: Column = 'proxy';

/** Narrower than this nothing can be read, and the edge cannot be caught again. */
export const MIN_WIDTH = 56;
/** Wider than this the next column is out of sight. */
export const MAX_WIDTH = 600;

/** A column as the user wants it. */
export interface Placed {
  column: Column;
  /** In px; null as it comes. */
  width: number | null;
  /** null as there is room. */
  shown: boolean | null;
}

export const ARRANGED: readonly Placed[] = Object.keys(SHAPES).map((column) => ({
  column: column as Column,
  width: null,
  shown: null,
}));

/** Reads what was kept. What makes no sense is left out, and a column that is newer than it stands at the end. */
export function arrangement(kept: unknown): Placed[] {
  const found = new Map<Column, Placed>();
  for (const one of Array.isArray(kept) ? (kept as unknown[]) : []) {
    const { column, width, shown } = (one ?? {}) as Record<string, unknown>;
    if (typeof column !== 'string' || !(column in SHAPES)) continue;
    found.set(column as Column, {
      column: column as Column,
      width: typeof width === 'number' && width > 0 ? bounded(width) : null,
      shown: typeof shown === 'boolean' && column !== ALWAYS_SHOWN ? shown : null,
    });
  }
  return [...found.values(), ...ARRANGED.filter(({ column }) => !found.has(column))];
}

export function bounded(width: number): number {
  return Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)));
}

/** Whether a column is seen in a table of this width. */
export function isSeen({ column, shown }: Placed, room: number): boolean {
  return shown ?? room >= (SHAPES[column].from ?? 0);
}

/** The columns as a grid has them. */
export function tracks(columns: readonly Placed[]): string {
  const track = ({ column, width }: Placed): string => {
    const { least, share } = SHAPES[column];
    return width === null ? `minmax(${least}px, ${share}fr)` : `${width}px`;
  };
  return columns.map(track).join(' ');
}

/** The least room that they all need. */
export function leastRoom(columns: readonly Placed[]): number {
  return columns.reduce((sum, { column, width }) => sum + (width ?? SHAPES[column].least), 0);
}

/** Puts a column before another one, or at the end. */
export function moved(columns: readonly Placed[], column: Column, before: Column | null): Placed[] {
  const rest = columns.filter((one) => one.column !== column);
  const taken = columns.find((one) => one.column === column);
  const place = rest.findIndex((one) => one.column === before);
  if (!taken || before === column) return [...columns];
  return place < 0 ? [...rest, taken] : [...rest.slice(0, place), taken, ...rest.slice(place)];
}
