/** Everything that the screens share, made once for a host and handed down by context. */
import { createContext } from 'svelte';
import type { AppInfoDto, EventDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { copyText } from '../lib/clipboard';
import { Drawer } from './drawer.svelte';
import { Importing } from './importing.svelte';
import { Notices } from './notices.svelte';
import { Preferences } from './preferences.svelte';
import { Selection } from './selection.svelte';
import { Settings } from './settings.svelte';
import { Task } from './task.svelte';
import { MAX_GATHERED, NO_FILTER, PoolView } from './view.svelte';

export type Screen = 'proxies' | 'settings';

/** How often what stands in relative time is written anew. */
const CLOCK_MS = 10_000;
/** The drawer follows a running check at most so often. */
const DRAWER_MS = 1000;

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
  readonly task: Task;
  readonly drawer: Drawer;
  readonly importing: Importing;
  private drawerTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(readonly host: Host) {
    this.settings = new Settings(host);
    this.preferences = new Preferences(host, this.notices);
    this.view = new PoolView(host, this.notices);
    this.selection = new Selection(this.view);
    this.task = new Task(host, this.notices);
    this.drawer = new Drawer(host, this.notices);
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
      await Promise.all([this.settings.load(), this.preferences.load()]);
      this.view.reopen();
      await this.refreshInfo();
      for (const notice of this.info?.notices ?? []) this.notices.tell(notice);
    } catch (error) {
      this.notices.fault(error);
    }
    return () => {
      for (const end of ends) end();
      if (this.drawerTimer) clearTimeout(this.drawerTimer);
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
        this.view.poolChanged(event);
        this.refreshDrawerSoon();
        break;
      case 'progress':
        this.task.advance(event);
        break;
      case 'ended':
        this.task.end(event);
        this.now = Date.now();
        this.drawer.refresh();
        void this.refreshInfo();
        break;
      case 'notice':
        this.notices.tell(event);
        break;
    }
  }

  private refreshDrawerSoon(): void {
    if (this.drawer.id === null) return;
    this.drawerTimer ??= setTimeout(() => {
      this.drawerTimer = null;
      this.now = Date.now();
      this.drawer.refresh();
    }, DRAWER_MS);
  }

  private async refreshInfo(): Promise<void> {
    try {
      this.info = await this.host.appInfo();
      this.task.adopt(this.info.running, this.info.unfinished);
    } catch (error) {
      this.notices.fault(error);
    }
  }
}

export const [useApp, provideApp] = createContext<App>();
