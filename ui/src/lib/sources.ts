/** Which sources are shown and in which order; what of a record means that one brings nothing. */
import type { SourceDto, SourceEditDto, VisitDto, VisitOutcomeDto } from '../bindings';
import type { ColumnSet } from './columns';

export type SourceColumn =
  | 'enabled'
  | 'name'
  | 'kind'
  | 'last_visit'
  | 'came'
  | 'new'
  | 'works'
  | 'only_here'
  | 'fresh'
  | 'next_visit';

export const SOURCE_COLUMNS: ColumnSet<SourceColumn> = {
  always: 'name',
  shapes: {
    enabled: { least: 52, share: 0 },
    name: { least: 210, share: 2.6 },
    kind: { least: 84, share: 0.2, from: 852 },
    last_visit: { least: 172, share: 2.3 },
    came: { least: 72, share: 0.3, right: true, from: 680 },
    new: { least: 66, share: 0.3, right: true },
    works: { least: 108, share: 0.4, right: true },
    only_here: { least: 88, share: 0.3, right: true, from: 768 },
    fresh: { least: 92, share: 0.2, from: 1068 },
    next_visit: { least: 124, share: 0.4, right: true, from: 976 },
  },
};

/** Which of the sources are looked at. */
export const SOURCE_KINDS = ['all', 'on', 'off', 'paused', 'failing', 'built_in', 'own'] as const;
export type SourceChoice = (typeof SOURCE_KINDS)[number];

export interface SourceSort {
  column: SourceColumn;
  descending: boolean;
}

/** By what is gained from a source: what works, then what it alone has. */
export const BY_YIELD: SourceSort = { column: 'works', descending: true };

/** Columns that are first ordered from the smallest on, since that is what one looks for. */
const SMALLEST_FIRST: readonly SourceColumn[] = ['name', 'kind', 'next_visit'];

export function firstSort(column: SourceColumn): SourceSort {
  return { column, descending: !SMALLEST_FIRST.includes(column) };
}

const FAILING: readonly VisitOutcomeDto[] = ['failed', 'wrong_page', 'empty'];

/** Whether nothing usable came of a visit. */
export function failed({ outcome }: Pick<VisitDto, 'outcome'>): boolean {
  return FAILING.includes(outcome);
}

/** How many of all visits, counted by their outcome, brought nothing usable. */
export function failures(outcomes: Readonly<Record<string, number>>): number {
  return FAILING.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0);
}

/** Whether anybody can visit it. */
export function visitable({ kind }: Pick<SourceDto, 'kind'>): boolean {
  return kind !== 'text';
}

export function chosen(source: SourceDto, choice: SourceChoice): boolean {
  switch (choice) {
    case 'all':
      return true;
    case 'on':
      return source.enabled && source.paused === null;
    case 'off':
      return !source.enabled;
    case 'paused':
      return source.enabled && source.paused !== null;
    case 'failing':
      return source.last_visit !== null && failed(source.last_visit);
    case 'built_in':
      return source.built_in;
    case 'own':
      return !source.built_in;
  }
}

/** Whether every word stands in its name or its address. */
export function mentions({ name, address }: SourceDto, text: string): boolean {
  const within = `${name} ${address}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => within.includes(word));
}

/** What came at the last visit; none where it was not sent, and none was missed. */
export function came({ last_visit }: SourceDto): number | null {
  if (!last_visit || (last_visit.accepted === 0 && last_visit.outcome !== 'changed')) return null;
  return last_visit.accepted;
}

/** The share of what was checked that works, 0 to 1. */
export function workingShare({ working, checked }: Pick<SourceDto, 'working' | 'checked'>): number | null {
  return checked > 0 ? working / checked : null;
}

function value(source: SourceDto, column: SourceColumn): number | string | null {
  switch (column) {
    case 'enabled':
      return !visitable(source) ? 0 : source.enabled ? (source.paused === null ? 3 : 2) : 1;
    case 'name':
      return source.name;
    case 'kind':
      return `${source.kind === 'web' ? '' : source.kind} ${source.protocol ?? '~'}`;
    case 'last_visit':
      return source.last_visit?.at ?? null;
    case 'came':
      return came(source);
    case 'new':
      return source.last_visit?.new ?? null;
    case 'works':
      return source.working;
    case 'only_here':
      return source.only_here;
    case 'fresh':
      return source.fresh.reduce((sum, count) => sum + count, 0);
    case 'next_visit':
      return source.next_visit;
  }
}

function compared(left: number | string, right: number | string, locale: string): number {
  return typeof left === 'number' && typeof right === 'number'
    ? left - right
    : String(left).localeCompare(String(right), locale, { numeric: true });
}

/** Orders sources. What has no value comes last both ways; equals stand by their yield. */
export function sorted(sources: readonly SourceDto[], sort: SourceSort, locale: string): SourceDto[] {
  const keyed = sources.map((source) => ({ source, key: value(source, sort.column) }));
  keyed.sort((a, b) => {
    if (a.key !== b.key) {
      if (a.key === null) return 1;
      if (b.key === null) return -1;
      const order = compared(a.key, b.key, locale);
      if (order !== 0) return sort.descending ? -order : order;
    }
    return (
      b.source.working - a.source.working ||
      b.source.only_here - a.source.only_here ||
      a.source.id - b.source.id
    );
  });
  return keyed.map(({ source }) => source);
}

/** What a new source is until somebody says otherwise. */
export const NEW_SOURCE: SourceEditDto = {
  name: '',
  address: '',
  protocol: null,
  parser: { format: null, charset: '', json_path: '', row: '', host: '', port: '' },
  interval_minutes: 60,
  priority: 50,
  enabled: true,
};

/** Whether an address looks as if it had been typed to its end, so that nobody is asked for half of one. */
export function looksWhole(address: string): boolean {
  const text = address.trim();
  if (/^(?:\/|[a-z]:[\\/]|\\\\)./i.test(text)) return true;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return /\.[a-z0-9-]{2,}$|^\[.+\]$|^localhost$/i.test(hostname) || /^[\d.]{7,}$/.test(hostname);
}
