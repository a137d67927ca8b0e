/** What the one box finds: proxies, what can be done now, and every setting. */
import type { RowDto, ThemeDto } from '../bindings';
import { LANGUAGE_NAMES, t, type Language } from '../i18n/index.svelte';
import { milliseconds } from '../i18n/units';
import { reasonShort } from '../i18n/words';
import type { App } from './app.svelte';
import { NO_FILTER } from './view.svelte';

export interface Found {
  kind: 'proxy' | 'source' | 'command' | 'setting';
  id: string;
  name: string;
  /** What else is to be known of it. */
  hint?: string;
  /** The keys that do the same. */
  keys?: string;
  act: () => void;
}

/** More proxies than this are what the table is for. */
const MOST_PROXIES = 6;
/** And more sources than this are what their screen is for. */
const MOST_SOURCES = 6;
const THEMES: readonly ThemeDto[] = ['dark', 'light', 'system'];

/** The proxies with this text in them, the best first. */
export async function proxies(app: App, text: string): Promise<Found[]> {
  const { host } = app;
  const opened = await host.openView({ ...NO_FILTER, text }, [{ column: 'score', descending: true }]);
  try {
    const { rows } = await host.viewRows(opened.view, 0, Math.min(MOST_PROXIES, opened.rows));
    const found = rows.map((row): Found => ({
      kind: 'proxy',
      id: String(row.id),
      name: row.proxy,
      hint: stateOf(row),
      act: () => {
        app.screen = 'proxies';
        app.drawer.open(row.id);
      },
    }));
    if (opened.rows <= MOST_PROXIES) return found;
    const all: Found = {
      kind: 'proxy',
      id: 'all',
      name: t('find.all', { count: opened.rows }),
      act: () => {
        app.screen = 'proxies';
        app.narrow({ ...NO_FILTER, text });
      },
    };
    return [...found, all];
  } finally {
    void host.closeView(opened.view).catch(() => undefined);
  }
}

/** The sources that are called so, or lie there. */
export function sources(app: App, typed: string): Found[] {
  const all = (app.sources.list ?? []).map((source): Found => ({
    kind: 'source',
    id: String(source.id),
    name: source.name,
    hint: source.address,
    act: () => {
      app.openSource(source.id);
    },
  }));
  return matching(all, typed).slice(0, MOST_SOURCES);
}

function stateOf({ status, reason, code, latency_ms }: RowDto): string {
  const state = t(`status.${status}`);
  const more =
    reason !== null ? reasonShort(reason, code) : latency_ms === null ? null : milliseconds(latency_ms);
  return more === null ? state : t('find.state', { state, more });
}

/** What can be done now. */
export function commands(app: App): Found[] {
  const { task, view, selection, preferences, collecting } = app;
  const some = view.total > 0;
  const command = (when: boolean, id: string, name: string, act: () => void, keys?: string): Found[] =>
    when ? [{ kind: 'command', id, name, act, ...(keys && { keys }) }] : [];
  const go = (screen: App['screen']) => (): void => {
    app.screen = screen;
  };
  return [
    ...command(some && !task.running, 'check', t('header.check_now'), () => void app.check()),
    ...command(task.running, 'stop', t('find.stop'), () => void task.stop()),
    ...command(!collecting.running, 'collect', t('find.collect'), () => void collecting.start(null)),
    ...command(collecting.running, 'collect-stop', t('find.collect_stop'), () => void collecting.stop()),
    ...command(true, 'source-add', t('find.source_add'), () => {
      app.screen = 'sources';
      app.sourceForm.add();
    }),
    ...command(true, 'import', t('find.import'), () => void app.importing.pick()),
    ...command(true, 'paste', t('find.paste'), () => {
      app.importing.paste();
    }),
    ...command(some, 'export', t('find.export'), () => {
      app.exporting = true;
    }),
    ...command(
      selection.count > 0,
      'delete',
      t('action.delete_selected', { count: selection.count }),
      () => void app.deleteMeant(),
      t('find.delete_keys'),
    ),
    ...command(
      app.changes.undoable,
      'undo',
      t('find.undo'),
      () => void app.changes.undo(),
      t('find.undo_keys'),
    ),
    ...command(view.filtered, 'clear', t('action.clear_filter'), () => {
      app.clearFilter();
    }),
    ...command(
      some,
      'search',
      t('find.search'),
      () => {
        document.querySelector<HTMLElement>('[data-testid=search]')?.focus();
      },
      t('header.search_keys'),
    ),
    ...command(
      app.screen !== 'proxies',
      'proxies',
      t('find.go', { screen: t('nav.proxies') }),
      go('proxies'),
    ),
    ...command(
      app.screen !== 'sources',
      'sources',
      t('find.go', { screen: t('nav.sources') }),
      go('sources'),
    ),
    ...command(
      app.screen !== 'settings',
      'settings',
      t('find.go', { screen: t('nav.settings') }),
      go('settings'),
    ),
    ...command(
      some,
      'density',
      t(preferences.density === 'compact' ? 'find.usual_rows' : 'find.compact_rows'),
      () => {
        preferences.setDensity(preferences.density === 'compact' ? 'usual' : 'compact');
      },
    ),
    ...THEMES.filter((theme) => theme !== app.settings.now?.theme).flatMap((theme) =>
      command(true, `theme-${theme}`, t('find.theme', { theme: t(`settings.theme_${theme}`) }), () => {
        change(app, { theme });
      }),
    ),
    ...(Object.keys(LANGUAGE_NAMES) as Language[])
      .filter((language) => language !== app.settings.now?.language)
      .flatMap((language) =>
        command(
          true,
          `language-${language}`,
          t('find.language', { language: LANGUAGE_NAMES[language] }),
          () => {
            change(app, { language });
          },
        ),
      ),
  ];
}

function change(app: App, change: Parameters<App['settings']['change']>[0]): void {
  app.settings.change(change).catch((error: unknown) => {
    app.notices.fault(error);
  });
}

/** Every setting; taking one goes to where it is. */
export function settings(app: App): Found[] {
  const setting = (id: string, name: string, hint: string, control: string): Found => ({
    kind: 'setting',
    id,
    name,
    hint,
    act: () => {
      app.screen = 'settings';
      app.wanted = control;
    },
  });
  return [
    setting('theme', t('settings.theme'), t('settings.theme_hint'), '[name=theme]:checked'),
    setting('language', t('settings.language'), t('settings.language_hint'), '[name=language]:checked'),
    setting('density', t('settings.density'), t('settings.density_hint'), '[name=density]:checked'),
    setting('judges', t('settings.judges'), t('settings.judges_hint'), '[data-testid=judge-0]'),
    setting(
      'timeout',
      t('settings.timeout_seconds'),
      t('settings.timeout_seconds_hint'),
      '[data-testid=setting-timeout]',
    ),
    setting(
      'concurrency',
      t('settings.concurrency'),
      t('settings.concurrency_hint'),
      '[data-testid=setting-concurrency]',
    ),
    setting('rate', t('settings.rate'), t('settings.rate_hint'), '[data-testid=setting-rate]'),
    setting(
      'private',
      t('settings.allow_private'),
      t('settings.allow_private_hint'),
      '[data-testid=setting-private]',
    ),
    setting(
      'check-collected',
      t('settings.check_collected'),
      t('settings.check_collected_hint'),
      '[data-testid=setting-check-collected]',
    ),
    setting('through', t('settings.through'), t('settings.through_hint'), '[name=through]:checked'),
    setting('data', t('settings.data_dir'), t('settings.data_dir_hint'), '[data-testid=data-dir]'),
  ];
}

/** Those in which every word that was typed stands, with those that have it in their name first. */
export function matching(all: Found[], typed: string): Found[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text: string): boolean => words.every((word) => text.toLowerCase().includes(word));
  const named = all.filter(({ name }) => has(name));
  return [...named, ...all.filter((one) => !named.includes(one) && has(`${one.name} ${one.hint ?? ''}`))];
}
