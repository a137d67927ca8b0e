import { describe, expect, it } from 'vitest';
import { arranged, arrangement as read, isSeen, leastRoom, moved, PROXY_COLUMNS, tracks } from './columns';

const ARRANGED = arranged(PROXY_COLUMNS);
const arrangement = (kept: unknown): typeof ARRANGED => read(PROXY_COLUMNS, kept);

const names = (columns: readonly { column: string }[]): string[] => columns.map(({ column }) => column);

describe('an arrangement', () => {
  it('is the usual one where nothing sensible was kept', () => {
    for (const kept of [undefined, null, 3, 'score', {}, [], [null, 4, { column: 'nonsense' }]])
      expect(arrangement(kept)).toEqual(ARRANGED);
  });

  it('keeps order, widths and what is hidden', () => {
    const kept = [
      { column: 'score', width: 90, shown: null },
      { column: 'proxy', width: null, shown: null },
      { column: 'status', width: null, shown: true },
    ];
    expect(arrangement(structuredClone(kept)).slice(0, 3)).toEqual(kept);
    expect(names(arrangement(kept)).sort(), 'and every other column is still there').toEqual(
      names(ARRANGED).sort(),
    );
  });

  it('never loses the address, and never has a width that cannot be undone', () => {
    const [proxy, score] = arrangement([
      { column: 'proxy', width: 1e9, shown: false },
      { column: 'score', width: 1, shown: false },
      { column: 'proxy', width: 200, shown: false },
    ]);
    expect(proxy).toEqual({ column: 'proxy', width: 200, shown: null });
    expect(score).toEqual({ column: 'score', width: 56, shown: false });
  });
});

it('what has no room is left out until it is asked for', () => {
  const status = { column: 'status', width: null, shown: null } as const;
  expect(isSeen(PROXY_COLUMNS, status, 1140)).toBe(true);
  expect(isSeen(PROXY_COLUMNS, status, 1139)).toBe(false);
  expect(isSeen(PROXY_COLUMNS, { ...status, shown: true }, 300)).toBe(true);
  expect(isSeen(PROXY_COLUMNS, { ...status, shown: false }, 2000)).toBe(false);
});

it('a column is put before another one or at the end', () => {
  const usual = names(ARRANGED);
  expect(names(moved(ARRANGED, 'score', 'proxy'))).toEqual(['score', ...usual.filter((n) => n !== 'score')]);
  expect(names(moved(ARRANGED, 'proxy', null)).at(-1)).toBe('proxy');
  expect(moved(ARRANGED, 'proxy', 'proxy')).toEqual(ARRANGED);
});

it('what has a width keeps it, and the rest shares what is left', () => {
  const columns = arrangement([{ column: 'proxy', width: 240 }]).slice(0, 2);
  expect(tracks(PROXY_COLUMNS, columns)).toBe('240px minmax(82px, 0.8fr)');
  expect(leastRoom(PROXY_COLUMNS, columns)).toBe(322);
});
