import { flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import type { App } from './app.svelte';
import { openApp, settled } from '../testing/world';
import { NO_FILTER } from './view.svelte';

describe('the view', () => {
  it('is opened once for a filter, and the old one is closed', async () => {
    const { app, host } = await openApp();
    const open = vi.spyOn(host, 'openView');
    const close = vi.spyOn(host, 'closeView');
    const before = app.view.view?.view;
    app.view.narrow({ status: ['active'] });
    app.view.narrow({ status: ['active'], text: '1' });
    app.view.narrow({ status: ['active'], text: '10' });
    await settled();
    expect(
      open.mock.calls.map(([filter]) => filter.text),
      'what was overtaken is skipped',
    ).toEqual(['', '10']);
    expect(close.mock.calls.map(([view]) => view)).toContain(before);
    expect(app.view.view?.rows).toBeLessThan(500);
  });

  it('brings the pages that are seen, and no row of the others', async () => {
    const { app, host } = await openApp();
    const rows = vi.spyOn(host, 'viewRows');
    app.view.show({ from: 100, to: 160 });
    await settled();
    expect(rows.mock.calls.map(([, from, to]) => [from, to])).toEqual([[64, 192]]);
    expect(app.view.row(100)?.proxy).toMatch(/:\d+$/);
    expect(app.view.row(300)).toBeUndefined();
  });

  it('asks for what is seen anew when the pool changes, however often that is told', async () => {
    const { app, host, tell } = await openApp();
    app.view.show({ from: 0, to: 60 });
    await settled();
    const rows = vi.spyOn(host, 'viewRows');
    for (let revision = 2; revision < 12; revision++)
      tell({ event: 'pool', revision, total: 500, working: 9 });
    await settled();
    expect(rows.mock.calls.length, 'one under way and one behind it').toBe(2);
    expect(rows.mock.calls.every(([, from, to]) => from === 0 && to === 64)).toBe(true);
    expect(app.view.working).toBe(9);
  });

  it('keeps every row in its place and offers the new order', async () => {
    const { app, tell } = await openApp();
    app.view.show({ from: 0, to: 60 });
    await settled();
    const ids = Array.from({ length: 60 }, (_, place) => app.view.row(place)?.id);
    expect(app.view.stale).toBe(false);
    tell({ event: 'pool', revision: 2, total: 500, working: 9 });
    await settled();
    expect(Array.from({ length: 60 }, (_, place) => app.view.row(place)?.id)).toEqual(ids);
    expect(app.view.stale).toBe(true);
  });

  it('counts what a filter would bring anew when somebody looks, and leaves the rows in their places', async () => {
    const { app, host, tell } = await openApp();
    const opened = app.view.view;
    const open = vi.spyOn(host, 'openView');
    await app.view.recount();
    expect(open, 'nothing has changed yet').not.toHaveBeenCalled();
    tell({ event: 'pool', revision: 2, total: 500, working: 9 });
    const counted = { value: 'active', count: 9 };
    open.mockResolvedValueOnce({ ...(await host.openView(NO_FILTER, [])), status: [counted] });
    await app.view.recount();
    expect(app.view.facets.status).toEqual([counted]);
    expect(app.view.view, 'the order is the old one').toBe(opened);
    expect(app.view.stale, 'and a new one is still offered').toBe(true);
  });

  it('orders by one column, by several with Shift, and turns round', async () => {
    const { app } = await openApp();
    app.view.orderBy('latency', false);
    expect(app.view.sort).toEqual([{ column: 'latency', descending: false }]);
    app.view.orderBy('success_rate', true);
    app.view.orderBy('latency', true);
    expect(app.view.sort).toEqual([
      { column: 'latency', descending: true },
      { column: 'success_rate', descending: true },
    ]);
    app.view.orderBy('score', false);
    expect(app.view.sort, 'the best first').toEqual([{ column: 'score', descending: true }]);
    await settled();
  });

  it('says when it cannot be opened', async () => {
    const { app, host } = await openApp();
    vi.spyOn(host, 'openView').mockRejectedValue({
      code: 'internal',
      message: 'lost',
      hint: null,
      params: {},
    });
    app.view.narrow({ text: 'x' });
    await settled();
    expect(app.notices.toasts.map((toast) => toast.title())).toEqual(['Something went wrong in Proxydeck.']);
    expect(app.notices.toasts[0]?.details).toContain('internal: lost');
  });
});

describe('the selection', () => {
  it('is one row, several, or a range', async () => {
    const { app } = await openApp();
    const { selection, view } = app;
    view.show({ from: 0, to: 60 });
    await settled();
    await selection.point(3, 'only');
    expect(selection.count).toBe(1);
    await selection.point(5, 'toggle');
    expect(selection.count).toBe(2);
    await selection.point(9, 'range');
    expect(selection.count, 'from the last one that was pointed at').toBe(5);
    await selection.point(3, 'only');
    await selection.point(3, 'toggle');
    expect(selection.count).toBe(0);
  });

  it('reaches over rows that were never seen', async () => {
    const { app } = await openApp();
    app.view.show({ from: 0, to: 60 });
    await settled();
    await app.selection.point(10, 'only');
    await app.selection.point(449, 'range');
    expect(app.selection.count).toBe(440);
    const ids = await app.selection.gatherIds();
    expect(new Set(ids).size).toBe(440);
  });

  it('is all of the view, but some', async () => {
    const { app } = await openApp();
    app.view.show({ from: 0, to: 60 });
    await settled();
    app.selection.selectAll();
    expect([app.selection.count, app.selection.whole]).toEqual([500, true]);
    await app.selection.point(2, 'toggle');
    expect([app.selection.count, app.selection.whole]).toEqual([499, false]);
    const left = app.view.row(2)?.id;
    const ids = await app.selection.gatherIds();
    expect(ids).toHaveLength(499);
    expect(ids).not.toContain(left);
  });

  it('is let go when the filter changes, since what was chosen may be out of sight', async () => {
    const { app } = await openApp();
    app.selection.selectAll();
    app.narrow({ status: ['failed'] });
    expect(app.selection.count).toBe(0);
    await settled();
  });
});

describe('a check', () => {
  it('takes what is chosen, else what the filter lets through', async () => {
    const { app, host } = await openApp({ speed: 1 });
    const start = vi.spyOn(host, 'checkStart');
    app.view.show({ from: 0, to: 60 });
    app.narrow({ protocol: ['socks5'] });
    await settled();
    await app.check();
    await app.task.stop();
    await app.selection.point(0, 'only');
    await app.check();
    await app.task.stop();
    app.selection.selectAll();
    await app.check();
    await app.task.stop();
    const filter = { kind: 'filter', filter: { ...app.view.filter }, fresh: true };
    expect(start.mock.calls.map(([what]) => what)).toEqual([
      filter,
      { kind: 'ids', ids: [app.view.row(0)?.id] },
      filter,
    ]);
  });

  it('goes on where it was cut off', async () => {
    const { app, host } = await openApp({ unfinished: 120, speed: 1 });
    const start = vi.spyOn(host, 'checkStart');
    await vi.waitFor(() => {
      expect(app.task.unfinished).toEqual({ task: 3, left: 120, total: 500 });
    });
    await app.goOn();
    expect(start.mock.calls[0]?.[0]).toEqual({ kind: 'unfinished', task: 3 });
    expect(app.task.unfinished, 'and it is not offered twice').toBeNull();
    await app.task.stop();
  });

  it('that could not begin leaves nothing running and says why', async () => {
    const { app } = await openApp({ failing: { checkStart: 'no_judge' } });
    await app.check();
    expect(app.task.phase).toBe('idle');
    expect(app.notices.toasts[0]?.title()).toBe('No judge answers: judge-1, judge-2.');
  });

  it('waits while no judge answers, and says when they are back', async () => {
    const { app, tell } = await openApp();
    tell({ event: 'notice', code: 'judges_down', params: {} });
    tell({ event: 'notice', code: 'judges_down', params: {} });
    expect(app.notices.strips.map((strip) => strip.title())).toEqual(['All judges stopped answering.']);
    tell({ event: 'notice', code: 'judges_back', params: {} });
    flushSync();
    expect(app.notices.strips).toEqual([]);
  });
});

describe('proxies that go and come back', () => {
  const ids = (app: App): (number | undefined)[] =>
    Array.from({ length: app.view.view?.rows ?? 0 }, (_, place) => app.view.row(place)?.id);

  it('leave the view at once, and what is seen stays where it is seen', async () => {
    const { app } = await openApp({ rows: 60 });
    app.view.show({ from: 0, to: 60 }, 20);
    await settled();
    app.selection.move(30);
    const before = ids(app);
    const gone = [2, 25, 30].map((place) => before[place] ?? 0);
    await app.changes.delete({ kind: 'ids', ids: gone }, 3);
    await settled();
    expect(ids(app)).toEqual(before.filter((id) => !gone.includes(id ?? 0)));
    expect(app.view.shift, 'one that stood above what is seen has gone').toEqual({ by: -1 });
    expect(app.view.row(app.selection.cursor)?.id, 'the keyboard stands at the next one').toBe(before[31]);
    expect(app.view.stale, 'there is no other order').toBe(false);

    app.view.show({ from: 0, to: 57 }, 19);
    await app.changes.undo();
    await settled();
    expect(ids(app)).toEqual(before);
    expect(app.view.shift).toEqual({ by: 1 });
    expect(app.view.row(app.selection.cursor)?.id).toBe(before[31]);
    expect(app.view.stale).toBe(false);
  });

  it('are seen again where they stood just above', async () => {
    const { app } = await openApp({ rows: 60 });
    app.view.show({ from: 0, to: 60 }, 20);
    await settled();
    const gone = [20, 21].map((place) => app.view.row(place)?.id ?? 0);
    await app.changes.delete({ kind: 'ids', ids: gone }, 2);
    expect(app.view.shift).toEqual({ by: 0 });
    app.view.show({ from: 0, to: 58 }, 20);
    await settled();
    await app.changes.undo();
    expect(app.view.shift, 'they are not hidden above what is seen').toEqual({ by: 0 });
  });

  it('are seen again too in a view that was opened without them', async () => {
    const { app } = await openApp({ rows: 60 });
    await app.changes.delete({ kind: 'ids', ids: [7] }, 1);
    app.view.orderBy('latency', false);
    await settled();
    expect(app.view.view?.rows).toBe(59);
    await app.changes.undo();
    await settled();
    expect(app.view.view?.rows).toBe(60);
  });

  it('leave an order that is out of date as it is', async () => {
    const { app, host } = await openApp({ rows: 60 });
    app.view.show({ from: 0, to: 60 });
    await settled();
    await host.importCommit((await host.importText('192.0.2.1:80')).import);
    await settled();
    const open = vi.spyOn(host, 'openView');
    await app.changes.delete({ kind: 'ids', ids: [app.view.row(4)?.id ?? 0] }, 1);
    await app.changes.undo();
    await settled();
    expect(open, 'nothing is put into another order').not.toHaveBeenCalled();
    expect(app.view.stale).toBe(true);
    expect(app.view.view?.rows).toBe(60);
  });

  it('are noticed whoever took them away', async () => {
    const { app, host } = await openApp({ rows: 60 });
    app.view.show({ from: 0, to: 60 });
    await settled();
    await host.proxiesDelete({ kind: 'ids', ids: [app.view.row(0)?.id ?? 0] });
    await settled();
    expect(app.view.view?.rows).toBe(59);
    expect(app.view.row(58)).toBeDefined();
  });

  it('are counted anew when somebody looks at the filters', async () => {
    const { app } = await openApp({ rows: 60, unchecked: 1 });
    await app.changes.delete({ kind: 'ids', ids: [1, 2] }, 2);
    await app.view.recount();
    expect(app.view.facets.status.find(({ value }) => value === 'new')?.count).toBe(58);
  });
});
