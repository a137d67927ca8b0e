/** Makes up everything about one simulated proxy from its row, so that the same proxy always tells the same. */
import type {
  AttemptDto,
  CapabilityAnswerDto,
  CapabilityDto,
  CertificateDto,
  CheckDto,
  LocationDto,
  ProxyDetailDto,
  RowDto,
  ScoreDto,
  StageDto,
} from '../../bindings';
import { asnOf, chance } from './pool';

const CAPABILITIES: readonly CapabilityDto[] = [
  'http',
  'connect',
  'socks4',
  'socks4a',
  'socks5',
  'socks5h',
  'tls',
  'ipv6',
];
const STAGES: readonly StageDto[] = ['resolve', 'dial', 'handshake', 'tunnel', 'tls', 'request', 'answer'];
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CHECKS = 12;
/** The full evidence is kept for so many checks. */
const WITH_EVIDENCE = 5;
const SETTLES_ALL = ['refused', 'unreachable', 'unresolved', 'not_public', 'dial_timeout'];

export function detailOf(row: RowDto, sources: string[], seed: number, now: number): ProxyDetailDto {
  const roll = chance(seed + row.id * 7919);
  const checked = row.last_checked !== null;
  const certificate: CertificateDto | null = row.trust.includes('tls_intercepted')
    ? {
        issuer: 'CN=FortiGate CA, O=Fortinet, C=US',
        subject: 'CN=judge.example.net',
        sha256: '9f2c4e1ab7708d35c6ef01294ab83d57e6c0f1d2a3b4958677f0e1d2c3b4a596',
      }
    : null;
  return {
    row,
    capabilities: CAPABILITIES.map((capability) => answer(capability, row, checked)),
    entry: locationOf(row.entry_country, row.id),
    exit: locationOf(row.country, row.id),
    giveaway:
      row.anonymity === 'transparent' ? 'X-Forwarded-For' : row.anonymity === 'anonymous' ? 'Via' : null,
    score: scoreOf(row, now),
    certificate,
    failures: row.status === 'active' || !checked ? 0 : 1 + Math.floor(roll() * 4),
    checks_30d: checked ? 20 + Math.floor(roll() * 300) : 0,
    first_seen: now - Math.floor(1 + roll() * 20) * DAY,
    sources,
    checks: checked ? checksOf(row, roll, certificate) : [],
  };
}

function locationOf(country: string | null, seed: number): LocationDto {
  const place = {
    country,
    asn: country === null ? null : asnOf(seed),
    organisation: country === null || seed % 11 === 0 ? null : `Example Networks ${country}, Inc.`,
    content_network: false,
  };
  return place;
}

function speaks(capability: CapabilityDto, row: RowDto): boolean {
  switch (capability) {
    case 'http':
      return row.protocols.includes('http');
    case 'connect':
      return row.protocols.includes('https');
    case 'socks4':
    case 'socks4a':
      return row.protocols.includes('socks4');
    case 'socks5':
    case 'socks5h':
      return row.protocols.includes('socks5');
    default:
      return false;
  }
}

function answer(capability: CapabilityDto, row: RowDto, checked: boolean): CapabilityAnswerDto {
  const none = { latency_ms: null, reason: null, code: null, port: null, over_tls: false };
  if (!checked) return { capability, ok: null, ...none };
  if (speaks(capability, row)) {
    return {
      ...none,
      capability,
      ok: true,
      latency_ms: (row.latency_ms ?? 0) + CAPABILITIES.indexOf(capability) * 11,
    };
  }
  if (row.reason) {
    const settled = SETTLES_ALL.includes(row.reason) || capability === 'http' || capability === 'connect';
    if (settled) return { ...none, capability, ok: false, reason: row.reason, code: row.code };
  }
  if (capability === 'ipv6' || capability === 'tls' || capability.endsWith('a'))
    return { ...none, capability, ok: null };
  return { ...none, capability, ok: false, reason: 'not_a_proxy', code: null };
}

function scoreOf(row: RowDto, now: number): ScoreDto | null {
  if (row.score === null) return null;
  const days = row.last_success === null ? 7 : Math.floor((now - row.last_success) / DAY);
  return {
    total: row.score,
    success: 0.4 * (row.success_rate ?? 0),
    latency: row.latency_ms === null ? 0 : 0.3 * Math.max(0, 1 - row.latency_ms / 5000),
    stability: 0.2 * Math.max(0, 1 - days / 7),
    anonymity: 0.1 * { elite: 1, anonymous: 0.8, transparent: 0.6, unknown: 0.5 }[row.anonymity ?? 'unknown'],
  };
}

function checksOf(row: RowDto, roll: () => number, certificate: CertificateDto | null): CheckDto[] {
  const capability = CAPABILITIES.find((one) => speaks(one, row)) ?? 'http';
  return Array.from({ length: CHECKS }, (_, at) => {
    const success = at === 0 ? row.status === 'active' : roll() < (row.success_rate ?? 0.5);
    const latency = success
      ? Math.round((row.latency_ms ?? 400) * (at === 0 ? 1 : 0.8 + roll() * 0.5))
      : null;
    const check: CheckDto = {
      at: (row.last_checked ?? 0) - at * 30 * MINUTE,
      success,
      capability,
      judge: `https://judge-${1 + (at % 2)}.example.net/`,
      reason: success ? null : at === 0 ? row.reason : 'reset',
      code: at === 0 ? row.code : null,
      latency_ms: latency,
      attempts: [],
    };
    if (at < WITH_EVIDENCE) check.attempts.push(attemptOf(row, check, roll, at === 0 ? certificate : null));
    return check;
  });
}

function attemptOf(
  row: RowDto,
  check: CheckDto,
  roll: () => number,
  certificate: CertificateDto | null,
): AttemptDto {
  const reach = check.success
    ? STAGES.length
    : check.reason === 'refused' || check.reason === 'dial_timeout'
      ? 2
      : 3;
  const stages = STAGES.slice(0, certificate ? 5 : reach).filter((stage) => stage !== 'resolve');
  return {
    capability: check.capability,
    judge: check.judge,
    stage: stages.at(-1) ?? 'dial',
    stages: stages.map((stage) => ({ stage, ms: 4 + roll() * ((check.latency_ms ?? 300) / 4) })),
    reason: check.reason,
    code: check.code,
    detail: check.reason === 'rejected' ? 'HTTP/1.1 403 Forbidden\\r\\nServer: \\u{1b}[31msquid' : null,
    latency_ms: check.latency_ms,
    exit_ip: row.exit_ip,
    anonymity: row.anonymity,
    giveaway: row.anonymity === 'anonymous' ? 'Via' : null,
    received: check.success
      ? [
          ['Host', 'judge-1.example.net'],
          ['User-Agent', 'Mozilla/5.0'],
          ...(row.anonymity === 'anonymous'
            ? ([['Via', '1.1 cache-03 (squid/5.7)']] as [string, string][])
            : []),
        ]
      : [],
    rewritten: row.trust.includes('rewrites_headers') ? ['Accept-Language'] : [],
    certificate,
  };
}
