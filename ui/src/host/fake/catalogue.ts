/** The invented sources of the simulated host. Their addresses lie in domains that are kept for examples. */
import type {
  ListFormatDto,
  ProtocolDto,
  SourceKindDto,
  SourcePauseDto,
  VisitOutcomeDto,
} from '../../bindings';

/** What there is to know of one before anybody visits it. */
export interface Spec {
  name: string;
  kind: SourceKindDto;
  address: string;
  home: string | null;
  builtIn: boolean;
  enabled: boolean;
  protocol: ProtocolDto | null;
  format: ListFormatDto;
  interval: number;
  priority: number;
  /** Proxies that it brings, more or less. */
  size: number;
  /** The share of them that works, 0 to 1. */
  quality: number;
  /** What comes of visiting it, where that is not a list. */
  trouble?: { outcome: VisitOutcomeDto; failure: string | null; code: number | null };
  paused?: SourcePauseDto;
  note?: 'copy_of' | 'frozen' | 'append_only';
}

const OWNERS = [
  ...['alder', 'basalt', 'cinder', 'dune', 'ember', 'fjord', 'gable', 'harbour', 'inlet', 'juniper'],
  ...['kelp', 'lantern', 'marble', 'nettle', 'orchard', 'pebble', 'quarry', 'ridge', 'saffron', 'thicket'],
];
const LISTS: readonly ProtocolDto[] = ['http', 'socks4', 'socks5'];
const INTERVALS = [60, 30, 60, 120, 360, 60, 1440];

/** What is out of the ordinary, by the place in the list. */
const SPECIAL: Readonly<Record<number, Partial<Spec>>> = {
  4: { note: 'copy_of', quality: 0.4 },
  6: { trouble: { outcome: 'failed', failure: 'timeout', code: null } },
  11: { note: 'frozen', quality: 0.03 },
  16: { trouble: { outcome: 'wrong_page', failure: 'challenge', code: 403 } },
  20: { note: 'append_only', quality: 0.06 },
  22: { trouble: { outcome: 'failed', failure: 'status', code: 404 } },
  27: { paused: 'nothing_works', quality: 0 },
  30: { trouble: { outcome: 'failed', failure: 'unresolved', code: null }, paused: 'unreadable' },
  35: { trouble: { outcome: 'wrong_page', failure: 'login', code: 200 } },
  38: { note: 'copy_of', quality: 0.3, enabled: false },
  42: { trouble: { outcome: 'empty', failure: null, code: null } },
  46: { trouble: { outcome: 'failed', failure: 'rate_limited', code: 429 } },
  51: { note: 'frozen', enabled: false, quality: 0.01 },
};
/** Every so many are off from the beginning. */
const OFF_EVERY = 8;

/** A number from 0 to 1 that is spread evenly over the places. */
function spread(place: number, step: number): number {
  return (place * step) % 1;
}

function listed(owner: string, at: number, list: number): Spec {
  const place = at * LISTS.length + list;
  const api = at % 5 === 1 && list === 0;
  const page = at % 5 === 3 && list === 2;
  const protocol = api || page ? null : (LISTS[list] ?? null);
  const home = `https://${owner}.example.org/`;
  return {
    name: api ? `${owner} api` : page ? `${owner} page` : `${owner}/${protocol ?? ''}`,
    kind: 'web',
    address: api
      ? `https://api.${owner}.example.net/v2/proxies?limit=500&page={page}`
      : page
        ? `https://www.${owner}.example.com/free-proxy-list/{page}`
        : `https://lists.example.net/${owner}/main/proxies/${protocol ?? ''}.txt`,
    home,
    builtIn: true,
    enabled: place % OFF_EVERY !== OFF_EVERY - 1,
    protocol,
    format: api ? 'json' : page ? 'html' : 'text',
    interval: INTERVALS[place % INTERVALS.length] ?? 60,
    priority: 20 + 10 * (place % 7),
    size: Math.round(120 + 6200 * spread(place, 0.618_034) ** 4),
    quality: 0.08 + 0.88 * spread(place, 0.381_966),
    ...SPECIAL[place],
  };
}

const OWN: readonly Spec[] = [
  {
    name: 'team list',
    kind: 'web',
    address: 'https://intranet.example.com/proxies.csv',
    home: null,
    builtIn: false,
    enabled: true,
    protocol: null,
    format: 'csv',
    interval: 15,
    priority: 90,
    size: 340,
    quality: 0.93,
  },
  {
    name: 'paid.txt',
    kind: 'file',
    address: '/home/you/lists/paid.txt',
    home: null,
    builtIn: false,
    enabled: true,
    protocol: 'socks5',
    format: 'text',
    interval: 60,
    priority: 80,
    size: 120,
    quality: 0.97,
  },
  {
    name: 'clipboard',
    kind: 'text',
    address: '',
    home: null,
    builtIn: false,
    enabled: false,
    protocol: null,
    format: 'text',
    interval: 60,
    priority: 50,
    size: 60,
    quality: 0.3,
  },
];

/** All of them, in the order of their numbers. */
export const CATALOGUE: readonly Spec[] = [
  ...OWNERS.flatMap((owner, at) => LISTS.map((_, list) => listed(owner, at, list))),
  ...OWN,
];
