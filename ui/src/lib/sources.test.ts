import { describe, expect, it } from 'vitest';
import type { SourceDto, VisitDto } from '../bindings';
import { fakeHost } from '../host/fake';
import {
  BY_YIELD,
  came,
  chosen,
  failures,
  firstSort,
  looksWhole,
  mentions,
  SOURCE_COLUMNS,
  sorted,
  workingShare,
  type SourceColumn,
} from './sources';
import { arranged, isSeen, leastRoom, type Placed } from './columns';

const all = await fakeHost({ rows: 3000 }).sources();
const [first] = all;
if (!first?.last_visit) throw new Error('the simulated host has no source that was visited');
const { last_visit } = first;
const source = (change: Partial<SourceDto>): SourceDto => ({ ...first, ...change });
const visit = (change: Partial<VisitDto>): VisitDto => ({ ...last_visit, ...change });

describe('the order of sources', () => {
  it('is by what works, then by what only one has', () => {
    const order = sorted(
      [
        source({ id: 1, working: 5, only_here: 0 }),
        source({ id: 2, working: 9, only_here: 1 }),
        source({ id: 3, working: 9, only_here: 4 }),
      ],
      BY_YIELD,
      'en',
    );
    expect(order.map(({ id }) => id)).toEqual([3, 2, 1]);
  });

  it('has what has no value at the end, both ways', () => {
    const some = [
      source({ id: 1, next_visit: null }),
      source({ id: 2, next_visit: 20 }),
      source({ id: 3, next_visit: 10 }),
    ];
    const ids = (descending: boolean): number[] =>
      sorted(some, { column: 'next_visit', descending }, 'en').map(({ id }) => id);
    expect(ids(false)).toEqual([3, 2, 1]);
    expect(ids(true)).toEqual([2, 3, 1]);
  });

  it('counts numbers in names as numbers', () => {
    const some = ['list 10', 'list 9', 'Archive'].map((name, id) => source({ id, name }));
    expect(sorted(some, { column: 'name', descending: false }, 'en').map(({ name }) => name)).toEqual([
      'Archive',
      'list 9',
      'list 10',
    ]);
  });

  it('can be by every column, each way', () => {
    for (const { column } of arranged(SOURCE_COLUMNS)) {
      const up = sorted(all, { column, descending: false }, 'en');
      expect(new Set(up.map(({ id }) => id)).size, column).toBe(all.length);
    }
    expect(firstSort('came'), 'the most on top').toEqual({ column: 'came', descending: true });
    expect(firstSort('next_visit'), 'the next one on top').toEqual({
      column: 'next_visit',
      descending: false,
    });
  });
});

describe('what is looked at', () => {
  it('is told apart by switch, pause and outcome', () => {
    const off = source({ enabled: false, paused: null });
    const paused = source({ enabled: true, paused: 'nothing_works' });
    expect([chosen(off, 'off'), chosen(off, 'on')]).toEqual([true, false]);
    expect([chosen(paused, 'paused'), chosen(paused, 'on')], 'nobody visits a paused one').toEqual([
      true,
      false,
    ]);
    for (const outcome of ['failed', 'wrong_page', 'empty'] as const)
      expect(chosen(source({ last_visit: visit({ outcome }) }), 'failing'), outcome).toBe(true);
    for (const outcome of ['changed', 'unchanged', 'not_modified'] as const)
      expect(chosen(source({ last_visit: visit({ outcome }) }), 'failing'), outcome).toBe(false);
    expect(chosen(source({ last_visit: null }), 'failing'), 'it was never tried').toBe(false);
  });

  it('is found by every word in its name or address', () => {
    const one = source({ name: 'Alder/http', address: 'https://lists.example.net/alder' });
    expect(mentions(one, 'alder LISTS')).toBe(true);
    expect(mentions(one, 'alder dune')).toBe(false);
    expect(mentions(one, ' '), 'nothing asks for nothing').toBe(true);
  });

  it('counts as failed in a run what it counts as failing in the list', () => {
    expect(failures({ changed: 40, failed: 2, wrong_page: 1, empty: 1, not_modified: 9 })).toBe(4);
    expect(failures({})).toBe(0);
  });
});

it('what did not come is not told as nothing', () => {
  expect(came(source({ last_visit: visit({ accepted: 0, outcome: 'not_modified' }) }))).toBeNull();
  expect(came(source({ last_visit: visit({ accepted: 0, outcome: 'failed' }) }))).toBeNull();
  expect(came(source({ last_visit: visit({ accepted: 12, outcome: 'unchanged' }) }))).toBe(12);
  expect(workingShare({ working: 0, checked: 0 }), 'and nobody knows what was not checked').toBeNull();
  expect(workingShare({ working: 1, checked: 4 })).toBe(0.25);
});

it('the columns of a narrow table fit into it', () => {
  const seen = (room: number): Placed<SourceColumn>[] =>
    arranged(SOURCE_COLUMNS).filter((column) => isSeen(SOURCE_COLUMNS, column, room));
  for (let room = 610; room < 1400; room++)
    expect(leastRoom(SOURCE_COLUMNS, seen(room)), `${room} px`).toBeLessThanOrEqual(room);
  expect(seen(620).map(({ column }) => column)).toEqual(['enabled', 'name', 'last_visit', 'new', 'works']);
  expect(seen(1160)).toEqual(arranged(SOURCE_COLUMNS));
});

it('an address is tried by itself only when it looks whole', () => {
  for (const whole of [
    'https://lists.example.net/http.txt',
    ' http://203.0.113.7:8000/list ',
    'https://www.example.com/free/{page}',
    'http://localhost:8080/a',
    'http://[2001:db8::1]/a',
    '/home/you/list.txt',
    'C:\\lists\\a.txt',
  ])
    expect(looksWhole(whole), whole).toBe(true);
  for (const half of [
    '',
    'h',
    'https://',
    'https://raw',
    'https://raw.',
    'lists.example.net/a',
    'ftp://a.example/',
  ])
    expect(looksWhole(half), half).toBe(false);
});
