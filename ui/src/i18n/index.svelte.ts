/**
 * The words of the interface. `t` reads the language that is chosen now, so whatever is drawn with it is drawn anew when
 * the language changes. Nothing here knows what the words are used for.
 */
import { createInstance } from 'i18next';
import type { LanguageDto } from '../bindings';
import en from './en.json';
import zhCN from './zh-CN.json';
import zhTW from './zh-TW.json';

export type Language = Exclude<LanguageDto, 'system'>;

/** A language is called by its own name everywhere. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  'zh-TW': '繁體中文',
  'zh-CN': '简体中文',
};

type Leaves<T, Path extends string = ''> = {
  [Name in keyof T & string]: T[Name] extends string ? `${Path}${Name}` : Leaves<T[Name], `${Path}${Name}.`>;
}[keyof T & string];
type Singular<Name extends string> = Name extends `${infer Base}_one` | `${infer Base}_other` ? Base : Name;

/** The name of a text; the forms of a plural share one. */
export type TextKey = Singular<Leaves<typeof en>>;
export type Values = Record<string, string | number>;

const texts = createInstance({
  resources: { en: { translation: en }, 'zh-TW': { translation: zhTW }, 'zh-CN': { translation: zhCN } },
  lng: 'en',
  fallbackLng: 'en',
  // Texts hold colons, and everything is drawn as text, never as HTML.
  nsSeparator: false,
  interpolation: { escapeValue: false },
  // Everything is at hand, so nothing needs to wait.
  initAsync: false,
});
void texts.init();

const chosen = $state<{ language: Language; locale: string }>({ language: 'en', locale: 'en' });

export function t(key: TextKey, values?: Values): string {
  return texts.t(key, { ...values, lng: chosen.language });
}

/** The locale by which numbers and dates are written. */
export function locale(): string {
  return chosen.locale;
}

export function language(): Language {
  return chosen.language;
}

/** Switches the language at once. `wished` are the system's languages, the most wanted first. */
export function setLanguage(setting: LanguageDto, wished: readonly string[]): void {
  chosen.language = setting === 'system' ? systemLanguage(wished) : setting;
  chosen.locale = wished.find((tag) => sameLanguage(tag, chosen.language)) ?? chosen.language;
  document.documentElement.lang = chosen.language;
}

/** The first of the system's languages that we speak. A system without one says "C". */
export function systemLanguage(wished: readonly string[]): Language {
  for (const tag of wished) {
    const lower = tag.toLowerCase();
    if (/^zh\b/.test(lower)) return /hant|tw|hk|mo/.test(lower) ? 'zh-TW' : 'zh-CN';
    if (/^en\b/.test(lower)) return 'en';
  }
  return 'en';
}

function sameLanguage(tag: string, language: Language): boolean {
  try {
    return /^(?:en|zh)\b/i.test(tag) && systemLanguage([Intl.getCanonicalLocales(tag)[0] ?? '']) === language;
  } catch {
    // "C" and its like are no locales.
    return false;
  }
}
