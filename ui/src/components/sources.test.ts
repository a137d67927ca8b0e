import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SourceDto, SourceNoteDto, VisitDto } from '../bindings';
import type { World } from '../host/fake';
import { setLanguage } from '../i18n/index.svelte';
import { App as AppState } from '../state/app.svelte';
import { draw, openApp, settled, type Stage } from '../testing/world';
import App from './App.svelte';
import CommandBox from './CommandBox.svelte';
import Header from './Header.svelte';
import ProxiesScreen from './ProxiesScreen.svelte';
import SettingsScreen from './SettingsScreen.svelte';
import SourceSheet from './SourceSheet.svelte';
import SourcesScreen from './SourcesScreen.svelte';
import Toasts from './Toasts.svelte';

async function sources(world: Partial<World> = {}): Promise<Stage> {
  const stage = await openApp({ rows: 3000, ...world });
  stage.app.screen = 'sources';
  draw(stage.app, SourcesScreen);
  await vi.waitFor(() => {
    flushSync();
    if (rows().length === 0) throw new Error('no source is shown yet');
  });
  return stage;
}

const rows = (): HTMLElement[] => screen.queryAllByTestId(/^source-row-\d+$/);
const grid = (): HTMLElement => screen.getByRole('grid');
const row = (id: number): HTMLElement => screen.getByTestId(`source-row-${id}`);

async function press(key: string, held: KeyboardEventInit = {}): Promise<void> {
  await fireEvent.keyDown(grid(), { key, ...held });
  await settled();
}

/** Lets the host tell something else of the first source. */
async function retell(stage: Stage, change: Partial<SourceDto>): Promise<number> {
  const { app, host } = stage;
  const id = app.sources.shown[0]?.id ?? 0;
  const before = host.sources.bind(host);
  host.sources = async () =>
    (await before()).map((source) => (source.id === id ? { ...source, ...change } : source));
  app.sources.refresh();
  await settled();
  return id;
}

function visitOf(stage: Stage, change: Partial<VisitDto>): VisitDto {
  const visit = stage.app.sources.shown[0]?.last_visit;
  if (!visit) throw new Error('it was never visited');
  return { ...visit, ...change };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the table of sources', () => {
  it('has its columns, its order and what is looked at where the user wants them, and keeps that', async () => {
    const { app, host } = await sources();
    const heads = (): (string | undefined)[] =>
      screen.getAllByRole('columnheader').map((head) => head.dataset['column']);
    expect(heads()).toEqual(['enabled', 'name', 'last_visit', 'new', 'works']);
    const key = async (name: string, held: KeyboardEventInit): Promise<void> => {
      await fireEvent.keyDown(screen.getByTestId(`sort-${name}`), { altKey: true, ...held });
      await settled();
    };
    await key('works', { key: 'ArrowLeft' });
    expect(heads()).toEqual(['enabled', 'name', 'last_visit', 'works', 'new']);
    await key('works', { key: 'ArrowRight', shiftKey: true });
    expect(app.preferences.sources.columns.find(({ column }) => column === 'works')?.width).not.toBeNull();
    await fireEvent.click(screen.getByTestId('columns'));
    await settled();
    expect(screen.getByTestId('column-name').hasAttribute('disabled'), 'the name always stays').toBe(true);
    await fireEvent.click(screen.getByTestId('column-last_visit'));
    await fireEvent.click(screen.getByTestId('column-came'));
    await fireEvent.click(screen.getByTestId('columns'));
    await settled();
    expect(heads(), 'one is asked for though there is no room').toEqual([
      'enabled',
      'name',
      'came',
      'works',
      'new',
    ]);
    await fireEvent.click(screen.getByTestId('sort-new'));
    await fireEvent.click(screen.getByTestId('sources-on'));
    await settled();
    expect(app.preferences.proxies.usual, 'the other table is none of this one’s business').toBe(true);

    const later = new AppState(host);
    onTestFinished(await later.start());
    expect(later.preferences.sources.columns).toEqual(app.preferences.sources.columns);
    expect(later.sources.sort).toEqual({ column: 'new', descending: true });
    expect(later.sources.choice).toBe('on');
    await fireEvent.click(screen.getByTestId('columns'));
    await fireEvent.click(screen.getByTestId('columns-reset'));
    await settled();
    expect(heads()).toEqual(['enabled', 'name', 'last_visit', 'new', 'works']);
  });

  it('starts as it comes where nothing sensible was kept', async () => {
    const { host } = await sources();
    for (const kept of [
      3,
      {},
      { sources: 4, sort: 'x' },
      { sort: [{ column: 'x' }], sources: { sort: 1 } },
    ]) {
      await host.preferencesSet(kept as object);
      const later = new AppState(host);
      onTestFinished(await later.start());
      expect(later.notices.toasts).toEqual([]);
      expect(later.preferences.sources.usual).toBe(true);
      expect(later.sources.sort).toEqual({ column: 'works', descending: true });
      expect(later.sources.choice).toBe('all');
      expect(later.view.sort).toEqual([{ column: 'score', descending: true }]);
    }
  });

  it('has a row for each, of which those in sight are drawn', async () => {
    const { app } = await sources();
    expect(grid().getAttribute('aria-rowcount')).toBe(String(app.sources.shown.length + 1));
    expect(rows().length).toBeLessThanOrEqual(app.sources.shown.length);
    expect(screen.getByRole('columnheader', { name: /Works/ }).getAttribute('aria-sort')).toBe('descending');
  });

  it('tells how the last visit ended by a word', async () => {
    const stage = await sources();
    const cases: [Partial<VisitDto>, string][] = [
      [{ outcome: 'changed' }, 'changed'],
      [{ outcome: 'unchanged' }, 'same proxies'],
      [{ outcome: 'not_modified' }, 'not modified'],
      [{ outcome: 'empty' }, 'no proxy in it'],
      [{ outcome: 'failed', failure: 'timeout' }, 'timed out'],
      [{ outcome: 'failed', failure: 'status', code: 404 }, '404'],
      [{ outcome: 'wrong_page', failure: 'challenge', code: 403 }, 'a captcha came instead'],
      [{ outcome: 'failed', failure: 'unreadable' }, 'file not readable'],
      [{ outcome: 'failed', failure: 'a_reason_of_tomorrow' }, 'failed'],
    ];
    for (const [change, word] of cases) {
      const id = await retell(stage, { last_visit: visitOf(stage, change) });
      expect(row(id).textContent, word).toContain(word);
    }
  });

  it('says what comparing told, and why one is paused', async () => {
    const stage = await sources();
    const now = Date.now();
    const notes: [SourceNoteDto, string][] = [
      [{ note: 'copy_of', source: 3, name: '<b>other</b>', share: 0.97 }, 'copy of <b>other</b>'],
      [{ note: 'frozen', since: now - 22 * 86_400_000 }, 'same for 3 weeks'],
      [{ note: 'frozen', since: now - 8 * 86_400_000 }, 'same for 1 week'],
      [{ note: 'append_only', since: now }, 'only grows'],
    ];
    for (const [note, words] of notes) {
      const id = await retell(stage, { notes: [note] });
      expect(row(id).textContent).toContain(words);
    }
    const id = await retell(stage, { paused: 'nothing_works', paused_since: now, enabled: true });
    expect(row(id).textContent).toContain('paused, nothing works');
    expect(within(row(id)).getByRole('switch')).toBeDefined();
  });

  it('tells freshness in words too, and when the next visit is, where there is room', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1200);
    const stage = await sources();
    const id = await retell(stage, {
      fresh: [...Array.from({ length: 12 }, () => 0), 40, 2],
      next_visit: Date.now() + 14.2 * 60_000,
      enabled: true,
      paused: null,
    });
    expect(within(row(id)).getByRole('img').getAttribute('aria-label')).toBe(
      'New today: 2. In 14 days: 42. Most in a day: 40.',
    );
    expect(row(id).textContent).toContain('in 14 min');
    await retell(stage, { paused: 'unreadable', paused_since: null });
    const enable = vi.spyOn(stage.host, 'sourcesEnable');
    await fireEvent.click(screen.getByTestId(`source-go-${id}`));
    await settled();
    expect(enable).toHaveBeenCalledWith([id], true);
  });

  it('is walked and worked by keyboard', async () => {
    const { app, host } = await sources();
    await press('ArrowDown');
    await press('ArrowDown');
    expect(app.sources.cursor).toBe(1);
    expect(grid().getAttribute('aria-activedescendant')).toBe('source-1');
    expect(rows()[1]?.getAttribute('aria-selected')).toBe('true');
    const second = app.sources.shown[1];
    await press(' ');
    expect(app.sources.shown[1]?.enabled, 'Space switches').toBe(false);
    expect((await host.sources()).find(({ id }) => id === second?.id)?.enabled).toBe(false);
    await press('ArrowDown', { shiftKey: true });
    expect(app.sources.selected).toHaveLength(2);
    await press('Enter');
    expect(app.sourceDrawer.id).toBe(app.sources.shown[2]?.id);
    await press('Escape');
    expect(app.sourceDrawer.id).toBeNull();
    await press('a', { ctrlKey: true });
    expect(app.sources.selected).toHaveLength(app.sources.shown.length);
    await press('Escape');
    expect(app.sources.selected).toEqual([]);
    await press('End');
    expect(app.sources.cursor).toBe(app.sources.shown.length - 1);
  });

  it('switches all that are chosen together', async () => {
    const { app, host } = await sources();
    await press('ArrowDown');
    await press('ArrowDown', { shiftKey: true });
    const enable = vi.spyOn(host, 'sourcesEnable');
    const chosen = app.sources.selected.map(({ id }) => id);
    await fireEvent.click(screen.getByTestId(`source-switch-${chosen[1]}`));
    await settled();
    expect(enable).toHaveBeenCalledWith(chosen, false);
    expect(app.sources.selected, 'a switch chooses nothing').toHaveLength(2);
  });

  it('removes with Delete, and gives back', async () => {
    const { app } = await sources();
    draw(app, Toasts);
    await press('ArrowDown');
    const gone = app.sources.shown[0];
    await press('Delete');
    expect(screen.queryByTestId(`source-row-${gone?.id}`)).toBeNull();
    expect(screen.getByTestId('toasts').textContent).toContain(`Removed ${gone?.name}`);
    await fireEvent.click(screen.getByTestId('undo'));
    await settled();
    expect(app.sources.shown[0]?.id).toBe(gone?.id);
  });

  it('is ordered by its heads', async () => {
    const { app } = await sources();
    await fireEvent.click(screen.getByTestId('sort-name'));
    await settled();
    const names = app.sources.shown.map(({ name }) => name);
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })));
    await fireEvent.click(screen.getByTestId('sort-name'));
    await settled();
    expect(app.sources.shown.map(({ name }) => name)).toEqual(names.toReversed());
  });

  it('is narrowed by a choice, which says how many there are', async () => {
    const { app } = await sources();
    const off = app.sources.list?.filter(({ enabled }) => !enabled).length;
    const chip = screen.getByTestId('sources-off');
    expect(chip.textContent).toContain(String(off));
    await fireEvent.click(chip);
    await settled();
    expect(chip.getAttribute('aria-pressed')).toBe('true');
    expect(screen.getByTestId('sources-count').dataset['shown']).toBe(String(off));
    app.sources.narrow({ text: 'nothing is called so' });
    await settled();
    await fireEvent.click(within(screen.getByTestId('no-source')).getByRole('button'));
    await settled();
    expect(app.sources.shown).toHaveLength(app.sources.list?.length ?? 0);
  });

  it('shows which are being visited', async () => {
    const stage = await sources();
    const id = stage.app.sources.shown[0]?.id ?? 0;
    stage.tell({
      event: 'collecting',
      task: 1,
      status: 'running',
      done: 0,
      total: 5,
      found: 0,
      new: 0,
      bytes: 0,
      visiting: [id],
      seconds: 0,
      seconds_left: null,
    });
    expect(row(id).dataset['outcome']).toBe('visiting');
    expect(row(id).textContent).toContain('visiting…');
  });

  it('shows strangers’ text as text', async () => {
    const stage = await sources();
    const id = await retell(stage, { name: '<img src=x onerror=alert(1)>', address: '<script>' });
    expect(row(id).querySelector('img, script')).toBeNull();
    expect(row(id).textContent).toContain('<img src=x onerror=alert(1)>');
  });
});

describe('the page of a source', () => {
  async function page(
    find: (source: SourceDto) => boolean = () => true,
  ): Promise<Stage & { source: SourceDto }> {
    const stage = await sources();
    const source = stage.app.sources.shown.find(find);
    if (!source) throw new Error('there is no such source');
    stage.app.sourceDrawer.open(source.id);
    await settled();
    return { ...stage, source };
  }

  it('tells its figures, its visits, what it shares, and why its proxies fail', async () => {
    const { source } = await page();
    const drawer = screen.getByTestId('source-drawer');
    expect(drawer.dataset['id']).toBe(String(source.id));
    expect(screen.getByTestId('source-drawer-address').textContent).toBe(source.address);
    expect(screen.getByTestId('yield-chart').textContent).toContain('Came');
    expect(within(screen.getByTestId('visits')).getAllByRole('listitem').length).toBeGreaterThan(10);
    expect(within(screen.getByTestId('overlap')).getAllByRole('row').length).toBeGreaterThan(1);
    expect(drawer.textContent).toMatch(/refused|timed out|auth required/);
  });

  it('leads to the sources with which it has most in common', async () => {
    const { app } = await page();
    const [other] = within(screen.getByTestId('overlap')).getAllByRole('button');
    if (other) await fireEvent.click(other);
    await settled();
    expect(app.sources.find(app.sourceDrawer.id ?? 0)?.name).toBe(other?.textContent);
  });

  it('leads to its proxies, and the table shows no others', async () => {
    const { app, host, source } = await page();
    await fireEvent.click(screen.getByTestId('source-proxies'));
    await settled();
    expect(app.screen).toBe('proxies');
    expect(app.view.filter.source).toEqual([source.name]);
    expect(app.view.view?.rows).toBe(source.holds);
    const some = (await host.viewRows(app.view.view?.view ?? 0, 0, 1)).rows[0];
    expect((await host.proxyDetail(some?.id ?? 0)).sources).toContain(source.name);
  });

  it('copies the address of its home page rather than opening it', async () => {
    const { source } = await page(({ home }) => home !== null);
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await fireEvent.click(screen.getByTestId('source-copy-home'));
    expect(write).toHaveBeenCalledWith(source.home);
    expect(screen.getByTestId('source-drawer').querySelector('a')).toBeNull();
  });

  it('of a paused one says why, and sets it going again', async () => {
    const { app, source } = await page(({ paused }) => paused !== null);
    expect(screen.getByTestId('source-paused').textContent).toContain('It was paused by itself on');
    await fireEvent.click(screen.getByTestId('source-go'));
    await settled();
    expect(app.sources.find(source.id)?.paused).toBeNull();
    expect(screen.queryByTestId('source-paused')).toBeNull();
  });

  it('collects from it alone', async () => {
    const { host, source } = await page();
    const start = vi.spyOn(host, 'collectStart').mockResolvedValue(1);
    await fireEvent.click(screen.getByTestId('source-collect'));
    await settled();
    expect(start).toHaveBeenCalledWith([source.id]);
  });

  it('of what was pasted offers nothing that nobody can do', async () => {
    await page(({ kind }) => kind === 'text');
    for (const name of ['drawer-switch', 'collect', 'test', 'edit'])
      expect(screen.queryByTestId(`source-${name}`), name).toBeNull();
    expect(screen.getByTestId('source-remove')).toBeDefined();
  });

  it('says when it is no longer there', async () => {
    const { app } = await page();
    app.sourceDrawer.open(9999);
    await settled();
    expect(screen.getByTestId('source-drawer').textContent).toContain('no longer there');
  });
});

describe('the sheet for a source', () => {
  async function sheet(world: Partial<World> = {}): Promise<Stage> {
    const stage = await openApp(world);
    draw(stage.app, SourceSheet);
    stage.app.sourceForm.add();
    flushSync();
    return stage;
  }

  async function type(testid: string, value: string): Promise<void> {
    await fireEvent.input(screen.getByTestId(testid), { target: { value } });
    await settled();
  }

  async function enter(): Promise<void> {
    await fireEvent.keyDown(screen.getByTestId('source-address'), { key: 'Enter' });
    await settled();
  }

  it('tries an address when typing rests, and not before it is whole', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { host } = await sheet();
    const test = vi.spyOn(host, 'sourceTest');
    for (const part of ['https://li', 'https://lists.example.net/a', 'https://lists.example.net/ab']) {
      await type('source-address', part);
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(test).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(500);
    await settled();
    expect(test.mock.calls.map(([edit]) => edit.address)).toEqual(['https://lists.example.net/ab']);
    await type('source-address', 'https://');
    await vi.advanceTimersByTimeAsync(2000);
    expect(test, 'half an address is asked of nobody').toHaveBeenCalledOnce();
    expect(screen.queryByTestId('source-test-result'), 'and the old answer is not about it').toBeNull();
  });

  it('shows what it would bring, and proposes a name', async () => {
    const { app, host } = await sheet();
    const add = vi.spyOn(host, 'sourceAdd');
    await type('source-address', 'https://lists.example.net/zephyr/http.txt');
    await enter();
    const result = screen.getByTestId('source-test-result');
    const count = (name: string): number =>
      Number(screen.getByTestId(`source-test-${name}`).textContent.replace(/\D/g, ''));
    expect(count('accepted')).toBe(count('new') + count('known'));
    expect(count('refused')).toBe(37);
    expect(result.textContent).toContain('not a public address');
    expect(screen.getByTestId<HTMLInputElement>('source-name').value).toBe('lists.example.net/http.txt');
    expect(add, 'nothing is kept yet').not.toHaveBeenCalled();
    await type('source-name', 'zephyr');
    await enter();
    expect(
      screen.getByTestId<HTMLInputElement>('source-name').value,
      'a name of the user’s own is not overwritten',
    ).toBe('zephyr');
    const before = app.sources.list?.length ?? 0;
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    expect(screen.queryByTestId('source-sheet')).toBeNull();
    expect(app.sources.list).toHaveLength(before + 1);
    expect(app.notices.toasts[0]?.title()).toBe('Added zephyr');
    draw(app, SourcesScreen);
    await settled();
    expect(
      app.sources.selected.map(({ name }) => name),
      'it is brought into sight',
    ).toEqual(['zephyr']);
    expect(screen.getByTestId('sources-table').getAttribute('aria-activedescendant')).toBe(
      `source-${app.sources.cursor}`,
    );
  });

  it('says in plain words which page came instead', async () => {
    await sheet();
    for (const [word, text] of [
      ['captcha', 'asks whether you are human'],
      ['login', 'A page to log in came'],
      ['404', 'the error 404'],
      ['timeout', 'too long to answer'],
      ['empty', 'there is no proxy'],
    ] as const) {
      await type('source-address', `https://www.example.com/${word}`);
      await enter();
      expect(screen.getByTestId('source-test-trouble').textContent, word).toContain(text);
    }
    expect(screen.getByTestId('source-save').hasAttribute('disabled'), 'it may be added all the same').toBe(
      false,
    );
  });

  it('can be stopped while it waits, and tries only the last of what was typed', async () => {
    const { host } = await sheet();
    await type('source-address', 'https://slow.example.net/a');
    await enter();
    expect(screen.queryByTestId('source-test-result')).toBeNull();
    const stop = vi.spyOn(host, 'sourceTestStop');
    await fireEvent.click(screen.getByTestId('source-test-stop'));
    await settled();
    expect(stop).toHaveBeenCalledOnce();
    expect(screen.queryByTestId('source-test-result'), 'a test that was stopped says nothing').toBeNull();
    await type('source-address', 'https://slow.example.net/b');
    await enter();
    await type('source-address', 'https://lists.example.net/c');
    await enter();
    expect(screen.getByTestId('source-test-result').dataset['outcome']).toBe('changed');
  });

  it('says at the field what is wrong, and keeps nothing', async () => {
    const { app, host } = await sheet();
    const add = vi.spyOn(host, 'sourceAdd');
    await type('source-address', 'lists.example.net/a');
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    expect(screen.getByTestId('source-address').getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByRole('alert').textContent).toContain('http://');
    await type('source-address', 'https://lists.example.net/a');
    expect(screen.queryByRole('alert'), 'what was corrected is no longer blamed').toBeNull();
    await type('source-interval', '1');
    expect(screen.getByRole('alert').textContent).toBe('Must be a whole number from 5 to 44,640.');
    expect(screen.getByTestId('source-save').hasAttribute('disabled')).toBe(true);
    await type('source-interval', '15');
    await type('source-json_path', 'data[*]');
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    expect(screen.getByRole('alert').textContent).toContain('JSON path');
    expect(add, 'it was refused twice').toHaveBeenCalledTimes(2);
    expect(app.sourceForm.draft, 'and the sheet stays').not.toBeNull();
    expect(app.notices.toasts).toEqual([]);
  });

  it('says when the address is there already, and leads to it', async () => {
    const { app } = await sheet();
    await vi.waitFor(() => {
      if (!app.sources.list) throw new Error('not yet');
    });
    const known = app.sources.list?.[0];
    await type('source-address', known?.address ?? '');
    expect(screen.getByTestId('source-double').textContent).toContain(known?.name);
    await fireEvent.click(screen.getByTestId('source-double'));
    await settled();
    expect(app.sourceDrawer.id).toBe(known?.id);
    expect(app.sourceForm.draft).toBeNull();
  });

  it('changes one that is there', async () => {
    const { app, host } = await sources();
    draw(app, SourceSheet);
    const source = app.sources.shown[0];
    if (source) await app.sourceForm.edit(source);
    flushSync();
    expect(screen.getByTestId<HTMLInputElement>('source-address').value).toBe(source?.address);
    await type('source-priority', '77');
    await fireEvent.change(screen.getByTestId('source-protocol'), { target: { value: 'socks5' } });
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    const now = (await host.sources()).find(({ id }) => id === source?.id);
    expect(now).toMatchObject({ priority: 77, protocol: 'socks5', name: source?.name });
  });

  it('writes back what it was not asked to change, letter by letter', async () => {
    const { app, host } = await sources();
    draw(app, SourceSheet);
    const source = app.sources.shown[0];
    if (!source) throw new Error('there is no source');
    // The list tells of it made fit to be shown.
    const odd = { name: ' odd\u001b\\u{1b} ', address: '/lists/odd\u202e ' };
    const sourceAsWritten = host.sourceAsWritten.bind(host);
    host.sourceAsWritten = async (id) => ({ ...(await sourceAsWritten(id)), ...odd });
    const edit = vi.spyOn(host, 'sourceEdit').mockResolvedValue(source);
    await app.sourceForm.edit(source);
    flushSync();
    expect(screen.getByTestId<HTMLInputElement>('source-name').value).toBe(odd.name);
    await type('source-priority', '77');
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    expect(edit.mock.lastCall?.[1]).toMatchObject({ ...odd, priority: 77 });

    await app.sourceForm.edit(source);
    flushSync();
    await type('source-name', ' plain ');
    await fireEvent.click(screen.getByTestId('source-save'));
    await settled();
    expect(edit.mock.lastCall?.[1]).toMatchObject({ name: 'plain', address: odd.address });
  });

  it('that cannot be read says so, and one that was asked for later is the one that is shown', async () => {
    const stage = await sources({ failing: { sourceAsWritten: 'not_found' } });
    const [first, second] = stage.app.sources.shown;
    if (!first || !second) throw new Error('there is no source');
    await stage.app.sourceForm.edit(first);
    expect(stage.app.sourceForm.draft).toBeNull();
    expect(stage.app.notices.toasts[0]?.tone).toBe('bad');

    const { app } = await openApp();
    await Promise.all([app.sourceForm.edit(first), app.sourceForm.edit(second)]);
    expect(app.sourceForm.changed?.id).toBe(second.id);
  });
});

describe('the header at the sources', () => {
  async function header(world: Partial<World> = {}): Promise<Stage> {
    const stage = await openApp({ rows: 3000, visits: 1, ...world });
    stage.app.screen = 'sources';
    draw(stage.app, Header);
    await settled();
    return stage;
  }

  it('collects, shows how far it is, and stops', async () => {
    const { app, tell } = await header();
    await fireEvent.click(screen.getByTestId('collect'));
    await settled();
    tell({
      event: 'collecting',
      task: 1,
      status: 'running',
      done: 12,
      total: 58,
      found: 54_321,
      new: 12_345,
      bytes: 14_680_064,
      visiting: [],
      seconds: 10,
      seconds_left: 11.4,
    });
    expect(screen.getByTestId('collect-progress-text').textContent).toBe('12 of 58 sources');
    expect(screen.getByTestId('collect-haul').textContent).toBe('54,321 found, 12,345 new, 14 MB, 11 s left');
    expect(screen.getByTestId('collect-progress').title).toBe('1 MB a second');
    expect(screen.getByRole<HTMLProgressElement>('progressbar').value).toBeCloseTo(12 / 58);
    await fireEvent.click(screen.getByTestId('collect-stop'));
    await settled();
    expect(app.collecting.running).toBe(false);
    expect(screen.getByTestId('collect')).toBeDefined();
  });

  it('says that it collects from what is chosen', async () => {
    const { app } = await header();
    await vi.waitFor(() => {
      if (!app.sources.list) throw new Error('not yet');
    });
    app.sources.point(0, 'only');
    app.sources.point(1, 'range');
    flushSync();
    expect(screen.getByTestId('collect').textContent).toBe('Collect 2 selected');
  });

  it('searches among the sources', async () => {
    const { app } = await header();
    await fireEvent.input(screen.getByTestId('search'), { target: { value: 'alder' } });
    await fireEvent.keyDown(screen.getByTestId('search'), { key: 'Enter' });
    await settled();
    expect(app.screen).toBe('sources');
    expect(app.sources.text).toBe('alder');
    expect(app.view.filter.text, 'the proxies are left alone').toBe('');
    app.screen = 'proxies';
    flushSync();
    expect(screen.getByTestId<HTMLInputElement>('search').value).toBe('');
  });

  it('still stops a check', async () => {
    const { app } = await header({ speed: 1 });
    await app.check();
    flushSync();
    await fireEvent.click(screen.getByTestId('stop-button'));
    await settled();
    expect(app.task.running).toBe(false);
  });
});

it('the title of the window tells how far collecting is', async () => {
  const stage = await openApp({ rows: 300, visits: 1 });
  render(App, { props: { app: stage.app } });
  stage.tell({
    event: 'collecting',
    task: 1,
    status: 'running',
    done: 1,
    total: 4,
    found: 0,
    new: 0,
    bytes: 0,
    visiting: [],
    seconds: 1,
    seconds_left: null,
  });
  expect(document.title).toBe('25% collected, Proxydeck');
  stage.tell({ event: 'collected', task: 1, status: 'cancelled', result: null, error: null });
  expect(document.title).toBe('Proxydeck');
});

describe('the first start', () => {
  it('collects from as many public sources as are on', async () => {
    const { app, host } = await openApp({ rows: 0, visits: 1 });
    const { sources_enabled } = await host.appInfo();
    draw(app, ProxiesScreen);
    await settled();
    const button = screen.getByTestId('first-collect');
    expect(button.textContent.trim()).toBe(`Collect from ${sources_enabled} public sources`);
    await fireEvent.click(button);
    await settled();
    expect(app.collecting.running).toBe(true);
    expect(screen.getByTestId('first-collecting')).toBeDefined();
    expect(screen.queryByTestId('first-collect')).toBeNull();
    await app.collecting.stop();
  });

  it('does not speak of sources where there are none', async () => {
    const { app, host } = await openApp({ rows: 0 });
    const info = await host.appInfo();
    app.info = { ...info, sources_enabled: 0 };
    draw(app, ProxiesScreen);
    await settled();
    expect(screen.queryByTestId('first-collect')).toBeNull();
    expect(screen.getByTestId('first-open').className).toContain('primary');
  });
});

describe('sources elsewhere', () => {
  it('are found by name, and opened', async () => {
    const { app } = await openApp({ rows: 300 });
    await settled();
    draw(app, CommandBox);
    await fireEvent.input(screen.getByTestId('command-text'), { target: { value: 'harbour/http' } });
    await settled();
    const found = screen.getAllByRole('option')[0];
    expect(found?.textContent).toContain('harbour/http');
    await fireEvent.keyDown(screen.getByTestId('command-text'), { key: 'Enter' });
    await settled();
    expect(app.screen).toBe('sources');
    expect(app.sources.find(app.sourceDrawer.id ?? 0)?.name).toBe('harbour/http');
  });

  it('are named by a proxy that they have, and lead to their pages', async () => {
    const { app } = await openApp({ rows: 300 });
    draw(app, ProxiesScreen);
    await settled();
    app.drawer.open(app.view.row(0)?.id ?? 0);
    await settled();
    const [name] = screen.getAllByTestId(/^drawer-source-/);
    const wanted = name?.textContent;
    if (name) await fireEvent.click(name);
    await settled();
    expect(app.screen).toBe('sources');
    expect(app.sources.find(app.sourceDrawer.id ?? 0)?.name).toBe(wanted);
  });

  it('have their commands in the box', async () => {
    const { app } = await openApp({ rows: 300, visits: 1 });
    draw(app, CommandBox);
    const option = (name: string): HTMLElement => screen.getByTestId(`found-command-${name}`);
    expect(option('source-add').textContent).toContain('Add a source');
    expect(option('sources').textContent).toContain('Go to Sources');
    await fireEvent.click(option('collect'));
    await settled();
    expect(app.collecting.running).toBe(true);
    draw(app, CommandBox);
    await settled();
    await fireEvent.click(screen.getAllByTestId('found-command-collect-stop')[0] ?? document.body);
    await settled();
    expect(app.collecting.running).toBe(false);
  });

  it('filter the proxies by their names', async () => {
    const { app } = await openApp({ rows: 3000 });
    draw(app, ProxiesScreen);
    await settled();
    await fireEvent.click(screen.getByTestId('chip-source'));
    await settled();
    await fireEvent.input(screen.getByTestId('chip-source-find'), { target: { value: 'harbour/http' } });
    await settled();
    await fireEvent.click(screen.getByTestId('chip-source-harbour/http'));
    await settled();
    const holds = app.sources.list?.find(({ name }) => name === 'harbour/http')?.holds;
    expect(app.view.filter.source).toEqual(['harbour/http']);
    expect(app.view.view?.rows).toBe(holds);
    await fireEvent.click(screen.getByTestId('chip-source-clear'));
    await settled();
    expect(app.view.filter.source).toEqual([]);
  });
});

describe('the settings of collecting', () => {
  async function settings(world: Partial<World> = {}): Promise<Stage> {
    const stage = await openApp(world);
    draw(stage.app, SettingsScreen);
    await settled();
    return stage;
  }

  it('keep whether what is new is checked', async () => {
    const { app } = await settings();
    const box = screen.getByTestId<HTMLInputElement>('setting-check-collected');
    expect(box.checked).toBe(true);
    await fireEvent.click(box);
    await settled();
    expect(app.settings.now?.check_collected).toBe(false);
  });

  it('take a way, and an address once it is sound', async () => {
    const { app } = await settings();
    await fireEvent.click(screen.getByTestId('through-pool'));
    await settled();
    expect(app.settings.now?.collect_through).toBe('pool');
    await fireEvent.click(screen.getByTestId('through-own'));
    await settled();
    expect(app.settings.now?.collect_through, 'a way without an address does not hold yet').toBe('pool');
    const field = (): HTMLElement => screen.getByTestId('setting-through');
    await fireEvent.input(field(), { target: { value: 'localhost' } });
    await fireEvent.change(field());
    await settled();
    expect(screen.getByRole('alert').textContent).toContain('socks5://127.0.0.1:9050');
    expect(field().getAttribute('aria-invalid')).toBe('true');
    expect(app.settings.now?.collect_through).toBe('pool');
    await fireEvent.input(field(), { target: { value: 'socks5://127.0.0.1:9050' } });
    await fireEvent.change(field());
    await settled();
    expect(app.settings.now?.collect_through).toBe('socks5://127.0.0.1:9050');
    await fireEvent.click(screen.getByTestId('through-none'));
    await settled();
    expect(app.settings.now?.collect_through).toBe('');
  });

  it('show what the engine refuses at its field', async () => {
    const { app, host } = await settings();
    vi.spyOn(host, 'settingsSet').mockRejectedValue({
      code: 'invalid',
      message: 'The setting collecting.through is wrong.',
      hint: null,
      params: { what: 'collecting.through' },
    });
    await fireEvent.click(screen.getByTestId('through-own'));
    await settled();
    await fireEvent.input(screen.getByTestId('setting-through'), {
      target: { value: 'socks5://a.example:1' },
    });
    await fireEvent.change(screen.getByTestId('setting-through'));
    await settled();
    expect(screen.getByRole('alert').textContent).toContain('Must be an address of a proxy');
    expect(app.notices.toasts, 'and nowhere else').toEqual([]);
  });
});

it('the sources speak the language that is chosen', async () => {
  await sources();
  setLanguage('zh-TW', []);
  flushSync();
  expect(screen.getByRole('columnheader', { name: /可用/ })).toBeDefined();
  expect(screen.getByTestId('source-add').textContent).toContain('新增來源');
  setLanguage('en', []);
});
