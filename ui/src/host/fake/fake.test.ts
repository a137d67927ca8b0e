import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EventDto, FilterDto } from '../../bindings';
import { NO_FILTER } from '../../state/view.svelte';
import { fakeHost, worldOf } from '.';

const filter = (change: Partial<FilterDto>): FilterDto => ({ ...NO_FILTER, ...change });

afterEach(() => {
  vi.useRealTimers();
});

describe('the simulated pool', () => {
  it('is the same for the same seed', async () => {
    const first = fakeHost({ rows: 300, seed: 4 });
    const second = fakeHost({ rows: 300, seed: 4 });
    const [left, right] = await Promise.all(
      [first, second].map(async (host) => {
        const { view } = await host.openView(NO_FILTER, []);
        return (await host.viewRows(view, 0, 300)).rows.map(({ proxy, status, score }) => ({
          proxy,
          status,
          score,
        }));
      }),
    );
    expect(left).toEqual(right);
    expect(new Set(left?.map(({ proxy }) => proxy)).size, 'and no two rows are the same').toBeGreaterThan(
      290,
    );
  });

  it('filters by every kind, joined by and', async () => {
    const host = fakeHost({ rows: 5000 });
    const wanted = filter({
      status: ['active'],
      protocol: ['socks5'],
      anonymity: ['elite'],
      max_latency_ms: 500,
      min_score: 0.8,
    });
    const { view, rows } = await host.openView(wanted, []);
    expect(rows).toBeGreaterThan(10);
    for (const row of (await host.viewRows(view, 0, rows)).rows) {
      expect(row.status).toBe('active');
      expect(row.protocols).toContain('socks5');
      expect(row.anonymity).toBe('elite');
      expect(row.latency_ms).toBeLessThanOrEqual(500);
      expect(row.score).toBeGreaterThanOrEqual(0.8);
    }
  });

  it('filters and counts by the country of the exit', async () => {
    const host = fakeHost({ rows: 5000 });
    const open = await host.openView(NO_FILTER, []);
    const counts = open.country.map(({ count }) => count);
    expect(counts, 'the most frequent first').toEqual([...counts].sort((a, b) => b - a));
    for (const code of ['TW', 'tw']) {
      const { view, rows } = await host.openView(filter({ country: [code] }), []);
      expect(rows).toBe(open.country.find(({ value }) => value === 'TW')?.count);
      for (const row of (await host.viewRows(view, 0, rows)).rows) expect(row.country).toBe('TW');
    }
    const none = await host.openView(filter({ country: ['AQ'] }), []);
    expect(none.rows).toBe(0);
    expect(none.country, 'what is chosen stays in sight').toContainEqual({ value: 'AQ', count: 0 });
  });

  it('counts a value as if it alone were chosen', async () => {
    const host = fakeHost({ rows: 5000 });
    const opened = await host.openView(filter({ status: ['active'] }), []);
    for (const { value, count } of opened.status) {
      const alone = await host.openView(filter({ status: [value as 'active'] }), []);
      expect(alone.rows, value).toBe(count);
    }
  });

  it('orders by several columns, and what has no value comes last both ways', async () => {
    const host = fakeHost({ rows: 2000 });
    for (const descending of [false, true]) {
      const { view, rows } = await host.openView(NO_FILTER, [{ column: 'latency', descending }]);
      const latencies = (await host.viewRows(view, 0, rows)).rows.map((row) => row.latency_ms);
      const some = latencies.filter((ms) => ms !== null);
      expect(latencies.slice(0, some.length), 'the nulls are at the end').toEqual(some);
      expect(some).toEqual([...some].sort((a, b) => (descending ? b - a : a - b)));
    }
  });

  it('opens a million rows and reaches the last of them', async () => {
    const host = fakeHost({ rows: 1_000_000 });
    const { view, rows } = await host.openView(NO_FILTER, []);
    expect(rows).toBe(1_000_000);
    expect((await host.viewRows(view, 999_990, 1_000_000)).rows.at(-1)?.id).toBe(1_000_000);
  }, 20_000);
});

describe('a simulated check', () => {
  it('tells of its progress, changes rows in place and ends', async () => {
    vi.useFakeTimers();
    const host = fakeHost({ rows: 400, unchecked: 1, speed: 1000 });
    const { view } = await host.openView(NO_FILTER, []);
    const events: EventDto[] = [];
    await host.onEvent((event) => events.push(event));
    await host.checkStart({ kind: 'filter', filter: NO_FILTER, fresh: true });
    vi.advanceTimersByTime(200);
    const { rows } = await host.viewRows(view, 0, 400);
    expect(
      rows.some((row) => row.checking),
      'some are in flight',
    ).toBe(true);
    expect(
      rows.map((row) => row.id),
      'no row has moved',
    ).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
    vi.advanceTimersByTime(2000);
    const ended = events.at(-1);
    expect(ended).toMatchObject({ event: 'ended', status: 'succeeded', result: { checked: 400 } });
    expect(events.some((event) => event.event === 'progress' && event.done > 0 && event.done < 400)).toBe(
      true,
    );
  });

  it('stops at once and keeps what was finished', async () => {
    vi.useFakeTimers();
    const host = fakeHost({ rows: 400, unchecked: 1, speed: 1000 });
    const events: EventDto[] = [];
    await host.onEvent((event) => events.push(event));
    await host.checkStart({ kind: 'filter', filter: NO_FILTER, fresh: true });
    vi.advanceTimersByTime(200);
    await host.checkStop();
    expect(events.at(-1)).toMatchObject({ event: 'ended', status: 'cancelled' });
    const opened = await host.openView(filter({ status: ['new'] }), []);
    expect(opened.rows).toBeLessThan(400);
    const { rows } = await host.viewRows(opened.view, 0, opened.rows);
    expect(
      rows.some((row) => row.checking),
      'nothing is in flight any more',
    ).toBe(false);
  });

  it('is refused while another runs', async () => {
    vi.useFakeTimers();
    const host = fakeHost({ rows: 400 });
    await host.checkStart({ kind: 'ids', ids: [1, 2, 3] });
    await expect(host.checkStart({ kind: 'ids', ids: [4] })).rejects.toMatchObject({ code: 'busy' });
    await host.checkStop();
  });
});

it('an import is counted before it is taken', async () => {
  const host = fakeHost({ rows: 10 });
  const known = (await host.proxyDetail(1)).row.proxy;
  const preview = await host.importText(
    `${known}\n8.8.8.8:80\n8.8.8.8:80\r\n# a comment\n1.2.3.4:0\nhello\n01.2.3.4:80`,
  );
  expect(preview).toMatchObject({ read: 7, accepted: 2, new: 1, known: 1, duplicates: 1 });
  expect(preview.refused_lines).toEqual([
    { line: 5, text: '1.2.3.4:0', reason: 'bad_port' },
    { line: 6, text: 'hello', reason: 'syntax' },
    { line: 7, text: '01.2.3.4:80', reason: 'leading_zero' },
  ]);
  expect((await host.openView(NO_FILTER, [])).rows, 'nothing is kept yet').toBe(10);
  await host.importCommit(preview.import);
  expect((await host.openView(NO_FILTER, [])).rows).toBe(11);
});

it('an address tells the world that is wanted', () => {
  const world = worldOf(new URLSearchParams('rows=7&theme=dark&lang=zh-TW&fail=exportSave:io&speed=-3'));
  expect(world).toMatchObject({
    rows: 7,
    failing: { exportSave: 'io' },
    settings: { theme: 'dark', language: 'zh-TW' },
  });
  expect(world.speed, 'nonsense is as if it were not there').toBe(1842);
});
