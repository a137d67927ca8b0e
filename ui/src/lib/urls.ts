/** The addresses by which other programs use a proxy. */
import type { ProtocolDto, RowDto } from '../bindings';

const SCHEMES: Record<ProtocolDto, string> = {
  http: 'http',
  // A proxy that tunnels by CONNECT is itself spoken to in plain HTTP.
  https: 'http',
  socks4: 'socks4',
  socks5: 'socks5',
};

/** One address for each way in which a proxy can be spoken to: what was found, else what lists say. */
export function proxyUrls(row: RowDto): string[] {
  const protocols = row.protocols.length > 0 ? row.protocols : row.hints;
  const account = row.username === null ? '' : `${encodeURIComponent(row.username)}@`;
  return [...new Set(protocols.map((protocol) => `${SCHEMES[protocol]}://${account}${row.proxy}`))];
}
