/** Numbers, dates and sizes as a locale writes them. Formatters are costly to make, so each is made once. */

type Formatter = Intl.NumberFormat | Intl.DateTimeFormat | Intl.DisplayNames;

const made = new Map<string, Formatter>();

function once<T extends Formatter>(key: string, make: () => T): T {
  const known = made.get(key);
  if (known) return known as T;
  const formatter = make();
  made.set(key, formatter);
  return formatter;
}

function unit(locale: string, name: string, value: number, digits = 0): string {
  const options = { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits } as const;
  return once(`${locale} ${name} ${digits}`, () => new Intl.NumberFormat(locale, options)).format(value);
}

export function number(locale: string, value: number, digits = 0): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return once(`${locale} number ${digits}`, () => new Intl.NumberFormat(locale, options)).format(value);
}

export function percent(locale: string, share: number): string {
  return once(`${locale} percent`, () => new Intl.NumberFormat(locale, { style: 'percent' })).format(share);
}

/** A country by its two letters; letters that no country has stand for themselves. */
export function country(locale: string, code: string): string {
  const options = { type: 'region', fallback: 'code' } as const;
  return once(`${locale} country`, () => new Intl.DisplayNames(locale, options)).of(code) ?? code;
}

/** Several words in a row, as the language lists them. */
export function list(locale: string, words: string[]): string {
  return new Intl.ListFormat(locale, { style: 'narrow', type: 'conjunction' }).format(words);
}

export function bytes(locale: string, size: number): string {
  const kilo = 1024;
  if (size < kilo * kilo) return unit(locale, 'kilobyte', Math.max(1, size / kilo));
  if (size < kilo ** 3) return unit(locale, 'megabyte', size / kilo ** 2);
  return unit(locale, 'gigabyte', size / kilo ** 3, 1);
}

/** Date and time to the second. */
export function moment(locale: string, at: number): string {
  const options = { dateStyle: 'medium', timeStyle: 'medium' } as const;
  return once(`${locale} moment`, () => new Intl.DateTimeFormat(locale, options)).format(at);
}

export function date(locale: string, at: number): string {
  return once(`${locale} date`, () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })).format(at);
}

/** The time of day when it is today, else the day. */
export function shortMoment(locale: string, at: number, now: number): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) {
    const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    return once(`${locale} time`, () => new Intl.DateTimeFormat(locale, options)).format(at);
  }
  return once(
    `${locale} day`,
    () => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }),
  ).format(at);
}
