/**
 * The sources of the simulated host: what they are, and a record made up for each. What they have in the pool is counted
 * there, so that what is said of a source and what the table shows are the same.
 */
import type {
  OverlapDto,
  RefusedCountDto,
  SourceDetailDto,
  SourceDto,
  SourceEditDto,
  SourceNoteDto,
  SourceTestDto,
  VisitDto,
} from '../../bindings';
import { CATALOGUE, type Spec } from './catalogue';
import { chance, type FakePool, type Tally } from './pool';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const FRESH_DAYS = 14;
/** Visits that a source's page shows. */
const VISITS = 24;
const OVERLAPS = 6;
const REASONS = 8;
/** Of what a source brings so much is new, when it was visited before. */
const NEWS = 0.04;
/** And so much when nobody has anything yet. */
const FIRST_NEWS = 0.7;
/** Bytes of a line. */
const LINE_BYTES = 19;
const NO_PARSER = { format: null, charset: '', json_path: '', row: '', host: '', port: '' };
const SAMPLE = 8;
const SHOWN_REFUSED = 12;
/** As the engine has it. */
export const INTERVALS = { low: 5, high: 44_640 };

interface Kept {
  spec: Spec;
  edit: SourceEditDto;
  paused: boolean;
  pausedSince: number;
  removed: boolean;
  visits: VisitDto[];
  fresh: number[];
}

export interface Visited {
  visit: VisitDto;
  proxies: string[];
}

/** What is wrong with an edit: the field. */
export class Refused {
  constructor(readonly what: string) {}
}

export class FakeSources {
  private readonly kept: Kept[] = [];
  private readonly roll: () => number;
  private tally: { revision: number; of: Tally[] } | null = null;

  constructor(
    private readonly pool: FakePool,
    seed: number,
    now: number,
    sources: number,
  ) {
    this.roll = chance(seed + 99);
    const tally = pool.tally(CATALOGUE.length);
    specsOf(sources).forEach((spec, number) => {
      const at = number % CATALOGUE.length;
      const edit: SourceEditDto = {
        name: spec.name,
        address: spec.address,
        protocol: spec.protocol,
        parser: { ...NO_PARSER },
        interval_minutes: spec.interval,
        priority: spec.priority,
        enabled: spec.enabled,
      };
      const known = pool.size > 0 && (tally[at]?.holds ?? 0) > 0;
      this.kept.push({
        spec,
        edit,
        paused: known && spec.paused !== undefined,
        pausedSince: now - 2 * DAY,
        removed: false,
        visits: known && spec.kind !== 'text' ? this.history(spec, tally[at], now) : [],
        fresh: known ? this.freshness(spec, tally[at]) : Array.from({ length: FRESH_DAYS }, () => 0),
      });
    });
    pool.originsOf = (names) => this.numbers(names);
  }

  get enabled(): number {
    return this.visited(null).length;
  }

  has(id: number): boolean {
    return this.kept[id - 1]?.removed === false;
  }

  name(id: number): string {
    return this.kept[id - 1]?.edit.name ?? '';
  }

  /** The names of the sources that have a proxy. */
  namesOf(origins: number[]): string[] {
    return origins.map((origin) => this.name(origin + 1));
  }

  /** Which ones a run goes to. */
  visited(ids: number[] | null): number[] {
    const all = this.kept.map((_, at) => at + 1).filter((id) => this.has(id));
    const can = all.filter((id) => this.kept[id - 1]?.spec.kind !== 'text');
    if (ids) return can.filter((id) => ids.includes(id));
    return can.filter((id) => {
      const one = this.kept[id - 1];
      return one?.edit.enabled && !one.paused;
    });
  }

  list(visiting: readonly number[], now: number): SourceDto[] {
    const tally = this.counted();
    return this.kept.flatMap((kept, at) =>
      kept.removed ? [] : [this.source(kept, at, tally[at], visiting.includes(at + 1), now)],
    );
  }

  one(id: number, visiting: readonly number[], now: number): SourceDto | undefined {
    return this.list(visiting, now).find((source) => source.id === id);
  }

  detail(id: number, visiting: readonly number[], now: number): SourceDetailDto | null {
    const source = this.one(id, visiting, now);
    const kept = this.kept[id - 1];
    if (!source || !kept) return null;
    const tally = this.counted();
    const shared = this.pool.sharedWith(id - 1, this.kept.length);
    const overlap = shared
      .map((count, at): OverlapDto => {
        const theirs = tally[at]?.holds ?? 0;
        return {
          source: at + 1,
          name: this.name(at + 1),
          shared: count,
          of_ours: source.holds > 0 ? count / source.holds : 0,
          of_theirs: theirs > 0 ? count / theirs : 0,
        };
      })
      .filter(({ shared: count, source: other }) => count > 0 && this.has(other))
      .sort((a, b) => b.shared - a.shared)
      .slice(0, OVERLAPS);
    return {
      source,
      visits: kept.visits,
      overlap,
      reasons: this.pool.reasonsAt(id - 1).slice(0, REASONS),
    };
  }

  add(edit: SourceEditDto): number {
    check(edit);
    const file = !edit.address.includes('://');
    this.kept.push({
      spec: {
        name: edit.name || nameOf(edit.address),
        kind: file ? 'file' : 'web',
        address: edit.address,
        home: null,
        builtIn: false,
        enabled: edit.enabled,
        protocol: edit.protocol,
        format: edit.parser.format ?? 'text',
        interval: edit.interval_minutes,
        priority: edit.priority,
        size: 800,
        quality: 0.3,
      },
      edit: { ...structuredClone(edit), name: edit.name || nameOf(edit.address) },
      paused: false,
      pausedSince: 0,
      removed: false,
      visits: [],
      fresh: Array.from({ length: FRESH_DAYS }, () => 0),
    });
    return this.kept.length;
  }

  edit(id: number, edit: SourceEditDto): void {
    check(edit);
    const kept = this.kept[id - 1];
    if (kept) kept.edit = { ...structuredClone(edit), name: edit.name || nameOf(edit.address) };
  }

  enable(ids: number[], on: boolean): void {
    for (const id of ids) {
      const kept = this.kept[id - 1];
      if (!kept) continue;
      kept.edit.enabled = on;
      if (on) kept.paused = false;
    }
  }

  remove(ids: number[], removed: boolean): void {
    for (const id of ids) {
      const kept = this.kept[id - 1];
      if (kept) kept.removed = removed;
    }
  }

  /** Visits a source, and says what it had that nobody else has. */
  visit(id: number, first: boolean, now: number): Visited {
    const kept = this.kept[id - 1];
    if (!kept) throw new Refused('source');
    const { spec } = kept;
    const tally = this.counted()[id - 1];
    const size = tally && tally.holds > 0 ? tally.holds : spec.size;
    const accepted = spec.trouble ? 0 : Math.round(size * (0.97 + 0.06 * this.roll()));
    const still = spec.note === 'frozen' || this.roll() < 0.15;
    const fresh = Math.round(accepted * (first ? FIRST_NEWS : still ? 0 : NEWS * (0.5 + this.roll())));
    const proxies = Array.from({ length: fresh }, () => this.address());
    const visit: VisitDto = {
      ...this.make(spec, accepted, now),
      new: fresh,
      working: tally?.working ?? 0,
      ...(!spec.trouble && fresh === 0 && { outcome: still ? 'not_modified' : 'unchanged' }),
    };
    kept.visits = [visit, ...kept.visits].slice(0, VISITS);
    kept.fresh = [...kept.fresh.slice(0, -1), (kept.fresh.at(-1) ?? 0) + fresh];
    return { visit, proxies };
  }

  /** What would come of an address. Some words in it bring trouble. */
  test(edit: SourceEditDto, now: number): SourceTestDto {
    check(edit);
    const trouble = TROUBLES.find(({ word }) => edit.address.includes(word));
    const roll = chance(edit.address.length * 7919 + 3);
    const accepted = trouble ? 0 : Math.round(900 + 4000 * roll());
    const known = Math.round(accepted * 0.72);
    const doubles = Math.round(accepted * 0.013);
    const address = (): string =>
      `203.0.113.${1 + Math.floor(roll() * 254)}:${PORTS[Math.floor(roll() * 4)] ?? 80}`;
    const refused: RefusedCountDto[] = trouble
      ? []
      : [
          { reason: 'not_public', count: 31 },
          { reason: 'bad_port', count: 4 },
          { reason: 'glued', count: 2 },
        ];
    const half = Math.round(accepted * 0.4);
    return {
      visit: {
        at: now,
        took_ms: Math.round(180 + roll() * 900),
        outcome: trouble?.outcome ?? 'changed',
        failure: trouble?.failure ?? null,
        code: trouble?.code ?? null,
        bytes: trouble ? 5210 : accepted * LINE_BYTES,
        format: trouble ? (trouble.outcome === 'failed' ? null : 'html') : (edit.parser.format ?? 'text'),
        read: trouble ? 0 : accepted + doubles + 37,
        accepted,
        new: accepted - known,
        gone: 0,
        duplicates: doubles,
        refused,
        working: 0,
      },
      address: edit.address,
      name: nameOf(edit.address),
      detail: trouble?.detail ?? null,
      refused_lines: trouble
        ? []
        : Array.from({ length: SHOWN_REFUSED }, (_, at) => ({
            line: 12 + at * 57,
            text:
              at % 6 === 4
                ? '198.51.100.4:99999'
                : at % 6 === 5
                  ? '203.0.113.7:8089198.51.100.4:3128'
                  : `10.0.${at}.7:8080`,
            reason: at % 6 === 4 ? 'bad_port' : at % 6 === 5 ? 'glued' : 'not_public',
          })),
      sample: trouble ? [] : Array.from({ length: SAMPLE }, address),
      protocols: trouble
        ? {}
        : edit.protocol
          ? { [edit.protocol]: accepted }
          : {
              http: half,
              socks5: Math.round(accepted * 0.25),
              unknown: accepted - half - Math.round(accepted * 0.25),
            },
    };
  }

  private source(
    kept: Kept,
    at: number,
    tally: Tally | undefined,
    visiting: boolean,
    now: number,
  ): SourceDto {
    const { spec, edit } = kept;
    const last = kept.visits[0] ?? null;
    const visits = edit.enabled && !kept.paused && spec.kind !== 'text';
    return {
      id: at + 1,
      kind: spec.kind,
      name: edit.name,
      address: edit.address,
      home: spec.home,
      built_in: spec.builtIn,
      protocol: edit.protocol,
      parser: { ...edit.parser },
      interval_minutes: edit.interval_minutes,
      priority: edit.priority,
      enabled: edit.enabled,
      paused: kept.paused ? (spec.paused ?? 'nothing_works') : null,
      paused_since: kept.paused ? kept.pausedSince : null,
      visiting,
      last_visit: last,
      next_visit: visits ? Math.max(now, (last?.at ?? now) + edit.interval_minutes * MINUTE) : null,
      holds: tally?.holds ?? 0,
      checked: tally?.checked ?? 0,
      working: tally?.working ?? 0,
      only_here: tally?.only ?? 0,
      fresh: [...kept.fresh],
      notes: kept.visits.length > 1 ? this.notes(spec, at, now) : [],
    };
  }

  private notes({ note }: Spec, at: number, now: number): SourceNoteDto[] {
    switch (note) {
      case 'copy_of':
        return [{ note, source: at, name: this.name(at), share: 0.97 }];
      case 'frozen':
        return [{ note, since: now - 22 * DAY }];
      case 'append_only':
        return [{ note, since: now - 9 * DAY }];
      default:
        return [];
    }
  }

  private history(spec: Spec, tally: Tally | undefined, now: number): VisitDto[] {
    const holds = tally?.holds ?? 0;
    const first = now - Math.floor(2 + this.roll() * Math.min(50, spec.interval - 4)) * MINUTE;
    return Array.from({ length: VISITS }, (_, at) => {
      const trouble = at < 3 ? spec.trouble : undefined;
      const wave = 1 + 0.18 * Math.sin(at / 3) + 0.08 * this.roll();
      const accepted = trouble ? 0 : Math.round(at === 0 ? holds : holds * wave);
      const still = spec.note === 'frozen' || this.roll() < 0.2;
      const made = this.make(
        { ...spec, ...(trouble ? { trouble } : { trouble: undefined }) },
        accepted,
        first - at * spec.interval * MINUTE,
      );
      return {
        ...made,
        new: still ? 0 : Math.round(accepted * NEWS * (0.4 + this.roll())),
        gone: still ? 0 : Math.round(accepted * NEWS * this.roll()),
        working: Math.round((tally?.working ?? 0) * (at === 0 ? 1 : 0.75 + 0.3 * this.roll())),
        ...(!trouble && still && { outcome: at % 2 === 0 ? 'not_modified' : 'unchanged' }),
      };
    });
  }

  private make(
    spec: Spec | (Omit<Spec, 'trouble'> & { trouble: undefined }),
    accepted: number,
    at: number,
  ): VisitDto {
    const { trouble } = spec;
    const refused = Math.round(accepted * 0.012);
    return {
      at,
      took_ms: Math.round(120 + this.roll() * 2400),
      outcome: trouble?.outcome ?? 'changed',
      failure: trouble?.failure ?? null,
      code: trouble?.code ?? null,
      bytes: trouble ? 4096 : accepted * LINE_BYTES,
      format: trouble ? null : spec.format,
      read: accepted + refused + 3,
      accepted,
      new: 0,
      gone: 0,
      duplicates: Math.round(accepted * 0.008),
      refused:
        refused > 1
          ? [
              { reason: 'not_public', count: refused - 1 },
              { reason: 'syntax', count: 1 },
            ]
          : [],
      working: 0,
    };
  }

  private freshness(spec: Spec, tally: Tally | undefined): number[] {
    const daily = (tally?.holds ?? 0) * 0.3;
    return Array.from({ length: FRESH_DAYS }, (_, day) => {
      if (spec.note === 'frozen') return 0;
      if (spec.trouble && day > FRESH_DAYS - 4) return 0;
      return Math.round(daily * (0.5 + 0.3 * Math.sin(day / 2 + spec.size) + 0.4 * this.roll()));
    });
  }

  private numbers(names: string[]): number[] {
    return this.kept.flatMap(({ edit }, at) => (names.includes(edit.name) ? [at] : []));
  }

  private counted(): Tally[] {
    const { revision } = this.pool;
    if (this.tally?.revision !== revision || this.tally.of.length !== this.kept.length)
      this.tally = { revision, of: this.pool.tally(this.kept.length) };
    return this.tally.of;
  }

  private address(): string {
    const octet = (most: number): number => 1 + Math.floor(this.roll() * most);
    return `${octet(222)}.${octet(254)}.${octet(254)}.${octet(254)}:${PORTS[Math.floor(this.roll() * PORTS.length)] ?? 80}`;
  }
}

const PORTS = [80, 1080, 3128, 8080];

const TROUBLES: readonly {
  word: string;
  outcome: VisitDto['outcome'];
  failure: string | null;
  code: number | null;
  detail: string | null;
}[] = [
  { word: 'captcha', outcome: 'wrong_page', failure: 'challenge', code: 403, detail: null },
  { word: 'login', outcome: 'wrong_page', failure: 'login', code: 200, detail: null },
  {
    word: '404',
    outcome: 'failed',
    failure: 'status',
    code: 404,
    detail: 'https://lists.example.net/404.txt answered with 404 Not Found',
  },
  { word: 'timeout', outcome: 'failed', failure: 'timeout', code: null, detail: null },
  { word: 'empty', outcome: 'empty', failure: null, code: null, detail: null },
];

function check(edit: SourceEditDto): void {
  if (!/^(?:https?:\/\/[^/\s]+|\/|[A-Z]:\\)/i.test(edit.address)) throw new Refused('address');
  if (edit.interval_minutes < INTERVALS.low || edit.interval_minutes > INTERVALS.high)
    throw new Refused('interval_minutes');
  if (edit.parser.json_path !== '' && !edit.parser.json_path.startsWith('$'))
    throw new Refused('parser.json_path');
}

/** There can be more than were invented: those have numbers, and nothing in the pool. */
function specsOf(sources: number): Spec[] {
  return Array.from({ length: sources }).flatMap((_, at) => {
    const spec = CATALOGUE[at % CATALOGUE.length];
    const round = Math.floor(at / CATALOGUE.length);
    if (!spec) return [];
    return [round === 0 ? spec : { ...spec, name: `${spec.name} ${round + 1}` }];
  });
}

/** A name made of an address: its host and the last part of its path. */
function nameOf(address: string): string {
  const last = address.split(/[/\\]/).filter(Boolean).at(-1) ?? address;
  if (!URL.canParse(address)) return last;
  const { host } = new URL(address);
  return host === last ? host : `${host}/${last.replace(/[?#].*$/, '')}`;
}
