/** Which flags mean that a proxy must not be trusted; the others are notes. */
import type { RowDto, TrustFlagDto } from '../bindings';

const BREAKING: readonly TrustFlagDto[] = ['tls_intercepted', 'tampered', 'wrong_answer'];

export function breaksTrust(flag: TrustFlagDto): boolean {
  return BREAKING.includes(flag);
}

export function suspicious(row: RowDto): boolean {
  return row.trust.some(breaksTrust);
}
