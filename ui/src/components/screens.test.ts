import { fireEvent, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { setLanguage } from '../i18n/index.svelte';
import { App } from '../state/app.svelte';
import { draw, openApp, settled, type Stage } from '../testing/world';
import type { World } from '../host/fake';
import CommandBox from './CommandBox.svelte';
import ExportSheet from './ExportSheet.svelte';
import Header from './Header.svelte';
import ImportSheet from './ImportSheet.svelte';
import ProxiesScreen from './ProxiesScreen.svelte';
import SettingsScreen from './SettingsScreen.svelte';
import Strips from './Strips.svelte';
import Toasts from './Toasts.svelte';

async function proxies(world: Partial<World> = {}): Promise<Stage> {
  const stage = await openApp(world);
  draw(stage.app, ProxiesScreen);
  await settled();
  return stage;
}

const rows = (): HTMLElement[] => screen.queryAllByTestId(/^row-\d+$/);
const grid = (): HTMLElement => screen.getByRole('grid');

async function press(key: string, held: KeyboardEventInit = {}): Promise<void> {
  await fireEvent.keyDown(grid(), { key, ...held });
  await settled();
}

describe('the table', () => {
  it('draws a few rows of many and tells how many there are', async () => {
    await proxies({ rows: 5000 });
    expect(rows().length).toBeGreaterThan(5);
    expect(rows().length, 'never all of them').toBeLessThan(80);
    expect(grid().getAttribute('aria-rowcount')).toBe('5001');
    expect(rows()[0]?.getAttribute('aria-rowindex')).toBe('2');
  });

  it('says why a proxy failed where a working one shows its latency', async () => {
    const { app, host } = await proxies();
    app.narrow({ status: ['inactive'] });
    await settled();
    const first = app.view.row(0);
    expect(first?.reason).not.toBeNull();
    expect(rows()[0]?.textContent).toMatch(
      /refused|timed out|auth|answer|proxy|rejected|changed|reset|TLS|page/,
    );
    app.narrow({ status: ['new'] });
    await settled();
    expect(rows()[0]?.textContent).toContain('not checked');
    expect(host).toBeDefined();
  });

  it('tells the status by a word, too', async () => {
    await proxies();
    const row = rows()[0];
    expect(row && within(row).getByRole('img').getAttribute('aria-label')).toBe('Active');
  });

  it('is walked by keyboard', async () => {
    const { app } = await proxies();
    await press('ArrowDown');
    await press('ArrowDown');
    expect(app.selection.cursor).toBe(1);
    expect(grid().getAttribute('aria-activedescendant')).toBe('place-1');
    expect(rows()[1]?.getAttribute('aria-selected')).toBe('true');
    await press('End');
    expect(app.selection.cursor).toBe(499);
    await press('Home');
    expect(app.selection.cursor).toBe(0);
    await press('ArrowDown', { shiftKey: true });
    expect(app.selection.count).toBe(2);
    await press('ArrowDown', { ctrlKey: true });
    expect(app.selection.count, 'Ctrl moves without choosing').toBe(2);
    await press(' ');
    expect(app.selection.count).toBe(3);
    await press('a', { ctrlKey: true });
    expect(app.selection.count).toBe(500);
    await press('Escape');
    expect(app.selection.count).toBe(0);
  });

  it('copies what is chosen', async () => {
    const { app } = await proxies();
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await press('ArrowDown');
    await press('ArrowDown', { shiftKey: true });
    await press('c', { ctrlKey: true });
    expect(write).toHaveBeenCalledWith([app.view.row(0)?.proxy, app.view.row(1)?.proxy].join('\n'));
    expect(app.notices.toasts[0]?.title()).toBe('2 addresses copied');
  });

  it('chooses by click, Ctrl and Shift', async () => {
    const { app } = await proxies();
    const click = async (at: number, held: MouseEventInit = {}): Promise<void> => {
      const row = rows()[at];
      if (row) await fireEvent.click(row, held);
      await settled();
    };
    await click(1);
    await click(3, { ctrlKey: true });
    expect(app.selection.count).toBe(2);
    await click(6, { shiftKey: true });
    expect(app.selection.count).toBe(4);
  });

  it('is ordered by its heads, which say so', async () => {
    const { app } = await proxies();
    const head = (name: string): HTMLElement => screen.getByRole('columnheader', { name: new RegExp(name) });
    expect(head('Score').getAttribute('aria-sort')).toBe('descending');
    await fireEvent.click(screen.getByTestId('sort-latency'));
    await settled();
    expect(head('Latency').getAttribute('aria-sort')).toBe('ascending');
    expect(head('Score').hasAttribute('aria-sort')).toBe(false);
    await fireEvent.click(screen.getByTestId('sort-score'), { shiftKey: true });
    await settled();
    expect(app.view.sort.map(({ column }) => column)).toEqual(['latency', 'score']);
  });

  it('offers the new order instead of jumping', async () => {
    const { tell, app } = await proxies();
    expect(screen.queryByTestId('new-order')).toBeNull();
    tell({ event: 'pool', revision: 2, total: 500, working: 3 });
    await settled();
    const before = app.view.view?.view;
    await fireEvent.click(screen.getByTestId('new-order'));
    await settled();
    expect(app.view.view?.view).not.toBe(before);
  });

  it('shows strangers’ text as text', async () => {
    const stage = await openApp();
    const { host } = stage;
    const viewRows = host.viewRows.bind(host);
    host.viewRows = async (...ask) => {
      const answer = await viewRows(...ask);
      return {
        ...answer,
        rows: answer.rows.map((row) => ({ ...row, username: '<img src=x onerror=alert(1)>' })),
      };
    };
    draw(stage.app, ProxiesScreen);
    stage.app.view.reopen();
    await settled();
    expect(rows()[0]?.querySelector('img')).toBeNull();
    expect(rows()[0]?.textContent).toContain('<img src=x onerror=alert(1)>');
  });

  it('has its columns where the user wants them, and keeps that', async () => {
    const { app, host } = await proxies();
    const heads = (): (string | undefined)[] =>
      screen.getAllByRole('columnheader').map((head) => head.dataset['column']);
    expect(heads()[0]).toBe('proxy');
    const key = async (name: string, held: KeyboardEventInit): Promise<void> => {
      await fireEvent.keyDown(screen.getByTestId(`sort-${name}`), { altKey: true, ...held });
      await settled();
    };
    await key('score', { key: 'ArrowLeft' });
    expect(heads().indexOf('score')).toBe(heads().indexOf('success_rate') - 1);
    await key('score', { key: 'ArrowRight', shiftKey: true });
    await fireEvent.click(screen.getByTestId('columns'));
    await settled();
    await fireEvent.click(screen.getByTestId('column-anonymity'));
    await fireEvent.click(screen.getByTestId('column-latency-earlier'));
    await fireEvent.click(screen.getByTestId('compact'));
    await settled();
    expect(heads()).not.toContain('anonymity');
    expect(rows()[0]?.querySelector('.anonymity')).toBeNull();
    expect(app.preferences.rowHeight).toBe(26);
    expect(screen.getByTestId('column-proxy').hasAttribute('disabled'), 'the address always stays').toBe(
      true,
    );

    const later = new App(host);
    await later.start();
    expect(later.preferences.proxies.columns).toEqual(app.preferences.proxies.columns);
    expect(later.view.sort).toEqual(app.view.sort);
    expect(later.preferences.density).toBe('compact');
    await fireEvent.click(screen.getByTestId('columns-reset'));
    await settled();
    expect(heads()).toContain('anonymity');
  });

  it('without a row says so and offers a way back', async () => {
    const { app } = await proxies();
    app.narrow({ text: 'nothing is called so' });
    await settled();
    await fireEvent.click(within(screen.getByTestId('no-match')).getByRole('button'));
    await settled();
    expect(app.view.view?.rows).toBe(500);
  });
});

describe('deleting', () => {
  const undo = async (): Promise<void> => {
    await fireEvent.click(within(screen.getByTestId('toasts')).getByTestId('undo'));
    await settled();
  };
  const told = (): string => screen.getByTestId('toasts').textContent;

  async function deleting(world: Partial<World> = {}): Promise<Stage> {
    const stage = await proxies(world);
    draw(stage.app, Toasts);
    return stage;
  }

  it('takes the row with the keyboard away by Del, and Undo or Ctrl+Z brings it back', async () => {
    const { app } = await deleting();
    await press('ArrowDown');
    const first = app.view.row(0);
    await press('Delete');
    expect(app.view.view?.rows).toBe(499);
    expect(app.view.row(0)?.id).not.toBe(first?.id);
    expect(app.selection.count).toBe(0);
    expect(told()).toContain('1 proxy deleted');
    await undo();
    expect(app.view.row(0)?.id).toBe(first?.id);
    expect(told()).toContain('Undone: 1 proxy is as it was');
    await press('Delete');
    await press('Delete');
    expect(app.view.view?.rows).toBe(498);
    await press('z', { ctrlKey: true });
    await press('z', { ctrlKey: true });
    expect(app.view.view?.rows).toBe(500);
    await press('z', { ctrlKey: true });
    expect(app.view.view?.rows, 'there is nothing left to undo').toBe(500);
  });

  it('is about all of the view but those that were taken out of the choice', async () => {
    const { app, host } = await deleting();
    const ask = vi.spyOn(host, 'proxiesDelete');
    app.narrow({ status: ['active'] });
    await settled();
    const working = app.view.view?.rows ?? 0;
    const kept = app.view.row(0)?.id ?? 0;
    expect(screen.getByTestId('delete-selected').hasAttribute('disabled'), 'nothing is chosen').toBe(true);
    await fireEvent.click(screen.getByTestId('select-all'));
    app.selection.cursor = 0;
    await press(' ');
    await fireEvent.click(screen.getByTestId('delete-selected'));
    await settled();
    expect(ask).toHaveBeenCalledWith({ kind: 'view', view: app.view.view?.view, except: [kept] });
    expect(app.view.view?.rows).toBe(1);
    expect(app.view.row(0)?.id).toBe(kept);
    expect(told()).toContain(`${working - 1} proxies deleted`);
    await undo();
    expect(app.view.view?.rows).toBe(working);
  });

  it('says where only a part was done and what stood in the way, and undoes that part', async () => {
    const { app, host } = await deleting();
    const proxiesDelete = host.proxiesDelete.bind(host);
    host.proxiesDelete = async () => ({
      ...(await proxiesDelete({ kind: 'ids', ids: [1, 2] })),
      matched: 500,
      failed: { code: 'io', message: 'The disk is full.', hint: null, params: { path: '/data' } },
    });
    await press('a', { ctrlKey: true });
    await press('Delete');
    expect(told()).toContain('Only 2 of 500 proxies were deleted.');
    expect(told()).toContain('space on the disk');
    expect(app.view.view?.rows).toBe(498);
    await undo();
    expect(app.view.view?.rows).toBe(500);
  });

  it('that is refused changes nothing and says so', async () => {
    const { app } = await deleting({ failing: { proxiesDelete: 'io' } });
    await press('ArrowDown');
    await press('Delete');
    expect(app.view.view?.rows).toBe(500);
    expect(app.selection.count, 'the choice stays').toBe(1);
    expect(app.notices.toasts[0]?.tone).toBe('bad');
  });

  it('says that it goes on where it takes its time', async () => {
    const { app, host } = await deleting();
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const proxiesDelete = host.proxiesDelete.bind(host);
    host.proxiesDelete = async (which) => {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return proxiesDelete(which);
    };
    await press('a', { ctrlKey: true });
    await press('Delete');
    await vi.advanceTimersByTimeAsync(600);
    expect(app.notices.toasts.map(({ title }) => title())).toEqual(['Deleting 500 proxies…']);
    await vi.advanceTimersByTimeAsync(2000);
    await settled();
    expect(app.notices.toasts.map(({ title }) => title())).toEqual(['500 proxies deleted']);
  });

  it('in the drawer goes on with the next one', async () => {
    const { app } = await deleting();
    await press('ArrowDown');
    await press('Enter');
    const [first, second] = [app.view.row(0), app.view.row(1)];
    expect(app.drawer.id).toBe(first?.id);
    await fireEvent.click(screen.getByTestId('drawer-delete'));
    await settled();
    expect(app.drawer.id).toBe(second?.id);
    expect(told()).toContain(`Deleted ${first?.proxy ?? ''}`);
    expect(app.selection.count).toBe(0);
    // One that was found elsewhere has no next one.
    app.drawer.open(app.view.row(7)?.id ?? 0);
    await settled();
    await fireEvent.click(screen.getByTestId('drawer-delete'));
    await settled();
    expect(app.drawer.id).toBeNull();
  });
});

describe('tags', () => {
  const box = (tag: string): HTMLInputElement => screen.getByTestId(`tag-${tag}`);
  const type = async (tag: string): Promise<void> => {
    await fireEvent.input(screen.getByTestId('tag-text'), { target: { value: tag } });
    await settled();
  };
  const add = async (tag: string): Promise<void> => {
    await type(tag);
    await fireEvent.click(screen.getByTestId('tag-add'));
    await settled();
  };

  it('are given to all that is chosen and taken off them, and the row tells', async () => {
    const { app } = await proxies();
    draw(app, Toasts);
    expect(screen.getByTestId('tag-selected').hasAttribute('disabled'), 'nothing is chosen').toBe(true);
    await press('ArrowDown');
    await press('ArrowDown', { shiftKey: true });
    await press('ArrowDown', { shiftKey: true });
    await fireEvent.click(screen.getByTestId('tag-selected'));
    await settled();
    expect(screen.getByRole('dialog').textContent).toContain('There is no such tag yet');
    await add('office 台北');
    expect(app.view.row(2)?.tags).toEqual(['office 台北']);
    expect(rows()[2]?.textContent).toContain('office 台北');
    expect(screen.getByTestId('toasts').textContent).toContain('3 proxies tagged “office 台北”');
    expect(box('office 台北').checked).toBe(true);
    expect(app.view.stale, 'no order depends on a tag').toBe(false);

    app.selection.selectAll();
    flushSync();
    await fireEvent.click(screen.getByTestId('tag-selected'));
    await fireEvent.click(screen.getByTestId('tag-selected'));
    await settled();
    expect(box('office 台北').indeterminate, 'some have it').toBe(true);
    await fireEvent.click(box('office 台北'));
    await settled();
    expect(app.view.row(9)?.tags).toEqual(['office 台北']);
    await fireEvent.click(box('office 台北'));
    await settled();
    expect(app.view.row(0)?.tags).toEqual([]);
    await app.changes.undo();
    await app.changes.undo();
    await settled();
    expect(app.view.row(2)?.tags, 'those that had it have it again').toEqual(['office 台北']);
    expect(app.view.row(3)?.tags, 'and nobody else').toEqual([]);
  });

  it('that cannot be one are told at the field, and nothing is changed', async () => {
    const { app } = await proxies();
    await press('ArrowDown');
    await fireEvent.click(screen.getByTestId('tag-selected'));
    await settled();
    await add('a,b');
    expect(screen.getByTestId('tag-refused').textContent).toContain('comma');
    expect(screen.getByTestId('tag-text').getAttribute('aria-invalid')).toBe('true');
    expect(app.notices.toasts).toEqual([]);
    expect(app.view.row(0)?.tags).toEqual([]);
    await type('a');
    expect(screen.queryByTestId('tag-refused')).toBeNull();
  });

  it('stand in the drawer, where they are given and taken off too', async () => {
    const { app } = await proxies();
    app.drawer.open(app.view.row(4)?.id ?? 0);
    await settled();
    await fireEvent.click(screen.getByTestId('drawer-tag'));
    await settled();
    await add('fast');
    await add('office');
    expect(within(screen.getByTestId('drawer-tags')).getAllByRole('listitem')).toHaveLength(2);
    await fireEvent.click(screen.getByTestId('tag-off-fast'));
    await settled();
    expect(app.view.row(4)?.tags).toEqual(['office']);
    expect(screen.getByTestId('drawer-tags').textContent).not.toContain('fast');
    expect(app.notices.toasts, 'what is seen needs no words').toEqual([]);
    await app.changes.undo();
    await settled();
    expect(app.view.row(4)?.tags, 'but it can be undone').toEqual(['fast', 'office']);
  });

  it('filter the table, with what each would bring', async () => {
    const { app, host } = await proxies();
    await fireEvent.click(screen.getByTestId('chip-tag'));
    await settled();
    expect(screen.getByRole('dialog').textContent).toContain('No proxy has a tag yet');
    await fireEvent.click(screen.getByTestId('chip-tag'));
    await host.proxiesTag({ kind: 'ids', ids: [3, 5, 7] }, ['fast'], []);
    await host.proxiesTag({ kind: 'ids', ids: [5] }, ['office'], []);
    await settled();
    await fireEvent.click(screen.getByTestId('chip-tag'));
    await settled();
    expect(app.view.facets.tag).toEqual([
      { value: 'fast', count: 3 },
      { value: 'office', count: 1 },
    ]);
    await fireEvent.click(screen.getByTestId('chip-tag-fast'));
    await settled();
    expect(app.view.view?.rows).toBe(3);
    await fireEvent.click(screen.getByTestId('chip-tag-clear'));
    await settled();
    expect(app.view.view?.rows).toBe(500);
  });
});

describe('countries', () => {
  it('stand in the table by their letters and their name, with the entry on hover', async () => {
    const { app } = await proxies();
    app.narrow({ country: ['TW'] });
    await settled();
    const row = app.view.row(0);
    const cell = (): HTMLElement => screen.getByTestId(`row-country-${row?.id}`);
    expect(cell().textContent).toContain('TW');
    expect(cell().textContent).toContain('Taiwan');
    expect(cell().title).toMatch(/^Exit: Taiwan\. Entry: .+\.$/);
    setLanguage('zh-TW', []);
    flushSync();
    expect(cell().textContent, 'in the language that is chosen').toContain('台灣');
    setLanguage('en', []);
  });

  it('order the table by their head', async () => {
    const { app } = await proxies();
    await fireEvent.click(screen.getByTestId('sort-country'));
    await settled();
    expect(app.view.sort).toEqual([{ column: 'country', descending: false }]);
    expect(app.view.row(0)?.country).toBe('BR');
  });

  it('are looked for by name or letters where there are many', async () => {
    const { app } = await proxies();
    await fireEvent.click(screen.getByTestId('chip-country'));
    await settled();
    const choices = (): string[] =>
      within(screen.getByRole('dialog'))
        .getAllByRole('checkbox')
        .map((box) => box.dataset['testid'] ?? '');
    expect(choices().length).toBeGreaterThan(10);
    expect(choices()[0], 'the most frequent first').toBe(`chip-country-${app.view.facets.country[0]?.value}`);
    const find = screen.getByRole('searchbox', { name: 'Find a country' });
    await fireEvent.input(find, { target: { value: 'united' } });
    await settled();
    expect(choices().sort()).toEqual(['chip-country-GB', 'chip-country-US']);
    await fireEvent.input(find, { target: { value: 'jp' } });
    await settled();
    expect(choices()).toEqual(['chip-country-JP']);
    await fireEvent.click(screen.getByTestId('chip-country-JP'));
    await settled();
    expect(app.view.filter.country).toEqual(['JP']);
    expect(screen.getByTestId('chip-country').textContent).toContain('Japan');
    await fireEvent.input(find, { target: { value: 'atlantis' } });
    await settled();
    expect(screen.getByRole('dialog').textContent).toContain('No country is called so');
  });

  it('say so while none is known', async () => {
    await proxies({ unchecked: 1 });
    await fireEvent.click(screen.getByTestId('chip-country'));
    await settled();
    expect(screen.getByRole('dialog').textContent).toContain('No country is known yet');
  });

  it('stand in the drawer with the networks of entry and exit', async () => {
    const { app, host } = await proxies();
    const proxyDetail = host.proxyDetail.bind(host);
    host.proxyDetail = async (id) => {
      const detail = await proxyDetail(id);
      return {
        ...detail,
        entry: { ...detail.entry, country: 'DE', asn: 64500, organisation: null },
        exit: { ...detail.exit, country: null, asn: 64501, organisation: '<b>Example</b> Networks' },
      };
    };
    app.drawer.open(app.view.row(0)?.id ?? 0);
    await settled();
    const entry = screen.getByTestId('drawer-entry');
    expect(entry.textContent).toContain('Germany');
    expect(entry.textContent, 'a number of a network is not grouped').toContain('AS64500');
    const exit = screen.getByTestId('drawer-exit');
    expect(exit.textContent).toContain('Not known');
    expect(exit.textContent, 'strangers’ text is text').toContain('AS64501 <b>Example</b> Networks');
  });
});

describe('the filter chips', () => {
  it('count what each value would bring, and several can be chosen', async () => {
    const { app } = await proxies();
    await fireEvent.click(screen.getByTestId('chip-status'));
    await settled();
    const active = app.view.view?.status.find(({ value }) => value === 'active')?.count;
    expect(screen.getByRole('dialog').textContent).toContain(String(active));
    await fireEvent.click(screen.getByTestId('chip-status-active'));
    await settled();
    await fireEvent.click(screen.getByTestId('chip-status-new'));
    await settled();
    expect(app.view.filter.status).toEqual(['active', 'new']);
    expect(screen.getByTestId('chip-status').textContent).toContain('Active, New');
    await fireEvent.click(screen.getByTestId('chip-status-clear'));
    await settled();
    expect(app.view.filter.status).toEqual([]);
  });

  it('tell how many are shown and chosen', async () => {
    const { app } = await proxies();
    expect(screen.getByTestId('count').textContent.trim()).toBe('500 of 500');
    app.selection.selectAll();
    flushSync();
    expect(screen.getByTestId('count').textContent.trim()).toBe('500 of 500, 500 selected');
  });

  it('take a limit that is offered', async () => {
    const { app } = await proxies();
    await fireEvent.click(screen.getByTestId('chip-latency'));
    await settled();
    await fireEvent.click(screen.getByTestId('chip-latency-500'));
    await settled();
    expect(app.view.filter.max_latency_ms).toBe(500);
    expect(screen.getByTestId('chip-latency').textContent).toContain('at most 500 ms');
  });
});

describe('the drawer', () => {
  it('opens with Enter, follows the keyboard and closes with Escape', async () => {
    const { app } = await proxies();
    await press('ArrowDown');
    await press('Enter');
    expect(screen.getByTestId('drawer').dataset['id']).toBe(String(app.view.row(0)?.id));
    await press('ArrowDown');
    await vi.waitFor(() => {
      flushSync();
      expect(screen.getByTestId('drawer').dataset['id']).toBe(String(app.view.row(1)?.id));
    });
    await press('Escape');
    expect(screen.queryByTestId('drawer')).toBeNull();
  });

  it('answers all eight questions, each with its reason', async () => {
    const { app } = await proxies();
    app.narrow({ status: ['active'] });
    await settled();
    app.drawer.open(app.view.row(0)?.id ?? 0);
    await settled();
    const drawer = screen.getByTestId('drawer');
    expect(within(drawer).getAllByTestId(/^capability-/)).toHaveLength(8);
    expect(drawer.textContent).toContain('It answers, but as something else than a proxy.');
    expect(within(drawer).getByTestId('score-parts').textContent).toContain('/ 0.40');
  });

  it('shows the certificate of an interceptor', async () => {
    const { app } = await proxies({ rows: 3000 });
    app.narrow({ text: 'tls_intercepted' });
    await settled();
    app.drawer.open(app.view.row(0)?.id ?? 0);
    await settled();
    expect(screen.getByTestId('drawer-reason').textContent).toContain('not the judge’s');
    expect(screen.getAllByTestId('certificate')[0]?.textContent).toContain('FortiGate');
  });

  it('says when the proxy is no longer there', async () => {
    const { app } = await proxies();
    app.drawer.open(99_999);
    await settled();
    expect(screen.getByTestId('drawer').textContent).toContain('no longer in the pool');
  });
});

describe('the drawer of a failed one', () => {
  it('says at the stage that failed why, and how long each took', async () => {
    const { app } = await proxies();
    app.narrow({ status: ['inactive'], text: 'handshake_timeout' });
    await settled();
    app.drawer.open(app.view.row(0)?.id ?? 0);
    await settled();
    const stage = screen.getAllByTestId('failed-stage')[0];
    expect(stage?.textContent).toContain('not a byte of an answer came in time');
    expect(stage?.closest('ul')?.textContent).toMatch(/Dial\s*[\d.,]+ ms/);
    expect(stage?.closest('details')?.open, 'it need not be looked for').toBe(true);
  });
});

it('two changes of settings in one breath both hold', async () => {
  const { app, host } = await openApp();
  const both = [app.settings.change({ language: 'zh-TW' }), app.settings.change({ theme: 'dark' })];
  await Promise.all(both);
  expect(await host.settingsGet()).toMatchObject({ language: 'zh-TW', theme: 'dark' });
  vi.spyOn(host, 'settingsSet').mockRejectedValueOnce(new Error('no'));
  await expect(app.settings.change({ theme: 'light' })).rejects.toThrow('no');
  await app.settings.change({ language: 'en' });
  expect(app.settings.now, 'one that fails does not stop the next').toMatchObject({
    language: 'en',
    theme: 'dark',
  });
});

describe('the box that finds everything', () => {
  async function ask(text: string): Promise<Stage> {
    const stage = await openApp();
    draw(stage.app, CommandBox);
    await fireEvent.input(screen.getByTestId('command-text'), { target: { value: text } });
    await settled();
    return stage;
  }
  const enter = async (): Promise<void> => {
    await fireEvent.keyDown(screen.getByTestId('command-text'), { key: 'Enter' });
    await settled();
  };

  it('finds a proxy and opens it', async () => {
    const { app } = await openApp();
    const wanted = app.view.row(7) ?? (await app.host.viewRows(app.view.view?.view ?? 0, 7, 8)).rows[0];
    draw(app, CommandBox);
    await fireEvent.input(screen.getByTestId('command-text'), { target: { value: wanted?.proxy } });
    await settled();
    expect(screen.getAllByRole('option')[0]?.textContent).toContain(wanted?.proxy);
    await enter();
    expect(app.drawer.id).toBe(wanted?.id);
    expect(app.finding).toBe(false);
  });

  it('finds a command and does it', async () => {
    const { app } = await ask('theme light');
    expect(screen.getByRole('combobox').getAttribute('aria-activedescendant')).toBe(
      screen.getByTestId('found-command-theme-light').id,
    );
    await enter();
    expect(app.settings.now?.theme).toBe('light');
  });

  it('finds a setting by what it says of itself and goes there', async () => {
    const { app } = await ask('routers');
    await enter();
    expect(app.screen).toBe('settings');
    draw(app, SettingsScreen);
    await settled();
    expect(document.activeElement).toBe(screen.getByTestId('setting-rate'));
  });

  it('says so when there is nothing', async () => {
    await ask('nobody is called so');
    expect(screen.queryAllByRole('option')).toEqual([]);
    expect(screen.getByTestId('command-box').textContent).toContain('Nothing is called so.');
    await enter();
  });
});

describe('an import', () => {
  it('is counted first and kept only when it is taken', async () => {
    const { app } = await openApp({ rows: 0 });
    draw(app, ImportSheet);
    app.importing.paste();
    flushSync();
    await fireEvent.input(screen.getByTestId('import-text'), {
      target: { value: '8.8.8.8:80\n8.8.8.8:80\nhello\n' },
    });
    await fireEvent.click(screen.getByTestId('import-read'));
    await settled();
    const count = (name: string): string | null => screen.getByTestId(`import-${name}`).textContent;
    expect(['accepted', 'new', 'known', 'duplicates', 'refused'].map(count)).toEqual([
      '1',
      '1',
      '0',
      '1',
      '1',
    ]);
    expect(screen.getByTestId('import-sheet').textContent).toContain('no host:port in it');
    expect(screen.getByTestId('import-sheet').textContent, 'a list without a file has no name').toContain(
      'Pasted list',
    );
    expect(app.view.total).toBe(0);
    await fireEvent.click(screen.getByTestId('import-commit'));
    await settled();
    expect(app.view.total).toBe(1);
    expect(screen.queryByTestId('import-sheet')).toBeNull();
    expect(app.notices.toasts[0]?.title()).toBe('1 new proxy in the pool');
  });

  it('that holds nothing says so and can only be left', async () => {
    const { app, host } = await openApp();
    const discard = vi.spyOn(host, 'importDiscard');
    draw(app, ImportSheet);
    await app.importing.readText('nothing here');
    flushSync();
    expect(screen.getByTestId('import-sheet').textContent).toContain('No proxy was found');
    expect(screen.queryByTestId('import-commit')).toBeNull();
    await fireEvent.click(screen.getByTestId('import-cancel'));
    await settled();
    expect(discard).toHaveBeenCalledOnce();
  });

  it('of a file that cannot be read says why', async () => {
    const { app } = await openApp({ failing: { importPath: 'forbidden' } });
    await app.importing.drop(['/home/you/proxies.csv']);
    expect(app.notices.toasts[0]?.title()).toBe('This may not be read or written: /home/you/proxies.csv.');
    expect(app.importing.stage.kind).toBe('closed');
  });
});

describe('an export', () => {
  it('shows what would be written before it is', async () => {
    const { app, host } = await openApp();
    const save = vi
      .spyOn(host, 'exportSave')
      .mockResolvedValue({ path: '/home/you/proxies.csv', written: 3, left_out: 2 });
    app.exporting = true;
    draw(app, ExportSheet);
    await settled();
    expect(screen.getByTestId('export-preview').textContent).toContain('proxy,username,protocols');
    expect(screen.getByTestId('export-preview').textContent.split('\n')).toHaveLength(3);
    await fireEvent.click(screen.getByTestId('export-url'));
    await settled();
    expect(screen.getByTestId('export-preview').textContent).toMatch(/^(?:http|socks[45]):\/\//);
    await fireEvent.click(screen.getByTestId('export-clash'));
    await settled();
    expect(screen.getByTestId('export-preview').textContent).toMatch(/^proxies:\n {2}- \{name: "/);
    await fireEvent.click(screen.getByTestId('export-proxychains'));
    await settled();
    expect(screen.getByTestId('export-preview').textContent).toMatch(/^(?:http|socks[45]) \S+ \d+\n/);
    await fireEvent.click(screen.getByTestId('export-txt'));
    await settled();
    expect(screen.queryByTestId('export-secrets'), 'host:port has no place for a password').toBeNull();
    await fireEvent.click(screen.getByTestId('export-save'));
    await settled();
    expect(save.mock.calls[0]?.[0]).toMatchObject({ format: 'txt', working_only: true, with_secrets: false });
    expect(app.exporting).toBe(false);
    expect(app.notices.toasts[0]?.title()).toBe('3 proxies saved');
    expect(app.notices.toasts[0]?.hint?.(), 'what is not in the file is told').toContain('2 that');
  });

  it('stays open when the dialog was left', async () => {
    const { app, host } = await openApp();
    vi.spyOn(host, 'exportSave').mockResolvedValue(null);
    app.exporting = true;
    draw(app, ExportSheet);
    await settled();
    await fireEvent.click(screen.getByTestId('export-save'));
    await settled();
    expect(app.exporting).toBe(true);
    expect(app.notices.toasts).toEqual([]);
  });
});

describe('the header', () => {
  it('checks what is chosen, and is Stop while a check runs', async () => {
    const { app, tell } = await openApp({ speed: 1 });
    draw(app, Header);
    expect(screen.getByTestId('check-button').textContent).toBe('Check now');
    app.view.show({ from: 0, to: 60 });
    await settled();
    await app.selection.point(0, 'only');
    await app.selection.point(2, 'range');
    flushSync();
    expect(screen.getByTestId('check-button').textContent).toBe('Check 3 selected');
    await fireEvent.click(screen.getByTestId('check-button'));
    await settled();
    tell({
      event: 'progress',
      task: 1,
      status: 'running',
      done: 32_410,
      total: 52_418,
      alive: 9,
      in_flight: 512,
      concurrency: 2048,
      rate: 1842,
      seconds_left: 10.9,
    });
    expect(screen.getByTestId('progress-text').textContent).toBe('Checking 32,410 of 52,418');
    expect(screen.getByTestId('progress').textContent).toContain('1,842/s, 11 s left');
    await fireEvent.click(screen.getByTestId('stop-button'));
    await settled();
    expect(screen.getByTestId('check-button')).toBeDefined();
  });

  it('searches when typing rests', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { app, host } = await openApp();
      draw(app, Header);
      const open = vi.spyOn(host, 'openView');
      for (const value of ['1', '10', '10.'])
        await fireEvent.input(screen.getByTestId('search'), { target: { value } });
      expect(open).not.toHaveBeenCalled();
      vi.advanceTimersByTime(250);
      await settled();
      expect(open.mock.calls.map(([filter]) => filter.text)).toEqual(['10.']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('offers nothing but an import while there is nothing', async () => {
    const { app } = await openApp({ rows: 0 });
    draw(app, Header);
    expect(screen.queryByTestId('check-button')).toBeNull();
    expect(screen.queryByTestId('export-button')).toBeNull();
    await fireEvent.click(screen.getByTestId('import-button'));
    await settled();
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent.trim())).toEqual([
      'Open a file…',
      'Paste a list…',
    ]);
  });
});

describe('the first start', () => {
  it('is an invitation', async () => {
    const { app } = await proxies({ rows: 0 });
    await fireEvent.click(screen.getByTestId('first-paste'));
    expect(app.importing.stage.kind).toBe('paste');
  });
});

describe('the settings', () => {
  async function settings(world: Partial<World> = {}): Promise<Stage> {
    const stage = await openApp(world);
    draw(stage.app, SettingsScreen);
    await settled();
    return stage;
  }

  async function type(testid: string, value: string): Promise<void> {
    await fireEvent.input(screen.getByTestId(testid), { target: { value } });
    await fireEvent.change(screen.getByTestId(testid), { target: { value } });
    await settled();
  }

  it('say at the field why a value is wrong, and do not keep it', async () => {
    const { app } = await settings();
    await type('setting-timeout', '90');
    expect(screen.getByRole('alert').textContent).toBe('Must be a whole number from 1 to 30.');
    expect(screen.getByTestId('setting-timeout').getAttribute('aria-invalid')).toBe('true');
    expect(app.settings.now?.timeout_seconds).toBe(10);
    await type('setting-concurrency', '256');
    expect(app.settings.now?.concurrency, 'another setting is kept').toBe(256);
    expect(screen.getByTestId<HTMLInputElement>('setting-timeout').value, 'and what was typed stays').toBe(
      '90',
    );
  });

  it('take no limit as an empty field', async () => {
    const { app } = await settings();
    await type('setting-rate', '');
    expect(app.settings.now?.rate).toBeNull();
  });

  it('know a judge’s address when they see one', async () => {
    const { app } = await settings();
    await type('judge-0', 'ftp://judge.example.net/');
    expect(screen.getByRole('alert').textContent).toContain('http://');
    await type('judge-0', 'https://me:secret@judge.example.net/');
    expect(screen.getByRole('alert').textContent).toContain('password');
    expect(app.settings.now?.judges).toHaveLength(2);
    await type('judge-0', 'https://judge.example.org/');
    expect(app.settings.now?.judges[0]).toBe('https://judge.example.org/');
    await fireEvent.click(screen.getByTestId('judge-remove-1'));
    await settled();
    expect(app.settings.now?.judges).toEqual(['https://judge.example.org/']);
  });

  it('show what the engine refuses at its field', async () => {
    const { app, host } = await settings();
    vi.spyOn(host, 'settingsSet').mockRejectedValue({
      code: 'invalid',
      message: 'The setting checking.concurrency is wrong.',
      hint: null,
      params: { what: 'checking.concurrency' },
    });
    await type('setting-concurrency', '300');
    expect(screen.getByRole('alert').textContent).toBe('This was not accepted.');
    expect(app.notices.toasts, 'and nowhere else').toEqual([]);
  });

  it('name the data of others that is built in, with its licence', async () => {
    const { app } = await openApp();
    draw(app, SettingsScreen);
    await settled();
    const shown = screen.getByTestId('settings').textContent;
    for (const part of ['IPFire Project', 'CC BY-SA 4.0', 'https://location.ipfire.org/'])
      expect(shown).toContain(part);
    for (const part of ['@ip-location-db/asn', 'DB-IP', 'CC BY 4.0', 'https://db-ip.com/'])
      expect(shown).toContain(part);
  });

  it('change theme and language at once', async () => {
    await settings();
    await fireEvent.click(screen.getByTestId('theme-dark'));
    await settled();
    expect(document.documentElement.dataset['theme']).toBe('dark');
    await fireEvent.click(screen.getByTestId('language-zh-TW'));
    await settled();
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('設定');
    setLanguage('en', []);
  });
});

it('a cut-off check is offered, and dismissed', async () => {
  const { app } = await openApp({ unfinished: 120 });
  draw(app, Strips);
  await vi.waitFor(() => {
    flushSync();
    expect(screen.getByTestId('unfinished').textContent).toContain('120 of 500 proxies are left');
  });
  expect(screen.getByTestId('go-on').textContent).toBe('Go on');
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  flushSync();
  expect(screen.queryByTestId('unfinished')).toBeNull();
});
