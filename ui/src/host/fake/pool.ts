/**
 * A simulated pool of proxies in columns, made from a seed, so that a million of them cost some megabytes. It filters,
 * orders and counts as the engine does; nothing here stands for a real address.
 */
import type {
  AnonymityDto,
  FacetDto,
  FilterDto,
  ProtocolDto,
  ReasonDto,
  RefusedCountDto,
  RowDto,
  SortColumnDto,
  SortKeyDto,
  StatusDto,
  TrustFlagDto,
} from '../../bindings';
import { CATALOGUE } from './catalogue';

export const STATUSES: readonly StatusDto[] = ['active', 'new', 'inactive', 'failed', 'retired'];
export const PROTOCOLS: readonly ProtocolDto[] = ['http', 'https', 'socks4', 'socks5'];
/** The best first, as filters show them. */
export const ANONYMITIES: readonly AnonymityDto[] = ['elite', 'anonymous', 'transparent', 'unknown'];
/** Reasons as often as they stand here; what breaks trust is rare. */
const REASONS: readonly ReasonDto[] = [
  'refused',
  'dial_timeout',
  'auth_required',
  'handshake_timeout',
  'not_a_proxy',
  'refused',
  'rejected',
  'tampered',
  'reset',
  'dial_timeout',
  'tls_intercepted',
  'wrong_answer',
];
const FLAGS: Partial<Record<ReasonDto, TrustFlagDto>> = {
  tls_intercepted: 'tls_intercepted',
  tampered: 'tampered',
  wrong_answer: 'wrong_answer',
};
/** The countries of addresses, more of them in the first; the last stands for none that is known. */
export const COUNTRIES: readonly (string | null)[] = [
  ...['US', 'US', 'US', 'ID', 'ID', 'DE', 'DE', 'BR', 'SG', 'TW', 'TW', 'JP', 'FR', 'IN', 'NL', 'VN', 'GB'],
  ...['CN', 'RU', 'HK', 'KR', 'TH', 'CA', 'PL', null],
];
const PORTS = [80, 1080, 3128, 4145, 8080, 8888, 9050];
const HINTS = [0b0001, 0b0011, 0b1000, 0b0100, 0b1100, 0b0011];
const MINUTE = 60_000;
/** Stands in a column of bytes for a value that is not there. */
const NONE = 255;
/** Stands for no source. */
const NOWHERE = 65_535;
/** So much of the pool is in two sources. */
const SHARED = 0.3;
/** The places in the catalogue of those that bring something, the large ones first. */
const ORIGINS = CATALOGUE.map((spec, at) => ({ spec, at }))
  .filter(({ at }) => at % 8 !== 7)
  .sort((a, b) => b.spec.size - a.spec.size)
  .map(({ at }) => at);
/** How much more the large ones bring than the small ones. */
const SKEW = 1.9;
const WORKING = STATUSES.indexOf('active');
const NEW = STATUSES.indexOf('new');

/** A stream of numbers from 0 to 1 that is the same for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PoolOptions {
  rows: number;
  seed: number;
  /** Milliseconds since 1970. */
  now: number;
  /** The share of proxies that were never checked, 0 to 1. */
  unchecked: number;
}

/** What a source has in the pool. */
export interface Tally {
  holds: number;
  checked: number;
  working: number;
  /** That no other has. */
  only: number;
}

export interface OpenedView {
  order: Uint32Array;
  status: FacetDto[];
  protocol: FacetDto[];
  anonymity: FacetDto[];
  country: FacetDto[];
  tag: FacetDto[];
}

export class FakePool {
  /** Rows, the deleted ones too. */
  size = 0;
  working = 0;
  revision = 1;
  private host!: Uint32Array;
  private port!: Uint16Array;
  private state!: Uint8Array;
  private found!: Uint8Array;
  private hints!: Uint8Array;
  private latency!: Uint16Array;
  private anonymity!: Uint8Array;
  private reason!: Uint8Array;
  private rate!: Uint8Array;
  private score!: Uint8Array;
  private checked!: Float64Array;
  private succeeded!: Float64Array;
  private busy!: Uint8Array;
  private gone!: Uint8Array;
  private deleted = 0;
  private readonly tags = new Map<number, readonly string[]>();
  /** The sources of a row; few have a second one. */
  private origin!: Uint16Array;
  private other!: Uint16Array;
  /** Texts of the few that are no plain IPv4 address, or have an account. */
  private readonly special = new Map<number, { proxy: string; username: string | null }>();
  /** Where an imported text already is. */
  private known: Map<string, number> | null = null;
  /** Which sources are called so. */
  originsOf: (names: string[]) => number[] = () => [];

  constructor(private readonly options: PoolOptions) {
    this.grow(options.rows);
    for (let row = 0; row < options.rows; row++) this.make(row);
    this.size = options.rows;
    if (options.rows > 100) {
      this.special.set(23, { proxy: 'gateway.example.net:8080', username: 'alice' });
      this.special.set(31, { proxy: 'gateway.example.net:8080', username: 'bob' });
      this.special.set(47, { proxy: '[2001:db8:4a1::17]:3128', username: null });
    }
  }

  /** Proxies in the pool. */
  get total(): number {
    return this.size - this.deleted;
  }

  there(row: number): boolean {
    return row >= 0 && row < this.size && this.gone[row] === 0;
  }

  /** Deletes a row or brings it back; answers whether that changed anything. */
  remove(row: number, away: boolean): boolean {
    if (row < 0 || row >= this.size || (this.gone[row] === 1) === away) return false;
    this.gone[row] = away ? 1 : 0;
    this.deleted += away ? 1 : -1;
    if (this.state[row] === WORKING) this.working += away ? -1 : 1;
    // An order without it is the order that there was.
    if (!away) this.revision++;
    return true;
  }

  tagsOf(row: number): readonly string[] {
    return this.tags.get(row) ?? [];
  }

  setTags(row: number, tags: readonly string[]): void {
    this.tags.set(row, tags);
    this.revision++;
  }

  /** Every tag that a row of the pool has, with how many do. */
  countTags(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [row, tags] of this.tags)
      if (this.there(row)) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    return counts;
  }

  has(text: string): boolean {
    this.known ??= new Map(Array.from({ length: this.size }, (_, row) => [this.proxy(row), row]));
    return this.known.has(text);
  }

  /** Takes proxies in, all of one source. */
  add(texts: string[], origin = NOWHERE): number {
    const fresh = [...new Set(texts)].filter((text) => !this.has(text));
    this.grow(this.size + fresh.length);
    for (const text of fresh) {
      const row = this.size++;
      this.special.set(row, { proxy: text, username: null });
      this.host[row] = addressOf(text);
      this.known?.set(text, row);
      this.origin[row] = origin;
      this.other[row] = NOWHERE;
      this.clear(row);
    }
    this.revision++;
    return fresh.length;
  }

  proxy(row: number): string {
    const special = this.special.get(row);
    if (special) return special.proxy;
    const host = this.host[row] ?? 0;
    return `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}:${this.port[row] ?? 0}`;
  }

  row(row: number): RowDto {
    const reason = this.reasonOf(row);
    const anonymity = this.anonymity[row] ?? NONE;
    const flag = reason && FLAGS[reason];
    const active = this.state[row] === WORKING;
    return {
      id: row + 1,
      proxy: this.proxy(row),
      username: this.special.get(row)?.username ?? null,
      protocols: words(PROTOCOLS, this.found[row] ?? 0),
      hints: words(PROTOCOLS, this.hints[row] ?? 0),
      status: STATUSES[this.state[row] ?? NEW] ?? 'new',
      checking: this.busy[row] === 1,
      reason,
      code: reason === 'rejected' ? 403 : reason === 'auth_required' ? 407 : null,
      latency_ms: (this.latency[row] ?? 0) || null,
      anonymity: anonymity === NONE ? null : (ANONYMITIES[anonymity] ?? null),
      exit_ip: active ? this.exit(row) : null,
      country: this.country(row),
      entry_country: this.special.has(row) ? null : this.entryCountry(row),
      success_rate: percent(this.rate[row]),
      score: percent(this.score[row]),
      trust: flag ? [flag] : active && row % 17 === 0 ? ['rewrites_headers'] : [],
      tags: [...this.tagsOf(row)],
      last_checked: (this.checked[row] ?? 0) || null,
      last_success: (this.succeeded[row] ?? 0) || null,
    };
  }

  /** Fixes an order of what a filter chooses, and counts what each value of each kind would bring. */
  open(filter: FilterDto, sort: SortKeyDto[]): OpenedView {
    const wanted = {
      status: bits(STATUSES, filter.status),
      protocol: bits(PROTOCOLS, filter.protocol),
      anonymity: bits(ANONYMITIES, filter.anonymity),
    };
    const status = new Uint32Array(STATUSES.length);
    const protocol = new Uint32Array(PROTOCOLS.length);
    const anonymity = new Uint32Array(ANONYMITIES.length);
    const origins = filter.source.length > 0 ? new Set(this.originsOf(filter.source)) : null;
    const countries = new Map(filter.country.map((code) => [code.toUpperCase(), 0]));
    const wantedCountries = new Set(countries.keys());
    const tags = new Map(filter.tag.map((tag) => [tag, 0]));
    const wantedTags = new Set(filter.tag);
    const text = filter.text.trim().toLowerCase();
    const chosen = new Uint32Array(this.size);
    let count = 0;
    for (let row = 0; row < this.size; row++) {
      if (!this.passes(row, filter, text)) continue;
      if (origins && !origins.has(this.origin[row] ?? NOWHERE) && !origins.has(this.other[row] ?? NOWHERE))
        continue;
      const speaks = (this.found[row] ?? 0) || (this.last(row) === 0 ? (this.hints[row] ?? 0) : 0);
      const state = this.state[row] ?? NEW;
      const level = this.anonymity[row] ?? NONE;
      const inStatus = wanted.status === 0 || (wanted.status >> state) & 1;
      const inProtocol = wanted.protocol === 0 || wanted.protocol & speaks;
      const inAnonymity = wanted.anonymity === 0 || (level !== NONE && (wanted.anonymity >> level) & 1);
      const country = this.country(row);
      const inCountry = wantedCountries.size === 0 || (country !== null && wantedCountries.has(country));
      const called = this.tagsOf(row);
      const inTag = wantedTags.size === 0 || called.some((tag) => wantedTags.has(tag));
      const inRest = inStatus && inProtocol && inAnonymity && inCountry;
      if (inRest) for (const tag of called) tags.set(tag, (tags.get(tag) ?? 0) + 1);
      if (!inTag) continue;
      if (inProtocol && inAnonymity && inCountry) status[state] = (status[state] ?? 0) + 1;
      if (inStatus && inAnonymity && inCountry)
        PROTOCOLS.forEach((_, at) => (protocol[at] = (protocol[at] ?? 0) + ((speaks >> at) & 1)));
      if (inStatus && inProtocol && inCountry && level !== NONE)
        anonymity[level] = (anonymity[level] ?? 0) + 1;
      if (inStatus && inProtocol && inAnonymity && country !== null)
        countries.set(country, (countries.get(country) ?? 0) + 1);
      if (inRest) chosen[count++] = row;
    }
    const order = chosen.slice(0, count);
    this.sort(order, sort);
    return {
      order,
      status: facets(STATUSES, status),
      protocol: facets(PROTOCOLS, protocol),
      anonymity: facets(ANONYMITIES, anonymity),
      country: ranked(countries),
      tag: ranked(tags),
    };
  }

  /** Marks a proxy as being checked. */
  begin(row: number): void {
    this.busy[row] = 1;
  }

  /** Takes the mark away without a result. */
  release(row: number): void {
    this.busy[row] = 0;
  }

  /** Puts down a result, decided by `roll`. Answers whether the proxy works. */
  finish(row: number, roll: () => number, now: number): { works: boolean; reason: ReasonDto | null } {
    const before = this.state[row] === WORKING;
    this.busy[row] = 0;
    this.judge(row, roll, now, before ? 0.9 : this.state[row] === NEW ? 0.35 : 0.12);
    const works = this.state[row] === WORKING;
    if (works !== before) this.working += works ? 1 : -1;
    return { works, reason: this.reasonOf(row) };
  }

  /** The places of the sources that have a row. */
  origins(row: number): number[] {
    return [this.origin[row], this.other[row]].filter(
      (origin): origin is number => origin !== undefined && origin !== NOWHERE,
    );
  }

  /** What each of the first so many sources has. */
  tally(sources: number): Tally[] {
    const tallies = Array.from({ length: sources }, (): Tally => ({
      holds: 0,
      checked: 0,
      working: 0,
      only: 0,
    }));
    for (let row = 0; row < this.size; row++) {
      if (this.gone[row] === 1) continue;
      const alone = this.other[row] === NOWHERE;
      for (const origin of this.origins(row)) {
        const tally = tallies[origin];
        if (!tally) continue;
        tally.holds++;
        if (this.last(row) > 0) tally.checked++;
        if (this.state[row] === WORKING) tally.working++;
        if (alone) tally.only++;
      }
    }
    return tallies;
  }

  /** How many rows of a source each of the others has too. */
  sharedWith(origin: number, sources: number): number[] {
    const shared = Array.from({ length: sources }, () => 0);
    for (let row = 0; row < this.size; row++) {
      const [first, second] = [this.origin[row] ?? NOWHERE, this.other[row] ?? NOWHERE];
      const theirs = first === origin ? second : second === origin ? first : NOWHERE;
      if (theirs < sources) shared[theirs] = (shared[theirs] ?? 0) + 1;
    }
    return shared;
  }

  /** Why the rows of a source do not work, the most frequent reason first. */
  reasonsAt(origin: number): RefusedCountDto[] {
    const counts = new Map<ReasonDto, number>();
    for (let row = 0; row < this.size; row++) {
      if (this.origin[row] !== origin && this.other[row] !== origin) continue;
      const reason = this.reasonOf(row);
      if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
  }

  private make(row: number): void {
    const roll = chance(this.options.seed * 1_000_003 + row);
    const octet = (): number => Math.floor(roll() * 254) + 1;
    this.host[row] =
      ((Math.floor(roll() * 222) + 1) * 2 ** 24 + octet() * 65_536 + octet() * 256 + octet()) >>> 0;
    this.port[row] = PORTS[Math.floor(roll() * PORTS.length)] ?? 8080;
    this.hints[row] = HINTS[Math.floor(roll() * HINTS.length)] ?? 0;
    this.clear(row);
    const quality = this.place(row);
    if (roll() < this.options.unchecked) return;
    this.judge(row, roll, this.options.now - Math.floor(roll() * 55 + 1) * MINUTE, quality);
    if (this.state[row] === WORKING) this.working++;
  }

  /** Puts a row into one source or two. Answers how likely it works by the first. */
  private place(row: number): number {
    const roll = chance(this.options.seed * 31 + row * 17 + 5);
    const some = (): number => ORIGINS[Math.floor(ORIGINS.length * roll() ** SKEW)] ?? NOWHERE;
    const origin = some();
    const other = roll() < SHARED ? some() : NOWHERE;
    this.origin[row] = origin;
    this.other[row] = other === origin ? NOWHERE : other;
    return CATALOGUE[origin]?.quality ?? 0;
  }

  private clear(row: number): void {
    this.state[row] = NEW;
    this.anonymity[row] = NONE;
    this.rate[row] = NONE;
    this.score[row] = NONE;
  }

  private judge(row: number, roll: () => number, now: number, odds: number): void {
    const works = roll() < odds;
    const bent = roll() ** 3;
    const level = [0, 0, 1, 2][Math.floor(roll() * 4)] ?? 0;
    const share = works ? 0.6 + roll() * 0.4 : roll() * 0.4;
    const latency = works ? Math.round(90 + bent * 3200) : 0;
    this.checked[row] = now;
    if (works) this.succeeded[row] = now;
    else if (roll() < 0.5) this.succeeded[row] = now - Math.floor(roll() * 6 * 24 * 60) * MINUTE;
    this.latency[row] = latency;
    this.reason[row] = works ? 0 : 1 + Math.floor(roll() * REASONS.length);
    this.found[row] = works ? (this.hints[row] ?? 0) || 1 : 0;
    this.anonymity[row] = works ? level : NONE;
    this.rate[row] = Math.round(share * 100);
    this.state[row] = works ? WORKING : STATUSES.indexOf(share < 0.1 ? 'failed' : 'inactive');
    const days = (now - (this.succeeded[row] ?? 0)) / (24 * 60 * MINUTE);
    this.score[row] = Math.round(
      40 * share +
        (works ? 30 * Math.max(0, 1 - latency / 5000) : 0) +
        20 * Math.max(0, 1 - Math.floor(days) / 7) +
        10 * (works ? ([1, 0.8, 0.6][level] ?? 0.5) : 0.5),
    );
  }

  private passes(row: number, filter: FilterDto, text: string): boolean {
    if (this.gone[row] === 1) return false;
    const latency = this.latency[row] ?? 0;
    const score = this.score[row] ?? NONE;
    if (filter.max_latency_ms !== null && (latency === 0 || latency > filter.max_latency_ms)) return false;
    if (filter.min_score !== null && (score === NONE || score < filter.min_score * 100)) return false;
    const reason = this.reasonOf(row);
    if (filter.trusted && reason && FLAGS[reason]) return false;
    if (text === '') return true;
    const seen = [this.proxy(row), this.special.get(row)?.username ?? '', reason ?? '', this.exit(row)];
    return seen.some((part) => part.includes(text));
  }

  private sort(order: Uint32Array, sort: SortKeyDto[]): void {
    const keys = sort.map(({ column, descending }) => {
      const values = new Float64Array(this.size).fill(Infinity);
      for (const row of order) {
        const value = this.value(row, column);
        // What has no value comes last in both directions.
        values[row] = value === null ? Infinity : descending ? -value : value;
      }
      return values;
    });
    order.sort((a, b) => {
      for (const key of keys) {
        const left = key[a] ?? Infinity;
        const right = key[b] ?? Infinity;
        if (left !== right) return left < right ? -1 : 1;
      }
      return a - b;
    });
  }

  private value(row: number, column: SortColumnDto): number | null {
    const some = (value: number | undefined): number | null => value || null;
    switch (column) {
      case 'proxy':
        return (this.host[row] ?? 0) * 65_536 + (this.port[row] ?? 0);
      case 'protocols':
        return some((this.found[row] ?? 0) || this.hints[row]);
      case 'status':
        return this.state[row] ?? null;
      case 'reason':
        return some(this.reason[row]);
      case 'latency':
        return some(this.latency[row]);
      case 'anonymity':
        return this.anonymity[row] === NONE ? null : (this.anonymity[row] ?? null);
      case 'exit':
        return this.state[row] === WORKING ? (this.host[row] ?? 0) : null;
      case 'country':
        return letters(this.country(row));
      case 'asn':
        return this.state[row] === WORKING ? asnOf(this.host[row] ?? 0) : null;
      case 'success_rate':
        return this.rate[row] === NONE ? null : (this.rate[row] ?? null);
      case 'score':
        return this.score[row] === NONE ? null : (this.score[row] ?? null);
      case 'last_checked':
        return some(this.checked[row]);
      case 'last_success':
        return some(this.succeeded[row]);
      case 'first_seen':
        return row;
    }
  }

  /** The country of the exit, which most often is that of the entry. */
  private country(row: number): string | null {
    if (this.state[row] !== WORKING) return null;
    const host = this.host[row] ?? 0;
    return host % 9 === 0 ? countryOf(host + 1) : countryOf(host);
  }

  private entryCountry(row: number): string | null {
    return countryOf(this.host[row] ?? 0);
  }

  private exit(row: number): string {
    const host = this.host[row] ?? 0;
    return `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${(host + 17) & 255}`;
  }

  private last(row: number): number {
    return this.checked[row] ?? 0;
  }

  private reasonOf(row: number): ReasonDto | null {
    return REASONS[(this.reason[row] ?? 0) - 1] ?? null;
  }

  private grow(capacity: number): void {
    const held = this.size > 0 ? this.host.length : 0;
    if (capacity <= held) return;
    const room = Math.max(capacity, held * 2, 1024);
    this.host = widen(new Uint32Array(room), this.host);
    this.port = widen(new Uint16Array(room), this.port);
    this.latency = widen(new Uint16Array(room), this.latency);
    this.checked = widen(new Float64Array(room), this.checked);
    this.succeeded = widen(new Float64Array(room), this.succeeded);
    this.state = widen(new Uint8Array(room), this.state);
    this.found = widen(new Uint8Array(room), this.found);
    this.hints = widen(new Uint8Array(room), this.hints);
    this.anonymity = widen(new Uint8Array(room), this.anonymity);
    this.reason = widen(new Uint8Array(room), this.reason);
    this.rate = widen(new Uint8Array(room), this.rate);
    this.score = widen(new Uint8Array(room), this.score);
    this.busy = widen(new Uint8Array(room), this.busy);
    this.gone = widen(new Uint8Array(room), this.gone);
    this.origin = widen(new Uint16Array(room), this.origin);
    this.other = widen(new Uint16Array(room), this.other);
  }
}

function countryOf(host: number): string | null {
  return COUNTRIES[host % COUNTRIES.length] ?? null;
}

/** The number of a network that stands for an address: one of those that are kept for examples. */
export function asnOf(host: number): number {
  return 64_496 + (host % 16);
}

/** Two letters as a number that grows in their order. */
function letters(code: string | null): number | null {
  return code === null ? null : code.charCodeAt(0) * 256 + code.charCodeAt(1);
}

/** An IPv4 address as a number; a name gets one made of its letters. */
function addressOf(proxy: string): number {
  const octets = proxy.split(':')[0]?.split('.').map(Number) ?? [];
  if (octets.length === 4 && octets.every((octet) => octet >= 0))
    return octets.reduce((sum, octet) => (sum * 256 + octet) >>> 0, 0);
  return Array.from(proxy).reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
}

function widen<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  to: T,
  from: T | undefined,
): T {
  if (from) to.set(from);
  return to;
}

function bits<T>(all: readonly T[], chosen: readonly T[]): number {
  return chosen.reduce((sum, value) => sum | (1 << all.indexOf(value)), 0);
}

function words<T>(all: readonly T[], set: number): T[] {
  return all.filter((_, at) => (set >> at) & 1);
}

function facets(all: readonly string[], counts: Uint32Array): FacetDto[] {
  return all.map((value, at) => ({ value, count: counts[at] ?? 0 }));
}

function ranked(counts: ReadonlyMap<string, number>): FacetDto[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

function percent(value: number | undefined): number | null {
  return value === undefined || value === NONE ? null : value / 100;
}
