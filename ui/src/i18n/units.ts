/** Durations in the shortest words that a language has for them, for narrow columns. */
import { number } from '../lib/format';
import { locale, t } from './index.svelte';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function milliseconds(ms: number): string {
  return t('unit.ms', { value: number(locale(), ms, ms < 10 && !Number.isInteger(ms) ? 1 : 0) });
}

/** How long something takes, by its largest unit. */
export function duration(ms: number): string {
  return byUnit(ms, Math.round);
}

/** How long ago something was; what is less than a minute ago is now. */
export function age(ms: number): string {
  return ms < MINUTE ? t('table.just_now') : byUnit(ms, Math.floor);
}

function byUnit(ms: number, whole: (value: number) => number): string {
  const value = (unit: number): { value: string } => ({ value: number(locale(), whole(ms / unit)) });
  if (ms < MINUTE) return t('unit.second', value(SECOND));
  if (ms < HOUR) return t('unit.minute', value(MINUTE));
  if (ms < 2 * DAY) return t('unit.hour', value(HOUR));
  return t('unit.day', value(DAY));
}
