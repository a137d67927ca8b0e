import { describe, expect, it } from 'vitest';
import { fakeHost } from '../host/fake';
import type { RowDto } from '../bindings';
import { PAGE_ROWS, PageCache } from './pages';

const host = fakeHost({ rows: 10_000 });
const { view } = await host.openView(
  {
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
  },
  [],
);
const rows = async (from: number, to: number): Promise<RowDto[]> =>
  (await host.viewRows(view, from, to)).rows;

describe('the rows that are kept', () => {
  it('asks for whole pages, and for missing ones only', async () => {
    const pages = new PageCache();
    expect(pages.missing({ from: 70, to: 130 })).toEqual({ from: 64, to: 192 });
    pages.put(64, await rows(64, 128), true);
    expect(pages.missing({ from: 70, to: 128 }), 'that page is there').toBeNull();
    expect(pages.missing({ from: 70, to: 130 })).toEqual({ from: 128, to: 192 });
    expect(pages.get(70)?.id).toBe(71);
    expect(pages.get(63)).toBeUndefined();
  });

  it('shows old rows until new ones came', async () => {
    const pages = new PageCache();
    pages.put(0, await rows(0, 64), true);
    pages.expire();
    expect(pages.get(3)?.id, 'nothing goes blank').toBe(4);
    expect(pages.missing({ from: 0, to: 10 })).toEqual({ from: 0, to: PAGE_ROWS });
  });

  it('asks again for what was overtaken by a change', async () => {
    const pages = new PageCache();
    pages.put(0, await rows(0, 64), false);
    expect(pages.get(3)?.id).toBe(4);
    expect(pages.missing({ from: 0, to: 10 })).toEqual({ from: 0, to: PAGE_ROWS });
  });

  it('forgets what was not seen for long', async () => {
    const pages = new PageCache();
    for (let from = 0; from < 100 * PAGE_ROWS; from += PAGE_ROWS)
      pages.put(from, await rows(from, from + PAGE_ROWS), true);
    expect(pages.get(0), 'a hundred pages are too many').toBeUndefined();
    expect(pages.get(99 * PAGE_ROWS)?.id).toBe(99 * PAGE_ROWS + 1);
  });

  it('knows the last page, though it is short', async () => {
    const pages = new PageCache();
    pages.put(9984, await rows(9984, 10_000), true);
    expect(pages.missing({ from: 9990, to: 10_000 })).toBeNull();
  });
});
