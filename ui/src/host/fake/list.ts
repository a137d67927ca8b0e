/** Reads the plainest lists, so that an import can be tried without the engine. The real reader knows far more. */
import type { ImportPreviewDto } from '../../bindings';

/** How many refused lines, and how many proxies, a preview shows. */
const SHOWN = 200;
const SAMPLE = 5;
/** Longer lines are cut in a preview. */
const SHOWN_LENGTH = 120;
const LINE =
  /^(?:(?:https?|socks[45][ah]?):\/\/)?(?:[^\s:@/]+:[^\s@/]*@)?([a-z0-9.-]+|\[[0-9a-f:.]+\]):(\d{1,7})(?:\s.*)?$/i;

export interface ReadList {
  preview: Omit<ImportPreviewDto, 'import'>;
  proxies: string[];
}

export function readList(name: string, text: string, has: (proxy: string) => boolean): ReadList {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const proxies = new Set<string>();
  const refused = new Map<string, number>();
  const refusedLines: ImportPreviewDto['refused_lines'] = [];
  let duplicates = 0;
  lines.forEach((line, at) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    const read = readLine(trimmed);
    if ('proxy' in read) {
      if (proxies.has(read.proxy)) duplicates++;
      proxies.add(read.proxy);
      return;
    }
    refused.set(read.reason, (refused.get(read.reason) ?? 0) + 1);
    if (refusedLines.length < SHOWN)
      refusedLines.push({ line: at + 1, text: trimmed.slice(0, SHOWN_LENGTH), reason: read.reason });
  });
  const all = [...proxies];
  const known = all.filter(has).length;
  return {
    proxies: all,
    preview: {
      name,
      read: lines.length,
      accepted: all.length,
      new: all.length - known,
      known,
      duplicates,
      refused: [...refused].sort((a, b) => b[1] - a[1]).map(([reason, count]) => ({ reason, count })),
      refused_lines: refusedLines,
      sample: all.slice(0, SAMPLE),
    },
  };
}

function readLine(line: string): { proxy: string } | { reason: string } {
  const [, host, port] = LINE.exec(line) ?? [];
  if (host === undefined || port === undefined) return { reason: 'syntax' };
  if (Number(port) < 1 || Number(port) > 65_535) return { reason: 'bad_port' };
  if (/^[0-9.]+$/.test(host)) {
    const octets = host.split('.');
    if (octets.some((octet) => /^0\d/.test(octet))) return { reason: 'leading_zero' };
    if (octets.length !== 4 || octets.some((octet) => octet === '' || Number(octet) > 255))
      return { reason: 'bad_address' };
    if (/^(?:0|10|127|192\.168)\./.test(host)) return { reason: 'not_public' };
  } else if (!host.startsWith('[') && !host.includes('.')) {
    return { reason: 'single_label' };
  }
  return { proxy: `${host.toLowerCase()}:${Number(port)}` };
}
