import type { ProxyDetailDto } from '../bindings';

/**
 * The header that gave a proxy away, with its value where the newest evidence still has it. The name alone is kept for
 * good: the value may be the user's own address.
 */
export function giveawayHeader({ giveaway, checks }: ProxyDetailDto): string {
  const name = giveaway ?? '';
  const received = checks.flatMap((check) => check.attempts.flatMap((attempt) => attempt.received));
  const field = received.find(([seen]) => seen.toLowerCase() === name.toLowerCase());
  return field === undefined ? name : `${name}: ${field[1]}`;
}
