import { flushSync } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CollectProgressDto, SourceDto } from '../bindings';
import { openApp, settled, type Stage } from '../testing/world';

async function opened(world = {}): Promise<Stage & { places: () => number[] }> {
  const stage = await openApp({ rows: 3000, ...world });
  await vi.waitFor(() => {
    if (!stage.app.sources.list) throw new Error('no source has been brought yet');
  });
  return { ...stage, places: () => stage.app.sources.shown.map(({ id }) => id) };
}

function progress(change: Partial<CollectProgressDto> = {}): CollectProgressDto {
  return {
    task: 4,
    status: 'running',
    done: 12,
    total: 58,
    found: 54_321,
    new: 12_345,
    bytes: 2_400_000,
    visiting: [3, 5],
    seconds: 4,
    seconds_left: 11,
    ...change,
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the list of sources', () => {
  it('stands by what works, the best first', async () => {
    const { app } = await opened();
    const working = app.sources.shown.map((source) => source.working);
    expect(working).toEqual([...working].sort((a, b) => b - a));
    expect(app.sources.shown).toHaveLength(app.sources.list?.length ?? 0);
  });

  it('keeps every row in its place while records change, and offers the new order', async () => {
    const { app, host, places } = await opened();
    const before = places();
    const last = before.at(-1) ?? 0;
    const sources = host.sources.bind(host);
    host.sources = async () =>
      (await sources()).map((source) => (source.id === last ? { ...source, working: 99_999 } : source));
    app.sources.refresh();
    await settled();
    expect(app.sources.find(last)?.working, 'the record is the new one').toBe(99_999);
    expect(places()).toEqual(before);
    expect(app.sources.stale).toBe(true);
    app.sources.arrange();
    expect(places()[0]).toBe(last);
    expect(app.sources.stale).toBe(false);
  });

  it('keeps a row in sight that no longer fits, until it is asked for anew', async () => {
    const { app, places } = await opened();
    app.sources.narrow({ choice: 'on' });
    const before = places();
    const [first] = app.sources.shown;
    if (first) await app.sources.enable([first], false);
    await settled();
    expect(places(), 'nothing goes away under the pointer').toEqual(before);
    expect(app.sources.shown[0]?.enabled).toBe(false);
    app.sources.arrange();
    expect(places()).toEqual(before.slice(1));
  });

  it('takes a new source in where it belongs, and the others stay', async () => {
    const { app, host, places } = await opened();
    const before = places();
    const added = await host.sourceAdd({
      name: 'mine',
      address: 'https://example.org/list',
      protocol: null,
      parser: { format: null, charset: '', json_path: '', row: '', host: '', port: '' },
      interval_minutes: 60,
      priority: 50,
      enabled: true,
    });
    app.sources.refresh();
    await settled();
    expect(places().filter((id) => id !== added.id)).toEqual(before);
    expect(places()).toContain(added.id);
  });

  it('is brought at most twice a second while sources are visited', async () => {
    const { app, host, tell } = await opened();
    app.screen = 'sources';
    const sources = vi.spyOn(host, 'sources');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (let turn = 0; turn < 20; turn++) {
      tell({ event: 'collecting', ...progress({ done: turn }) });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(sources.mock.calls.length).toBeGreaterThan(2);
    expect(sources.mock.calls.length, 'two seconds have passed').toBeLessThanOrEqual(4);
    app.screen = 'proxies';
    sources.mockClear();
    for (let turn = 0; turn < 20; turn++) {
      tell({ event: 'collecting', ...progress({ done: turn }) });
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(sources.mock.calls.length, 'nobody looks').toBeLessThanOrEqual(1);
  });

  it('is brought when collecting has ended, whoever looks', async () => {
    const { host, tell } = await opened();
    const sources = vi.spyOn(host, 'sources');
    tell({ event: 'collected', task: 4, status: 'succeeded', result: null, error: null });
    await settled();
    expect(sources).toHaveBeenCalled();
  });
});

describe('a switch', () => {
  it('is shown at once, before the host has answered', async () => {
    const { app, host } = await opened();
    const [first] = app.sources.shown;
    if (!first) throw new Error('there is none');
    let answer: () => void = () => undefined;
    vi.spyOn(host, 'sourcesEnable').mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const done = app.sources.enable([first], false);
    expect(app.sources.find(first.id)?.enabled).toBe(false);
    answer();
    await done;
  });

  it('goes back when the host could not do it', async () => {
    const { app, host } = await opened();
    const [first] = app.sources.shown;
    vi.spyOn(host, 'sourcesEnable').mockRejectedValue({ code: 'io', message: 'no', hint: null, params: {} });
    if (first) await app.sources.enable([first], false);
    await settled();
    expect(app.sources.shown[0]?.enabled).toBe(true);
    expect(app.notices.toasts[0]?.tone).toBe('bad');
  });

  it('sets a paused source going again', async () => {
    const { app, host } = await opened();
    app.sources.narrow({ choice: 'paused' });
    const paused = app.sources.shown[0];
    if (!paused) throw new Error('none is paused');
    expect(paused.next_visit).toBeNull();
    await app.sources.enable([paused], true);
    await settled();
    const now = (await host.sources()).find(({ id }) => id === paused.id);
    expect(now?.paused).toBeNull();
    expect(now?.next_visit).not.toBeNull();
  });

  it('has nothing to say of what nobody can visit', async () => {
    const { app, host } = await opened();
    const enable = vi.spyOn(host, 'sourcesEnable');
    const pasted = app.sources.list?.find(({ kind }) => kind === 'text');
    if (pasted) await app.sources.enable([pasted], true);
    expect(enable).not.toHaveBeenCalled();
  });
});

it('what is removed is gone at once and comes back with an undo', async () => {
  const { app, host, places } = await opened();
  const before = places();
  const gone = app.sources.shown.slice(1, 3);
  await app.sources.remove(gone);
  await settled();
  expect(places()).toEqual(before.filter((id) => !gone.some((source: SourceDto) => source.id === id)));
  const toast = app.notices.toasts[0];
  expect(toast?.title()).toBe('2 sources removed');
  toast?.remedy?.act();
  await settled();
  expect(places(), 'in their old places').toEqual(before);
  expect(await host.sources()).toHaveLength(before.length);
});

it('what was chosen is not acted on once it is out of sight', async () => {
  const { app } = await opened();
  app.sources.selectAll();
  expect(app.sources.selected.length).toBe(app.sources.shown.length);
  app.sources.narrow({ text: 'alder' });
  expect(app.sources.selected).toEqual([]);
  expect(app.sources.shown.map(({ name }) => name.split(/[/ ]/)[0])).toEqual(['alder', 'alder', 'alder']);
});

describe('collecting', () => {
  it('visits what is chosen among the sources, else all that are on', async () => {
    const { app, host } = await opened({ visits: 1 });
    const start = vi.spyOn(host, 'collectStart').mockResolvedValue(4);
    app.sources.point(0, 'only');
    app.sources.point(2, 'range');
    await app.collect();
    expect(start, 'the choice is that of another screen').toHaveBeenLastCalledWith(null);
    app.collecting.phase = 'idle';
    app.screen = 'sources';
    await app.collect();
    expect(start).toHaveBeenLastCalledWith(app.sources.shown.slice(0, 3).map(({ id }) => id));
  });

  it('marks the sources that are being visited', async () => {
    const { app, tell } = await opened();
    tell({ event: 'collecting', ...progress() });
    expect([...app.collecting.visiting]).toEqual([3, 5]);
    expect(app.collecting.share).toBeCloseTo(12 / 58);
    tell({ event: 'collected', task: 4, status: 'succeeded', result: null, error: null });
    expect(app.collecting.visiting.size).toBe(0);
    expect(app.collecting.running).toBe(false);
  });

  const ended = {
    sources: 60,
    outcomes: { changed: 40, not_modified: 18, failed: 1, wrong_page: 1 },
    found: 80_000,
    distinct: 54_321,
    new: 12_345,
    bytes: 14_000_000,
    seconds: 21,
    task: 4,
    visits: [],
  };

  it('ends with what came of it, and leads to what failed', async () => {
    const { app, tell } = await opened();
    tell({ event: 'collecting', ...progress() });
    tell({ event: 'collected', task: 4, status: 'succeeded', result: ended, error: null });
    const toast = app.notices.toasts[0];
    expect(toast?.title()).toBe('12,345 new of 54,321 from 60 sources; 2 failed.');
    expect(toast?.hint?.()).toBe('It took 21 s and 13 MB.');
    expect(toast?.tone).toBe('warn');
    toast?.remedy?.act();
    flushSync();
    expect([app.screen, app.sources.choice]).toEqual(['sources', 'failing']);
  });

  it('of which nothing failed says no more than that', async () => {
    const { app, tell } = await opened();
    const result = { ...ended, outcomes: { changed: 1 }, new: 3, distinct: 5 };
    tell({ event: 'collected', task: 4, status: 'succeeded', result, error: null });
    expect(app.notices.toasts[0]?.title()).toBe('3 new of 5 from 1 source.');
    expect(app.notices.toasts[0]?.remedy).toBeUndefined();
  });

  it('that was stopped keeps what had come', async () => {
    const { app, host } = await opened({ visits: 1 });
    await app.collecting.start(null);
    const stop = vi.spyOn(host, 'collectStop');
    await app.collecting.stop();
    await settled();
    expect(stop).toHaveBeenCalledOnce();
    expect(app.collecting.running).toBe(false);
    expect(app.notices.toasts[0]?.title()).toMatch(/^Stopped after 0 sources/);
  });

  it('that runs already is said in its own words', async () => {
    const { app } = await opened({ failing: { collectStart: 'busy' } });
    await app.collecting.start(null);
    expect(app.notices.toasts[0]?.title()).toBe('Collecting is under way already.');
    expect(app.collecting.running).toBe(false);
  });

  it('that cannot begin says in plain words why', async () => {
    const { app, host } = await opened();
    for (const [what, title] of [
      ['sources', 'There is no source to visit.'],
      ['collecting.through', 'The proxy through which sources are fetched cannot be used.'],
    ] as const) {
      vi.spyOn(host, 'collectStart').mockRejectedValueOnce({
        code: 'invalid',
        message: 'No.',
        hint: null,
        params: { what },
      });
      await app.collecting.start(null);
      expect(app.notices.toasts.at(-1)?.title()).toBe(title);
    }
  });

  it('leaves out what nobody can visit', async () => {
    const { app, host } = await opened();
    const start = vi.spyOn(host, 'collectStart').mockResolvedValue(4);
    app.screen = 'sources';
    app.sources.selectAll();
    await app.collect();
    const pasted = app.sources.list?.find(({ kind }) => kind === 'text')?.id ?? 0;
    expect(start.mock.calls[0]?.[0]).toHaveLength(app.sources.shown.length - 1);
    expect(start.mock.calls[0]?.[0]).not.toContain(pasted);
  });

  it('that ran before the window was opened is taken up', async () => {
    const { app, host } = await opened();
    const info = await host.appInfo();
    vi.spyOn(host, 'appInfo').mockResolvedValue({ ...info, collecting: progress() });
    await app.start().then((end) => {
      end();
    });
    expect(app.collecting.progress?.done).toBe(12);
  });

  it('fills an empty table, and what is new is checked by itself', async () => {
    vi.useFakeTimers();
    const { app } = await openApp({ rows: 0, visits: 20, speed: 1 });
    await app.collecting.start(null);
    await vi.advanceTimersByTimeAsync(1000);
    const early = app.view.view?.rows ?? 0;
    expect(early).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(app.collecting.running).toBe(false);
    expect(app.view.view?.rows, 'the rest came in without being asked for').toBe(app.view.total);
    expect(app.view.total).toBeGreaterThan(early);
    expect(app.task.running, 'the engine has begun to check').toBe(true);
    await app.task.stop();
  });

  it('does not move the table of somebody who works in it', async () => {
    vi.useFakeTimers();
    const { app } = await openApp({ rows: 0, visits: 20, speed: 1 });
    await app.collecting.start(null);
    await vi.advanceTimersByTimeAsync(600);
    app.selection.move(3);
    await vi.advanceTimersByTimeAsync(1100);
    const kept = app.view.view?.view;
    await vi.advanceTimersByTimeAsync(5000);
    expect(app.view.view?.view).toBe(kept);
    expect(app.view.stale, 'the new order is offered').toBe(true);
    await app.task.stop();
  });
});
