import { describe, expect, it } from 'vitest';
import { ListScroll, MAX_HEIGHT } from './scroll';

const ROW = 32;
const VIEWPORT = 736;

function list(rows: number, maxHeight?: number): ListScroll {
  const scroll = new ListScroll(ROW, maxHeight);
  scroll.resize(rows, VIEWPORT);
  return scroll;
}

describe('a list that fits', () => {
  it('moves a pixel for a pixel', () => {
    const scroll = list(1_000_000);
    expect(scroll.height, 'a million rows fit below the clamp').toBe(32_000_000);
    scroll.scrolled(12_345);
    expect(scroll.top).toBe(12_345);
    expect(scroll.offset(385), 'a row is drawn where it belongs').toBe(385 * ROW);
  });

  it('draws what is seen and some around it', () => {
    const scroll = list(1000);
    scroll.scrolled(320);
    expect(scroll.slice(0)).toEqual({ from: 10, to: 34 });
    expect(scroll.slice(15)).toEqual({ from: 0, to: 49 });
    scroll.scrolled(1000 * ROW - VIEWPORT);
    expect(scroll.slice(15).to, 'there is nothing after the last row').toBe(1000);
  });

  it('reveals a row by the shortest way', () => {
    const scroll = list(1000);
    expect(scroll.reveal(5), 'what is seen does not move').toBe(0);
    expect(scroll.reveal(23), 'a row below comes to the lower edge').toBe(24 * ROW - VIEWPORT);
    expect(scroll.reveal(0)).toBe(0);
  });

  it('stays where it still can when rows go', () => {
    const scroll = list(1000);
    scroll.scrolled(20_000);
    scroll.resize(100, VIEWPORT);
    expect(scroll.top).toBe(100 * ROW - VIEWPORT);
    scroll.resize(3, VIEWPORT);
    expect(scroll.top).toBe(0);
  });
});

describe('a list that is longer than an element may be high', () => {
  const rows = 10_000_000;

  it('is never higher than the browser allows', () => {
    expect(list(rows).height).toBe(MAX_HEIGHT);
    expect(MAX_HEIGHT, 'WebKitGTK clamps there').toBeLessThan(33_554_428);
  });

  it('reaches the first and the last row with the bar at its ends', () => {
    const scroll = list(rows);
    scroll.scrolled(MAX_HEIGHT - VIEWPORT);
    expect(scroll.slice(0).to, 'the last row is seen').toBe(rows);
    expect(scroll.top).toBe(rows * ROW - VIEWPORT);
    scroll.scrolled(0);
    expect(scroll.slice(0).from).toBe(0);
  });

  it('still moves a pixel for a pixel by the wheel', () => {
    const scroll = list(rows);
    scroll.moveTo(100_000_000);
    const bar = scroll.bar;
    scroll.scrolled(bar + 100);
    expect(scroll.top).toBe(100_000_100);
    expect(scroll.offset(3_125_003) - bar, 'rows move as far as the bar').toBe(96);
  });

  it('jumps by proportion when the thumb is dragged', () => {
    const scroll = list(rows);
    scroll.scrolled((MAX_HEIGHT - VIEWPORT) / 2);
    expect(scroll.top).toBeCloseTo((rows * ROW - VIEWPORT) / 2, -1);
  });

  it('says when the bar came to an end before the list did', () => {
    const scroll = list(rows);
    scroll.moveTo(5000);
    expect(scroll.scrolled(0), 'the wheel brought the bar to its beginning too early').toBe(true);
    expect(scroll.top, 'the list moved by as much as the wheel did').toBeGreaterThan(0);
    expect(scroll.moveTo(scroll.top), 'and the bar is put where it belongs').toBeGreaterThan(0);
  });

  it('shows every row that is asked for', () => {
    const scroll = list(rows);
    for (const row of [0, 1, 4_999_999, rows - 2, rows - 1]) {
      scroll.reveal(row);
      const { from, to } = scroll.slice(0);
      expect(row >= from && row < to, `row ${row} is in ${from}..${to}`).toBe(true);
      const drawn = scroll.offset(row) - scroll.bar;
      expect(drawn >= 0 && drawn + ROW <= VIEWPORT, `row ${row} is drawn whole at ${drawn}`).toBe(true);
    }
  });
});
