import { parse, type AST } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import pages from '../../../src-tauri/reader/src/format.rs?raw';
import reader from '../../../src-tauri/reader/src/refusal.rs?raw';
import downloads from '../../../src-tauri/wire/src/download/failure.rs?raw';
import en from './en.json';
import { setLanguage, systemLanguage, t } from './index.svelte';
import { reasonFull, reasonShort, refusal, visitShort } from './words';
import zhCN from './zh-CN.json';
import zhTW from './zh-TW.json';

type Texts = Map<string, string>;

function flat(texts: object, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'string' ? [[path + name, value]] : flat(value as object, `${path}${name}.`),
  );
}

const all: Record<string, Texts> = {
  en: new Map(flat(en)),
  'zh-TW': new Map(flat(zhTW)),
  'zh-CN': new Map(flat(zhCN)),
};
const PLURAL = /_(?:one|two|few|other)$/;
const base = (name: string): string => name.replace(PLURAL, '');
const plurals = new Set(
  [...(all['en'] ?? [])]
    .map(([name]) => name)
    .filter((name) => PLURAL.test(name))
    .map(base),
);
const gaps = (text: string): string[] =>
  [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name ?? '').sort();

describe.each(Object.entries(all))('the texts in %s', (language, texts) => {
  it('are the same as in the other languages', () => {
    const names = new Set([...texts.keys()].map(base));
    const wanted = new Set([...(all['en']?.keys() ?? [])].map(base));
    expect(
      [...wanted].filter((name) => !names.has(name)),
      'these are missing',
    ).toEqual([]);
    expect(
      [...names].filter((name) => !wanted.has(name)),
      'these are nobody’s',
    ).toEqual([]);
  });

  it('have every form of the plural that the language has, and no other', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const name of plurals) {
      const found = [...texts.keys()]
        .filter((key) => base(key) === name)
        .map((key) => key.slice(name.length + 1));
      expect(found.sort(), name).toEqual([...forms].sort());
    }
  });

  it('are filled with the same values', () => {
    for (const [name, text] of texts) {
      const twin = all['en']?.get(name) ?? all['en']?.get(`${base(name)}_other`) ?? '';
      expect(gaps(text), name).toEqual(gaps(twin));
    }
  });

  it('are not empty', () => {
    for (const [name, text] of texts) expect(text.trim(), name).not.toBe('');
  });
});

it('the Chinese texts are each in their own script', () => {
  const simplifiedOnly = /[们这说设导测试过务网页错连择应错误]/u;
  const traditionalOnly = /[們這說設導測試過務網頁錯連擇應誤]/u;
  for (const [name, text] of all['zh-TW'] ?? []) expect(text, `zh-TW ${name}`).not.toMatch(simplifiedOnly);
  for (const [name, text] of all['zh-CN'] ?? []) expect(text, `zh-CN ${name}`).not.toMatch(traditionalOnly);
});

const components = import.meta.glob('../components/*.svelte', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** Attributes that a person reads or hears. */
const SPOKEN = ['title', 'alt', 'placeholder', 'aria-label', 'aria-description', 'label'];
/** The name of the product is the same in every language. */
const NAMES = ['Proxydeck'];
const WORD = /\p{L}{2,}/u;

function literals(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const { type } = node as { type?: string };
    // What a style is made of is no text.
    if (type === 'StyleDirective') return;
    if (type === 'Text') found.push((node as AST.Text).data);
    if (type === 'Attribute') {
      const { name, value } = node as AST.Attribute;
      if (SPOKEN.includes(name) && Array.isArray(value)) visit(value);
      return;
    }
    Object.values(node).forEach(visit);
  };
  visit(parse(source, { modern: true }).fragment);
  return found.map((text) => text.trim()).filter((text) => WORD.test(text) && !NAMES.includes(text));
}

it.each(Object.entries(components))('%s holds no text of its own', (_, source) => {
  expect(literals(source)).toEqual([]);
});

it('a component with a text of its own would be found', () => {
  expect(literals('<p>Hello</p><img alt="A mark" src="x">{#if a}<b title="Deep">{a}</b>{/if}')).toEqual([
    'Hello',
    'A mark',
    'Deep',
  ]);
});

describe('the language', () => {
  it('is the first of the system’s that we speak', () => {
    const cases: [string[], string][] = [
      [['zh-Hant-HK', 'en'], 'zh-TW'],
      [['zh-TW'], 'zh-TW'],
      [['zh'], 'zh-CN'],
      [['zh-Hans-CN'], 'zh-CN'],
      [['de-DE', 'en-GB', 'zh-TW'], 'en'],
      [['C'], 'en'],
      [[], 'en'],
    ];
    for (const [wished, language] of cases) expect(systemLanguage(wished), wished.join()).toBe(language);
  });

  it('switches at once, and is told to the page', () => {
    setLanguage('zh-TW', ['en-US']);
    expect(t('header.import')).toBe('匯入');
    expect(document.documentElement.lang).toBe('zh-TW');
    setLanguage('zh-CN', ['en-US']);
    expect(t('header.import')).toBe('导入');
    setLanguage('system', ['C']);
    expect(t('header.import')).toBe('Import');
  });

  it('counts by the rules of each language', () => {
    expect(t('header.check_selected', { count: 1 })).toBe('Check 1 selected');
    expect(t('import.commit', { count: 1 })).toBe('Take 1 proxy');
    expect(t('import.commit', { count: 52_418 })).toBe('Take 52,418 proxies');
    setLanguage('zh-TW', []);
    expect(t('import.commit', { count: 1 })).toBe('匯入 1 個代理伺服器');
  });
});

it('a rejection says its code, and an unknown refusal is still a sentence', () => {
  expect(reasonShort('rejected', 403)).toBe('rejected, 403');
  expect(reasonShort('auth_required', 407), 'the code of this one says nothing new').toBe('auth required');
  expect(reasonFull('rejected', 403)).toBe(
    'It is a proxy that does not want to serve this request. Code 403.',
  );
  expect(refusal('leading_zero')).toBe('a number begins with a zero');
  expect(refusal('a_reason_of_tomorrow')).toBe('not understood');
});

/** The stable words that a source of the engine names. */
const wordsOf = (source: string): string[] =>
  [...source.matchAll(/=> "(\w+)",/g)].map(([, word]) => word ?? '');

it('every way for a source to fail has a text', () => {
  const words = wordsOf(downloads);
  expect(words, 'they are read where the downloader names them').toContain('tls_failed');
  expect(words.filter((word) => !(word in en.failure))).toEqual([]);
  const page = pages.slice(pages.indexOf('impl Page'));
  const told = (failure: string): string => visitShort({ outcome: 'wrong_page', failure, code: null });
  for (const word of wordsOf(page)) expect(told(word), word).not.toBe(told('of_tomorrow'));
});

it('every reason for which the reader refuses a line has a text', () => {
  const words = wordsOf(reader);
  expect(words, 'they are read where the reader names them').toContain('leading_zero');
  expect(words.filter((word) => !(word in en.refusal))).toEqual([]);
});

it('markup in a value stays text', () => {
  const header = '<img src=x onerror=alert(1)>';
  expect(t('anonymity_full.giveaway', { header })).toBe(`Given away by ${header}`);
});
