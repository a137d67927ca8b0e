import { expect, it } from 'vitest';
import { bytes, list, number, shortMoment } from '../lib/format';
import { setLanguage } from './index.svelte';
import { age, duration, milliseconds } from './units';

const MINUTE = 60_000;

it('tells an age by its largest unit, rounded down', () => {
  expect([30_000, 119_000, 59 * MINUTE, 61 * MINUTE, 47 * 60 * MINUTE, 48 * 60 * MINUTE].map(age)).toEqual([
    'now',
    '1 min',
    '59 min',
    '1 h',
    '47 h',
    '2 d',
  ]);
});

it('tells a duration in the language that is chosen', () => {
  expect(duration(11_200)).toBe('11 s');
  setLanguage('zh-TW', []);
  expect(duration(11_200)).toBe('11 秒');
  expect(age(5 * MINUTE)).toBe('5 分鐘');
  setLanguage('zh-CN', []);
  expect(age(5 * MINUTE)).toBe('5 分钟');
});

it('writes milliseconds with a fraction only where that says something', () => {
  expect(milliseconds(1184)).toBe('1,184 ms');
  expect(milliseconds(4.26)).toBe('4.3 ms');
});

it('writes numbers, lists and sizes as the locale does', () => {
  expect(number('en', 52_418)).toBe('52,418');
  expect(number('de', 52_418.5, 1)).toBe('52.418,5');
  expect(list('en', ['Active', 'New'])).toBe('Active, New');
  expect(list('zh-TW', ['可用', '新的'])).toBe('可用、新的');
  expect(bytes('en', 84 * 1024 * 1024)).toBe('84 MB');
});

it('shows the hour of today and the day of any other', () => {
  const noon = new Date(2026, 10, 24, 12, 0).getTime();
  expect(shortMoment('en', noon - 5 * MINUTE, noon)).toBe('11:55');
  expect(shortMoment('en', noon - 24 * 60 * MINUTE, noon)).toBe('Nov 23');
});
