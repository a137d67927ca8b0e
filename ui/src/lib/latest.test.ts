import { expect, it } from 'vitest';
import { Latest } from './latest';

function gates(): { asked: number[]; open: () => Promise<void>; latest: Latest<number> } {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  const latest = new Latest<number>((ask) => {
    asked.push(ask);
    return new Promise((resolve) => waiting.push(resolve));
  });
  const open = async (): Promise<void> => {
    waiting.shift()?.();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { asked, open, latest };
}

it('runs one at a time, and of the rest only the last', async () => {
  const { asked, open, latest } = gates();
  for (let ask = 1; ask <= 5; ask++) latest.ask(ask);
  expect(asked, 'one is under way').toEqual([1]);
  expect(latest.overtaken).toBe(true);
  await open();
  expect(asked, 'what was overtaken is never asked').toEqual([1, 5]);
  expect(latest.overtaken).toBe(false);
  await open();
  latest.ask(6);
  expect(asked, 'and it is ready for more').toEqual([1, 5, 6]);
});
