/**
 * A host without an engine, for a browser and for tests: a seeded pool in memory that filters, orders, imports and
 * checks by the same contract. What it finds is made up. The desktop application never uses it.
 */
import type {
  AppInfoDto,
  CheckWhatDto,
  CollectProgressDto,
  ErrorCode,
  ErrorDto,
  EventDto,
  ExportAskDto,
  FormatDto,
  ImportPreviewDto,
  NoticeDto,
  ProgressDto,
  RowDto,
  SettingsDto,
  SourceDto,
  SourceVisitDto,
  TaskStatusDto,
  UndoableDto,
  WhichDto,
} from '../../bindings';
import type { FileDrop, Host } from '../types';
import { CATALOGUE } from './catalogue';
import { detailOf } from './detail';
import { readList } from './list';
import { chance, FakePool } from './pool';
import { FakeSources, Refused } from './sources';

/** The world that the host simulates. */
export interface World {
  rows: number;
  seed: number;
  /** The share of proxies that were never checked, 0 to 1. */
  unchecked: number;
  /** Proxies a second that a check finishes. */
  speed: number;
  sources: number;
  /** Sources a second that collecting visits. */
  visits: number;
  /** Milliseconds that every answer takes. */
  delay: number;
  settings: SettingsDto;
  /** Proxies that a cut-off check has left; 0 for none. */
  unfinished: number;
  notices: NoticeDto[];
  /** Commands that are refused, with the code of the refusal. */
  failing: Partial<Record<keyof Host, ErrorCode>>;
}

export const DEFAULT_WORLD: World = {
  rows: 52_418,
  seed: 7,
  unchecked: 0.12,
  speed: 1842,
  sources: CATALOGUE.length,
  visits: 8,
  delay: 0,
  settings: {
    theme: 'system',
    language: 'system',
    judges: ['http://judge-1.example.net/', 'https://judge-2.example.net/get'],
    timeout_seconds: 10,
    concurrency: 512,
    rate: 200,
    allow_private: false,
    check_collected: true,
    collect_through: '',
  },
  unfinished: 0,
  notices: [],
  failing: {},
};

const TICK_MS = 100;
const MAX_TIMEOUT_SECONDS = 30;
const MAX_CONCURRENCY = 20_000;
const PREVIEW_LINES = 3;
/** Sources that are visited at the same time. */
const AT_ONCE = 6;
/** In the address of a source that does not answer before it is given up. */
const SLOW = 'slow';
const THROUGH = /^(?:|pool|(?:https?|socks[45][ah]?):\/\/[^\s/]+:\d+\/?)$/;

/** Reads a world out of an address: `?rows=1000000&theme=dark&lang=zh-TW&speed=500&unfinished=12000&fail=exportSave:io`. */
export function worldOf(query: URLSearchParams): World {
  const number = (name: string, usual: number): number => {
    const value = Number(query.get(name) ?? usual);
    return Number.isFinite(value) && value >= 0 ? value : usual;
  };
  const [command, code] = (query.get('fail') ?? '').split(':');
  const notice = query.get('notice');
  return {
    ...DEFAULT_WORLD,
    rows: Math.floor(number('rows', DEFAULT_WORLD.rows)),
    seed: number('seed', DEFAULT_WORLD.seed),
    unchecked: number('unchecked', DEFAULT_WORLD.unchecked),
    speed: number('speed', DEFAULT_WORLD.speed),
    sources: Math.floor(number('sources', DEFAULT_WORLD.sources)),
    visits: number('visits', DEFAULT_WORLD.visits),
    delay: number('delay', DEFAULT_WORLD.delay),
    unfinished: number('unfinished', 0),
    notices: notice
      ? [{ code: notice as NoticeDto['code'], params: { path: '/home/you/.local/share/proxydeck/key' } }]
      : [],
    failing: command && code ? { [command]: code as ErrorCode } : {},
    settings: {
      ...DEFAULT_WORLD.settings,
      theme: (query.get('theme') ?? DEFAULT_WORLD.settings.theme) as SettingsDto['theme'],
      language: (query.get('lang') ?? DEFAULT_WORLD.settings.language) as SettingsDto['language'],
    },
  };
}

interface OpenView {
  order: Uint32Array;
  /** Those of it that were not deleted. */
  rows: Uint32Array;
}

interface Running {
  progress: ProgressDto;
  order: Uint32Array;
  started: number;
  flying: number;
  reasons: Record<string, number>;
  timer: ReturnType<typeof setInterval>;
}

interface Gathering {
  progress: CollectProgressDto;
  queue: number[];
  started: number;
  /** Whether there was nothing before it. */
  first: boolean;
  visits: SourceVisitDto[];
  /** The proxies that nobody had. */
  fresh: number[];
  timer: ReturnType<typeof setInterval>;
}

export function fakeHost(world: Partial<World> = {}): Host {
  return new FakeHost({ ...DEFAULT_WORLD, ...world });
}

class FakeHost implements Host {
  private readonly pool: FakePool;
  private readonly roll: () => number;
  private readonly listeners = new Set<(event: EventDto) => void>();
  private readonly views = new Map<number, OpenView>();
  /** What takes each change back; answers how many proxies that was about. */
  private readonly undos = new Map<number, () => number>();
  private readonly imports = new Map<number, string[]>();
  private readonly dropped = new Map<string, File>();
  private settings: SettingsDto;
  private preferences: object | null = null;
  private readonly catalogue: FakeSources;
  private running: Running | null = null;
  private gathering: Gathering | null = null;
  /** Ends the test that runs. */
  private endTest: (() => void) | null = null;
  private unfinished: number;
  private last = 0;

  constructor(private readonly world: World) {
    this.pool = new FakePool({
      rows: world.rows,
      seed: world.seed,
      unchecked: world.unchecked,
      now: Date.now(),
    });
    this.roll = chance(world.seed);
    this.catalogue = new FakeSources(this.pool, world.seed, Date.now(), world.sources);
    this.settings = { ...world.settings };
    this.unfinished = world.unfinished;
  }

  async appInfo(): Promise<AppInfoDto> {
    await this.turn('appInfo');
    return {
      version: '0.1.0',
      data_dir: '/home/you/.local/share/proxydeck',
      database_bytes: 1_000_000 + this.pool.size * 1600,
      notices: this.world.notices,
      unfinished: this.unfinished ? { task: 3, left: this.unfinished, total: this.pool.size } : null,
      running: this.running ? { ...this.running.progress } : null,
      collecting: this.gathering ? { ...this.gathering.progress } : null,
      sources_enabled: this.catalogue.enabled,
    };
  }

  async settingsGet(): Promise<SettingsDto> {
    await this.turn('settingsGet');
    return structuredClone(this.settings);
  }

  async settingsSet(settings: SettingsDto): Promise<SettingsDto> {
    await this.turn('settingsSet');
    if (settings.timeout_seconds < 1 || settings.timeout_seconds > MAX_TIMEOUT_SECONDS)
      throw fault('invalid', { what: 'timeout_seconds' });
    if (settings.concurrency < 1 || settings.concurrency > MAX_CONCURRENCY)
      throw fault('invalid', { what: 'concurrency' });
    if (!THROUGH.test(settings.collect_through)) throw fault('invalid', { what: 'collecting.through' });
    this.settings = structuredClone(settings);
    return structuredClone(settings);
  }

  async preferencesGet(): Promise<unknown> {
    await this.turn('preferencesGet');
    return structuredClone(this.preferences);
  }

  async preferencesSet(preferences: object): Promise<void> {
    await this.turn('preferencesSet');
    this.preferences = structuredClone(preferences);
  }

  openView: Host['openView'] = async (filter, sort) => {
    await this.turn('openView');
    const opened = this.pool.open(filter, sort);
    const view = ++this.last;
    this.views.set(view, { order: opened.order, rows: opened.order });
    return {
      view,
      rows: opened.order.length,
      total: this.pool.total,
      working: this.pool.working,
      revision: this.pool.revision,
      status: opened.status,
      protocol: opened.protocol,
      anonymity: opened.anonymity,
      country: opened.country,
      tag: opened.tag,
    };
  };

  viewRows: Host['viewRows'] = async (view, from, to) => {
    await this.turn('viewRows');
    const all = this.order(view);
    const rows = Array.from(all.subarray(from, to), (row) => this.pool.row(row));
    return { from, of: all.length, rows };
  };

  viewPlaces: Host['viewPlaces'] = async (view, ids) => {
    await this.turn('viewPlaces');
    const order = this.order(view);
    return ids.map((id) => {
      const place = order.indexOf(id - 1);
      return place < 0 ? null : place;
    });
  };

  async closeView(view: number): Promise<void> {
    await this.turn('closeView');
    this.views.delete(view);
  }

  proxyDetail: Host['proxyDetail'] = async (id) => {
    await this.turn('proxyDetail');
    if (!this.pool.there(id - 1)) throw fault('not_found', { what: String(id) });
    const sources = this.catalogue.namesOf(this.pool.origins(id - 1));
    return detailOf(this.pool.row(id - 1), sources, this.world.seed, Date.now());
  };

  proxiesDelete: Host['proxiesDelete'] = async (which) => {
    await this.turn('proxiesDelete');
    const meant = this.meant(which);
    const rows = meant.filter((row) => this.pool.remove(row, true));
    return this.changed(meant.length, rows.length, () => {
      for (const row of rows) this.pool.remove(row, false);
      return rows.length;
    });
  };

  proxiesTag: Host['proxiesTag'] = async (which, add, remove) => {
    await this.turn('proxiesTag');
    if ([...add, ...remove].some((tag) => tag.trim() === '' || tag.includes(',')))
      throw fault('invalid', { what: 'tag' });
    const meant = this.meant(which);
    const before = new Map<number, readonly string[]>();
    for (const row of meant) {
      const tags = this.pool.tagsOf(row);
      const kept = tags.filter((tag) => !remove.includes(tag));
      const after = [...new Set([...kept, ...add.map((tag) => tag.trim())])].sort();
      if (after.join() === tags.join()) continue;
      before.set(row, tags);
      this.pool.setTags(row, after);
    }
    return this.changed(meant.length, before.size, () => {
      for (const [row, tags] of before) this.pool.setTags(row, tags);
      return before.size;
    });
  };

  proxiesTags: Host['proxiesTags'] = async (which) => {
    await this.turn('proxiesTags');
    const meant = this.meant(which);
    const tags = [...this.pool.countTags()].sort(([one], [other]) => (one < other ? -1 : 1));
    return {
      matched: meant.length,
      tags: tags.map(([tag, total]) => ({
        tag,
        matched: meant.filter((row) => this.pool.tagsOf(row).includes(tag)).length,
        total,
      })),
    };
  };

  undo: Host['undo'] = async (change) => {
    await this.turn('undo');
    const act = this.undos.get(change);
    if (!act) throw fault('not_found', { what: `change ${change}` });
    this.undos.delete(change);
    const count = act();
    this.refit();
    return { matched: count, changed: count, undo: null, failed: null };
  };

  async importPick(): Promise<ImportPreviewDto | null> {
    await this.turn('importPick');
    const file = await pickFile();
    return file ? this.read(file.name, await file.text()) : null;
  }

  async importPath(path: string): Promise<ImportPreviewDto> {
    await this.turn('importPath');
    const file = this.dropped.get(path);
    if (!file) throw fault('not_found', { what: path });
    return this.read(file.name, await file.text());
  }

  async importText(text: string): Promise<ImportPreviewDto> {
    await this.turn('importText');
    // The engine has to call it something.
    return this.read('text', text);
  }

  importCommit: Host['importCommit'] = async (id) => {
    await this.turn('importCommit');
    const proxies = this.imports.get(id);
    if (!proxies) throw fault('not_found', { what: String(id) });
    this.imports.delete(id);
    const added = this.pool.add(proxies);
    this.tellPool();
    return {
      read: proxies.length,
      accepted: proxies.length,
      new: added,
      known: proxies.length - added,
      duplicates: 0,
      refused: {},
    };
  };

  async importDiscard(id: number): Promise<void> {
    await this.turn('importDiscard');
    this.imports.delete(id);
  }

  async checkStart(what: CheckWhatDto): Promise<number> {
    await this.turn('checkStart');
    if (this.running) throw fault('busy', {});
    const order = this.chosen(what);
    this.unfinished = 0;
    const task = ++this.last;
    this.running = {
      order,
      started: Date.now(),
      flying: 0,
      reasons: {},
      timer: setInterval(() => {
        this.tick();
      }, TICK_MS),
      progress: {
        task,
        status: 'running',
        done: 0,
        total: order.length,
        alive: 0,
        in_flight: 0,
        concurrency: this.settings.concurrency,
        rate: 0,
        seconds_left: null,
      },
    };
    this.tell({ event: 'progress', ...this.running.progress });
    return task;
  }

  async checkStop(): Promise<void> {
    await this.turn('checkStop');
    this.end('cancelled');
  }

  async sources(): Promise<SourceDto[]> {
    await this.turn('sources');
    return this.catalogue.list(this.visiting(), Date.now());
  }

  sourceDetail: Host['sourceDetail'] = async (id) => {
    await this.turn('sourceDetail');
    const detail = this.catalogue.has(id) ? this.catalogue.detail(id, this.visiting(), Date.now()) : null;
    if (!detail) throw fault('not_found', { what: String(id) });
    return structuredClone(detail);
  };

  sourceAsWritten: Host['sourceAsWritten'] = async (id) => {
    await this.turn('sourceAsWritten');
    const { name, address, protocol, parser, interval_minutes, priority, enabled } = this.source(id);
    return { name, address, protocol, parser, interval_minutes, priority, enabled };
  };

  sourceTest: Host['sourceTest'] = async (edit) => {
    await this.turn('sourceTest');
    const stopped = edit.address.includes(SLOW)
      ? await new Promise<boolean>((resolve) => {
          this.endTest = () => {
            resolve(true);
          };
        })
      : false;
    this.endTest = null;
    const test = refusing(() => this.catalogue.test(edit, Date.now()));
    return stopped
      ? { ...test, visit: { ...test.visit, outcome: 'failed', failure: 'cancelled', accepted: 0, new: 0 } }
      : test;
  };

  async sourceTestStop(): Promise<void> {
    await this.turn('sourceTestStop');
    this.endTest?.();
  }

  sourceAdd: Host['sourceAdd'] = async (edit) => {
    await this.turn('sourceAdd');
    return this.source(refusing(() => this.catalogue.add(edit)));
  };

  sourceEdit: Host['sourceEdit'] = async (id, edit) => {
    await this.turn('sourceEdit');
    refusing(() => {
      this.catalogue.edit(id, edit);
    });
    return this.source(id);
  };

  sourcesEnable: Host['sourcesEnable'] = async (ids, on) => {
    await this.turn('sourcesEnable');
    this.catalogue.enable(ids, on);
  };

  sourcesRemove: Host['sourcesRemove'] = async (ids) => {
    await this.turn('sourcesRemove');
    this.catalogue.remove(ids, true);
  };

  sourcesRestore: Host['sourcesRestore'] = async (ids) => {
    await this.turn('sourcesRestore');
    this.catalogue.remove(ids, false);
  };

  collectStart: Host['collectStart'] = async (ids) => {
    await this.turn('collectStart');
    if (this.gathering) throw fault('busy', {});
    const queue = this.catalogue.visited(ids);
    const task = ++this.last;
    this.gathering = {
      queue,
      started: Date.now(),
      first: this.pool.size === 0,
      visits: [],
      fresh: [],
      timer: setInterval(() => {
        this.gather();
      }, TICK_MS),
      progress: {
        task,
        status: 'running',
        done: 0,
        total: queue.length,
        found: 0,
        new: 0,
        bytes: 0,
        visiting: queue.slice(0, AT_ONCE),
        seconds: 0,
        seconds_left: null,
      },
    };
    this.tell({ event: 'collecting', ...structuredClone(this.gathering.progress) });
    return task;
  };

  async collectStop(): Promise<void> {
    await this.turn('collectStop');
    this.gathered('cancelled');
  }

  exportPreview: Host['exportPreview'] = async (ask) => {
    await this.turn('exportPreview');
    const rows = this.exported(ask);
    return {
      count: rows.length,
      lines: linesOf(
        ask,
        rows.slice(0, PREVIEW_LINES).map((row) => this.pool.row(row)),
      ).slice(0, PREVIEW_LINES),
    };
  };

  exportSave: Host['exportSave'] = async (ask) => {
    await this.turn('exportSave');
    const rows = this.exported(ask);
    const path = `proxies.${ENDINGS[ask.format]}`;
    const lines = linesOf(
      ask,
      rows.map((row) => this.pool.row(row)),
    );
    download(path, lines, ask.format === 'csv' ? '\r\n' : '\n');
    const written = ask.format === 'clash' ? lines.length - 1 : lines.length;
    const holdsAll = ask.format !== 'clash' && ask.format !== 'proxychains';
    return {
      path,
      written: holdsAll ? rows.length : written,
      left_out: holdsAll ? 0 : rows.length - written,
    };
  };

  onEvent: Host['onEvent'] = (listener) => {
    this.listeners.add(listener);
    return Promise.resolve(() => this.listeners.delete(listener));
  };

  onFileDrop: Host['onFileDrop'] = (listener) => {
    const controller = new AbortController();
    const on = (
      type: 'dragover' | 'dragleave' | 'drop',
      tell: (event: DragEvent) => FileDrop | null,
    ): void => {
      const handle = (event: DragEvent): void => {
        event.preventDefault();
        const drop = tell(event);
        if (drop) listener(drop);
      };
      window.addEventListener(type, handle, { signal: controller.signal });
    };
    on('dragover', () => ({ kind: 'over' }));
    // Leaving one element for another inside the window says nothing.
    on('dragleave', (event) => (event.relatedTarget === null ? { kind: 'leave' } : null));
    on('drop', (event) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      for (const file of files) this.dropped.set(file.name, file);
      return { kind: 'drop', paths: files.map((file) => file.name) };
    });
    return Promise.resolve(() => {
      controller.abort();
    });
  };

  /** Lets every answer come later, as from another process, and refuses what this world lets fail. */
  private async turn(command: keyof Host): Promise<void> {
    if (this.world.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.world.delay));
    const code = this.world.failing[command];
    if (code)
      throw fault(code, {
        path: '/home/you/proxies.csv',
        what: 'list.txt',
        pid: '4711',
        judges: 'judge-1, judge-2',
      });
  }

  private order(view: number): Uint32Array {
    const open = this.views.get(view);
    if (!open) throw fault('not_found', { what: `view ${view}` });
    return open.rows;
  }

  /** The rows that a change is about. */
  private meant(which: WhichDto): number[] {
    switch (which.kind) {
      case 'filter':
        return Array.from(this.pool.open(which.filter, []).order);
      case 'view': {
        const except = new Set(which.except);
        return Array.from(this.order(which.view)).filter((row) => !except.has(row + 1));
      }
      case 'ids':
        return [...new Set(which.ids)].map((id) => id - 1).filter((row) => this.pool.there(row));
    }
  }

  private changed(matched: number, changed: number, back: () => number): UndoableDto {
    this.refit();
    if (changed === 0) return { matched, changed, undo: null, failed: null };
    this.undos.set(++this.last, back);
    return { matched, changed, undo: this.last, failed: null };
  }

  /** Proxies have gone or are back: the views that are open follow, and everybody is told. */
  private refit(): void {
    for (const open of this.views.values()) open.rows = open.order.filter((row) => this.pool.there(row));
    this.tellPool();
  }

  private chosen(what: CheckWhatDto): Uint32Array {
    switch (what.kind) {
      case 'ids':
      case 'list':
        return Uint32Array.from(what.ids, (id) => id - 1);
      case 'filter':
        return this.pool.open(what.filter, []).order;
      case 'unfinished':
        return Uint32Array.from(
          { length: this.unfinished },
          (_, at) => this.pool.size - this.unfinished + at,
        );
    }
  }

  private read(name: string, text: string): ImportPreviewDto {
    const list = readList(name, text, (proxy) => this.pool.has(proxy));
    const id = ++this.last;
    this.imports.set(id, list.proxies);
    return { import: id, ...list.preview };
  }

  private exported(ask: ExportAskDto): number[] {
    const rows = Array.from(this.order(ask.view));
    return ask.working_only ? rows.filter((row) => this.pool.row(row).status === 'active') : rows;
  }

  private tick(): void {
    const running = this.running;
    if (!running) return;
    const { progress, order } = running;
    const now = Date.now();
    const finished = Math.min(order.length, Math.ceil(((now - running.started) / 1000) * this.world.speed));
    for (let at = progress.done; at < finished; at++) {
      const { works, reason } = this.pool.finish(order[at] ?? 0, this.roll, now);
      if (works) progress.alive++;
      else if (reason) running.reasons[reason] = (running.reasons[reason] ?? 0) + 1;
    }
    progress.done = finished;
    running.flying = Math.min(order.length, finished + progress.concurrency);
    for (let at = finished; at < running.flying; at++) this.pool.begin(order[at] ?? 0);
    progress.in_flight = running.flying - finished;
    progress.rate = this.world.speed;
    progress.seconds_left = (order.length - finished) / this.world.speed;
    this.pool.revision++;
    this.tellPool();
    this.tell({ event: 'progress', ...progress });
    if (finished === order.length) this.end('succeeded');
  }

  private end(status: 'succeeded' | 'cancelled'): void {
    const running = this.running;
    if (!running) return;
    const { progress, order } = running;
    clearInterval(running.timer);
    for (let at = progress.done; at < running.flying; at++) this.pool.release(order[at] ?? 0);
    this.running = null;
    this.pool.revision++;
    this.tellPool();
    this.tell({
      event: 'ended',
      task: progress.task,
      status,
      error: null,
      result: {
        checked: progress.done,
        alive: progress.alive,
        by_reason: running.reasons,
        seconds: (Date.now() - running.started) / 1000,
        task: progress.task,
        resumed: false,
        stored: progress.done,
      },
    });
  }

  private visiting(): readonly number[] {
    return this.gathering?.progress.visiting ?? [];
  }

  private source(id: number): SourceDto {
    const source = this.catalogue.one(id, this.visiting(), Date.now());
    if (!source) throw fault('not_found', { what: String(id) });
    return structuredClone(source);
  }

  /** Visits the sources whose turn has come. */
  private gather(): void {
    const gathering = this.gathering;
    if (!gathering) return;
    const { progress, queue } = gathering;
    const now = Date.now();
    const elapsed = (now - gathering.started) / 1000;
    const finished = Math.min(queue.length, Math.floor(elapsed * this.world.visits));
    for (let at = progress.done; at < finished; at++) {
      const id = queue[at] ?? 0;
      const { visit, proxies } = this.catalogue.visit(id, gathering.first, now);
      const before = this.pool.size;
      const added = this.pool.add(proxies, id - 1);
      for (let row = before; row < before + added; row++) gathering.fresh.push(row + 1);
      gathering.visits.push({ id, source: this.catalogue.name(id), visit });
      progress.found += visit.accepted;
      progress.new += added;
      progress.bytes += visit.bytes;
    }
    if (finished > progress.done) this.tellPool();
    progress.done = finished;
    progress.visiting = queue.slice(finished, finished + AT_ONCE);
    progress.seconds = elapsed;
    progress.seconds_left = finished > 0 ? (queue.length - finished) / this.world.visits : null;
    this.tell({ event: 'collecting', ...structuredClone(progress) });
    if (finished === queue.length) this.gathered('succeeded');
  }

  private gathered(status: TaskStatusDto): void {
    const gathering = this.gathering;
    if (!gathering) return;
    const { progress, visits, fresh } = gathering;
    clearInterval(gathering.timer);
    this.gathering = null;
    const outcomes: Record<string, number> = {};
    for (const { visit } of visits) outcomes[visit.outcome] = (outcomes[visit.outcome] ?? 0) + 1;
    this.tell({
      event: 'collected',
      task: progress.task,
      status,
      error: null,
      result: {
        sources: progress.total,
        outcomes,
        found: progress.found,
        distinct: Math.round(progress.found * 0.8),
        new: progress.new,
        bytes: progress.bytes,
        seconds: (Date.now() - gathering.started) / 1000,
        task: progress.task,
        visits,
      },
    });
    if (status === 'succeeded' && this.settings.check_collected && fresh.length > 0 && !this.running)
      void this.checkStart({ kind: 'ids', ids: fresh });
  }

  private tellPool(): void {
    this.tell({
      event: 'pool',
      revision: this.pool.revision,
      total: this.pool.total,
      working: this.pool.working,
    });
  }

  private tell(event: EventDto): void {
    for (const listener of this.listeners) listener(event);
  }
}

function fault(code: ErrorCode, params: Record<string, string>): ErrorDto {
  return {
    code,
    message: `the simulated host refused this with ${code}`,
    hint: 'try again without ?fail=',
    params,
  };
}

/** Does what may be refused for a field of an edit. */
function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw thrown instanceof Refused ? fault('invalid', { what: thrown.what }) : thrown;
  }
}

function pickFile(): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.addEventListener('change', () => {
      resolve(input.files?.[0] ?? null);
    });
    input.addEventListener('cancel', () => {
      resolve(null);
    });
    input.click();
  });
}

const ENDINGS: Record<FormatDto, string> = {
  csv: 'csv',
  jsonl: 'jsonl',
  json: 'json',
  txt: 'txt',
  url: 'txt',
  clash: 'yaml',
  proxychains: 'conf',
};

function download(name: string, lines: string[], end: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([lines.join(end), end], { type: 'text/plain' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const CSV_COLUMNS =
  'proxy,username,protocols,status,reason,latency_ms,anonymity,exit_ip,country,success_rate,score,last_checked';

function linesOf(ask: ExportAskDto, rows: RowDto[]): string[] {
  switch (ask.format) {
    case 'csv':
      return [CSV_COLUMNS, ...rows.map(csvLine)];
    case 'json':
      return [
        '[',
        ...rows.map((row, at) => JSON.stringify(record(row)) + (at + 1 < rows.length ? ',' : '')),
        ']',
      ];
    case 'jsonl':
      return rows.map((row) => JSON.stringify(record(row)));
    case 'txt':
      return rows.map((row) => row.proxy);
    case 'url':
      return rows.map((row) => {
        const scheme = row.protocols.at(-1) ?? row.hints.at(-1) ?? 'http';
        const account = row.username ? `${row.username}${ask.with_secrets ? ':secret' : ''}@` : '';
        return `${scheme === 'https' ? 'http' : scheme}://${account}${row.proxy}`;
      });
    case 'clash':
      return [
        'proxies:',
        ...rows.flatMap((row) => {
          const [kind, host, port] = placeOf(row);
          if (kind === 'socks4') return [];
          const name = JSON.stringify(row.proxy);
          return [`  - {name: ${name}, type: ${kind}, server: ${JSON.stringify(host)}, port: ${port}}`];
        }),
      ];
    case 'proxychains':
      return rows.flatMap((row) => {
        const [kind, host, port] = placeOf(row);
        return /[a-z]/i.test(host) && !host.includes(':') ? [] : [`${kind} ${host} ${port}`];
      });
  }
}

/** How a proxy is used, its host without brackets, and its port. */
function placeOf(row: RowDto): [string, string, string] {
  const scheme = row.protocols.at(-1) ?? row.hints.at(-1) ?? 'http';
  const colon = row.proxy.lastIndexOf(':');
  const host = row.proxy.slice(0, colon).replace(/^\[|\]$/g, '');
  return [scheme === 'https' ? 'http' : scheme, host, row.proxy.slice(colon + 1)];
}

function record(row: RowDto): object {
  const { proxy, username, status, reason, latency_ms, anonymity, exit_ip, country, entry_country, score } =
    row;
  return { proxy, username, status, reason, latency_ms, anonymity, exit_ip, country, entry_country, score };
}

function csvLine(row: RowDto): string {
  const at = row.last_checked === null ? '' : new Date(row.last_checked).toISOString();
  return [
    row.proxy,
    row.username ?? '',
    row.protocols.join('+'),
    row.status,
    row.reason ?? '',
    row.latency_ms ?? '',
    row.anonymity ?? '',
    row.exit_ip ?? '',
    row.country ?? '',
    row.success_rate ?? '',
    row.score ?? '',
    at,
  ].join(',');
}
