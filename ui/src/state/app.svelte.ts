/** Everything that the screens share, made once for a host and handed down by context. */
import { createContext } from 'svelte';
import type { AppInfoDto, EventDto, ProxyDetailDto, SourceDetailDto, SourceDto, WhichDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { copyText } from '../lib/clipboard';
import { visitable } from '../lib/sources';
import { Changes } from './changes.svelte';
import { Collecting } from './collecting.svelte';
import { Drawer } from './drawer.svelte';
import { Importing } from './importing.svelte';
import { Notices } from './notices.svelte';
import { Preferences } from './preferences.svelte';
import { Selection } from './selection.svelte';
import { Settings } from './settings.svelte';
import { SourceForm } from './source-form.svelte';
import { Sources } from './sources.svelte';
import { Task } from './task.svelte';
import { MAX_GATHERED, NO_FILTER, PoolView } from './view.svelte';

export type Screen = 'proxies' | 'sources' | 'settings';

/** How often what stands in relative time is written anew. */
export const CLOCK_MS = 10_000;
/** The drawer follows a running check at most so often. */
const DRAWER_MS = 1000;
/** While proxies of sources are checked, what is told of the sources follows at most so often. */
const SOURCES_MS = 5000;
/** A table that fills for the first time shows what came at most so often. */
const FILL_MS = 1000;

export class App {
  screen = $state<Screen>('proxies');
  info = $state.raw<AppInfoDto | null>(null);
  /** The time by which ages are told. */
  now = $state(Date.now());
  exporting = $state(false);
  /** Whether the box is open that finds everything. */
  finding = $state(false);
  /** The control of a setting that is to have the keyboard, as a selector. */
  wanted = $state<string | null>(null);
  /** Whether files are held over the window. */
  hovered = $state(false);
  readonly notices = new Notices();
  readonly settings: Settings;
  readonly preferences: Preferences;
  readonly view: PoolView;
  readonly selection: Selection;
  readonly changes: Changes;
  readonly task: Task;
  readonly drawer: Drawer<ProxyDetailDto>;
  readonly sources: Sources;
  readonly sourceDrawer: Drawer<SourceDetailDto>;
  readonly sourceForm: SourceForm;
  readonly collecting: Collecting;
  readonly importing: Importing;
  private drawerTimer: ReturnType<typeof setTimeout> | null = null;
  private fillTimer: ReturnType<typeof setTimeout> | null = null;
  /** Whether the first proxies of all are coming in, and there is no order yet that could jump. */
  private filling = false;

  constructor(readonly host: Host) {
    this.settings = new Settings(host);
    this.preferences = new Preferences(host, this.notices);
    this.view = new PoolView(host, this.notices);
    this.selection = new Selection(this.view);
    this.changes = new Changes(host, this.notices, this.view);
    this.task = new Task(host, this.notices);
    this.drawer = new Drawer((id) => host.proxyDetail(id), this.notices);
    this.sourceDrawer = new Drawer((id) => host.sourceDetail(id), this.notices);
    this.sources = new Sources(host, this.notices, () => {
      this.sourceDrawer.refresh();
      void this.refreshInfo();
    });
    this.sourceForm = new SourceForm(
      host,
      (source, fresh) => {
        this.sourceSaved(source, fresh);
      },
      (thrown) => {
        this.notices.fault(thrown);
      },
    );
    this.collecting = new Collecting(host, this.notices, () => {
      this.screen = 'sources';
      this.sources.narrow({ choice: 'failing', text: '' });
    });
    this.importing = new Importing(host, this.notices, () => {
      this.view.reopen();
      void this.refreshInfo();
    });
  }

  /** Begins to listen and to show. Answers how to end. */
  async start(): Promise<() => void> {
    const unfollow = this.settings.follow();
    const clock = setInterval(() => {
      this.now = Date.now();
    }, CLOCK_MS);
    const ends = [
      unfollow,
      () => {
        clearInterval(clock);
      },
    ];
    try {
      ends.push(
        await this.host.onEvent((event) => {
          this.hear(event);
        }),
      );
      ends.push(
        await this.host.onFileDrop((drop) => {
          this.hovered = drop.kind === 'over';
          if (drop.kind === 'drop' && drop.paths.length > 0) void this.importing.drop(drop.paths);
        }),
      );
      await Promise.all([
        this.settings.load(),
        this.preferences.load(
          (sort) => {
            this.view.sort = sort;
          },
          (sort, choice) => {
            if (sort) this.sources.sort = sort;
            if (choice) this.sources.choice = choice;
            this.sources.arrange();
          },
        ),
      ]);
      this.view.reopen();
      this.sources.refresh();
      await this.refreshInfo();
      for (const notice of this.info?.notices ?? []) this.notices.tell(notice);
    } catch (error) {
      this.notices.fault(error);
    }
    return () => {
      for (const end of ends) end();
      if (this.drawerTimer) clearTimeout(this.drawerTimer);
      if (this.fillTimer) clearTimeout(this.fillTimer);
      this.sources.end();
    };
  }

  narrow(change: Parameters<PoolView['narrow']>[0]): void {
    // What was chosen may no longer be in sight, and must not be acted on unseen.
    this.selection.clear();
    this.selection.cursor = -1;
    this.view.narrow(change);
  }

  clearFilter(): void {
    this.narrow(NO_FILTER);
  }

  /** Visits what is chosen among the sources while they are looked at, else all that are on. */
  async collect(): Promise<void> {
    const chosen = this.screen === 'sources' ? this.sources.selected.filter(visitable) : [];
    await this.collecting.start(chosen.length > 0 ? chosen.map(({ id }) => id) : null);
  }

  /** Shows the proxies of a source in the table. */
  showProxiesOf(source: string): void {
    this.screen = 'proxies';
    this.narrow({ ...NO_FILTER, source: [source] });
  }

  /** Shows a source's page. */
  openSource(id: number): void {
    this.screen = 'sources';
    if (!this.sources.shown.some((source) => source.id === id))
      this.sources.narrow({ choice: 'all', text: '' });
    this.sources.sought = id;
    this.sourceDrawer.open(id);
  }

  /** Checks what is chosen, else all that the filter lets through. */
  async check(): Promise<void> {
    const { selection, task, view } = this;
    if (selection.count === 0 || selection.whole) {
      await task.start({ kind: 'filter', filter: view.filter, fresh: true });
      return;
    }
    try {
      const ids = await selection.gatherIds();
      if (ids) await task.start({ kind: 'ids', ids });
      else this.sayTooMany();
    } catch (error) {
      this.notices.fault(error);
    }
  }

  /** What an action in the table is about: all that is chosen, else where the keyboard stands. */
  get meant(): { which: WhichDto; count: number; name?: string } | null {
    const { which, count } = this.selection;
    if (which) return { which, count };
    const row = this.view.row(this.selection.cursor);
    return row ? { which: { kind: 'ids', ids: [row.id] }, count: 1, name: row.proxy } : null;
  }

  /** Deletes what is meant in the table. */
  async deleteMeant(): Promise<void> {
    const meant = this.meant;
    if (meant) await this.delete(meant.which, meant.count, meant.name);
  }

  /** Deletes proxies. Where one of them was looked at, the next one is. */
  async delete(which: WhichDto, count: number, name?: string): Promise<void> {
    const { drawer, selection, view } = this;
    const shown = drawer.id;
    const gone = shown !== null && (await this.holds(which, shown));
    const followed = view.row(selection.cursor)?.id === shown;
    if (!(await this.changes.delete(which, count, name))) return;
    selection.forget(which);
    if (!gone || drawer.id !== shown) return;
    const next = followed ? view.row(selection.cursor) : undefined;
    if (next) drawer.open(next.id);
    else drawer.close();
  }

  /** Gives a tag to proxies or takes it off them. Answers false when that cannot be a tag of theirs. */
  async tag(which: WhichDto, count: number, tag: string, on: boolean): Promise<boolean> {
    const taken = await this.changes.tag(which, count, tag, on);
    this.drawer.refresh();
    return taken;
  }

  private async holds(which: WhichDto, id: number): Promise<boolean> {
    if (which.kind === 'ids') return which.ids.includes(id);
    if (which.kind === 'filter' || which.except.includes(id)) return false;
    const [place] = await this.host.viewPlaces(which.view, [id]);
    return typeof place === 'number';
  }

  /** Goes on where a check was cut off. */
  async goOn(): Promise<void> {
    const unfinished = this.task.unfinished;
    if (unfinished) await this.task.start({ kind: 'unfinished', task: unfinished.task });
  }

  async copySelection(): Promise<void> {
    try {
      const addresses = await this.selection.gatherAddresses();
      if (addresses) await this.copy(addresses);
      else this.sayTooMany();
    } catch (error) {
      this.notices.fault(error);
    }
  }

  async copy(lines: string[]): Promise<void> {
    if (lines.length === 0) return;
    const copied = await copyText(lines.join('\n'));
    if (copied) this.notices.say('good', () => t('notice.copied', { count: lines.length }));
    else
      this.notices.say(
        'bad',
        () => t('notice.copy_failed'),
        () => t('notice.copy_failed_hint'),
      );
  }

  sayTooMany(): void {
    this.notices.say(
      'warn',
      () => t('notice.too_many', { most: MAX_GATHERED }),
      () => t('notice.too_many_hint'),
    );
  }

  private hear(event: EventDto): void {
    switch (event.event) {
      case 'pool':
        this.filling ||= this.view.total === 0 && this.collecting.running;
        this.view.poolChanged(event);
        this.refreshDrawerSoon();
        this.fillSoon();
        if (this.screen === 'sources') this.sources.refreshSoon(SOURCES_MS);
        break;
      case 'progress':
        this.task.advance(event);
        break;
      case 'ended':
        this.task.end(event);
        this.now = Date.now();
        this.drawer.refresh();
        this.sources.refresh();
        void this.refreshInfo();
        break;
      case 'collecting':
        this.collecting.advance(event);
        if (this.screen === 'sources') this.sources.refreshSoon();
        this.refreshDrawerSoon();
        break;
      case 'collected':
        this.collecting.end(event);
        this.now = Date.now();
        this.sources.refresh();
        this.sourceDrawer.refresh();
        this.drawer.refresh();
        this.fillSoon();
        void this.refreshInfo();
        break;
      case 'notice':
        this.notices.tell(event);
        break;
    }
  }

  private refreshDrawerSoon(): void {
    if (this.drawer.id === null && this.sourceDrawer.id === null) return;
    this.drawerTimer ??= setTimeout(() => {
      this.drawerTimer = null;
      this.now = Date.now();
      if (this.screen === 'sources') this.sourceDrawer.refresh();
      else this.drawer.refresh();
    }, DRAWER_MS);
  }

  /** Lets the table grow while the first proxies come in, until the user has begun to work in it. */
  private fillSoon(): void {
    if (!this.filling) return;
    this.fillTimer ??= setTimeout(() => {
      this.fillTimer = null;
      const untouched = this.selection.cursor < 0 && !this.view.filtered && this.drawer.id === null;
      if (untouched && this.view.stale) this.view.reopen();
      if (!untouched || !this.collecting.running) this.filling = false;
    }, FILL_MS);
  }

  private sourceSaved(source: SourceDto, fresh: boolean): void {
    this.sources.refresh();
    this.sourceDrawer.refresh();
    void this.refreshInfo();
    if (!fresh) {
      this.notices.say('good', () => t('notice.source_saved', { name: source.name }));
      return;
    }
    // What was just added is to be seen, whatever the list showed.
    if (this.sources.filtered) this.sources.narrow({ choice: 'all', text: '' });
    this.screen = 'sources';
    this.sources.sought = source.id;
    this.notices.say(
      'good',
      () => t('notice.source_added', { name: source.name }),
      () => t('notice.source_added_hint'),
      {
        label: () => t('source.collect'),
        testid: 'collect-added',
        act: () => void this.collecting.start([source.id]),
      },
    );
  }

  private async refreshInfo(): Promise<void> {
    try {
      this.info = await this.host.appInfo();
      this.task.adopt(this.info.running, this.info.unfinished);
      this.collecting.adopt(this.info.collecting);
    } catch (error) {
      this.notices.fault(error);
    }
  }
}

export const [useApp, provideApp] = createContext<App>();
