/** What went wrong, in words: an error's code becomes a sentence and an advice; the rest is kept for those who ask. */
import type { ErrorCode, ErrorDto } from '../bindings';
import en from '../i18n/en.json';
import { t } from '../i18n/index.svelte';

const CODES = Object.keys(en.error).filter((name) => !name.endsWith('_hint'));

/** Whatever a host rejects with, as an error of ours. */
export function asError(thrown: unknown): ErrorDto {
  if (isErrorDto(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, hint: null, params: {} };
}

export function errorTitle(error: ErrorDto): string {
  const about = aboutOf(error);
  return about ? t(`invalid.${about}`) : t(`error.${error.code}`, filled(error));
}

export function errorHint(error: ErrorDto): string {
  const about = aboutOf(error);
  return about ? t(`invalid.${about}_hint`) : t(`error.${error.code}_hint`, filled(error));
}

/** What is wrong, where nobody typed it just now and its name alone would say nothing. */
function aboutOf({ code, params }: ErrorDto): 'no_source' | 'no_way' | null {
  if (code !== 'invalid') return null;
  switch (params['what']) {
    case 'sources':
      return 'no_source';
    case 'collecting.through':
      return 'no_way';
    default:
      return null;
  }
}

/** For a report: everything, in English, as the engine wrote it. */
export function errorDetails(error: ErrorDto): string {
  const params = Object.entries(error.params).map(([name, value]) => `${name}: ${value}`);
  return [`${error.code}: ${error.message}`, ...(error.hint ? [error.hint] : []), ...params].join('\n');
}

/** A text never shows an empty place where the engine named nothing. */
function filled(error: ErrorDto): Record<string, string> {
  const somewhere = error.params['what'] ?? error.params['path'] ?? '?';
  return { what: somewhere, path: somewhere, pid: '?', judges: '?', ...error.params };
}

function isErrorDto(thrown: unknown): thrown is ErrorDto {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { code, message, params } = thrown as Partial<ErrorDto>;
  return isCode(code) && typeof message === 'string' && typeof params === 'object';
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && CODES.includes(code);
}
