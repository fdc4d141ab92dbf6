import { expect, test } from 'vitest';
import { age, spokenAge, untilFirstChange, untilNextAge } from '../src/lib/age';

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test.each([
  [-5 * S, 'now', 'just now'],
  [0, 'now', 'just now'],
  [5 * S - 1, 'now', 'just now'],
  [5 * S, '5s', 'for 5 seconds'],
  [38 * S + 999, '38s', 'for 38 seconds'],
  [M - 1, '59s', 'for 59 seconds'],
  [M, '1m', 'for 1 minute'],
  [4 * M + 59 * S, '4m', 'for 4 minutes'],
  [H, '1h', 'for 1 hour'],
  [3 * H, '3h', 'for 3 hours'],
  [D - 1, '23h', 'for 23 hours'],
  [2 * D, '2d', 'for 2 days'],
  [400 * D, '400d', 'for 400 days'],
])('%i ms', (ms, short, spoken) => {
  expect(age(ms)).toBe(short);
  expect(spokenAge(ms)).toBe(spoken);
});

test('an age reads the same until its next change, and not after', () => {
  for (const ms of [-3 * S, 0, 4 * S, 5 * S, 12_345, 59_999, M, 90_001, H - 1, 5 * H + 7, 3 * D + 1]) {
    const wait = untilNextAge(ms);
    expect(wait).toBeGreaterThan(0);
    expect(age(ms + wait - 1)).toBe(age(ms));
    expect(age(ms + wait)).not.toBe(age(ms));
  }
});

test('the first change of many is the one to wait for', () => {
  expect(untilFirstChange([], 0)).toBeUndefined();
  expect(untilFirstChange([Number.NaN], 0)).toBeUndefined();
  expect(untilFirstChange([0, -90 * M, -500], 10 * S)).toBe(500);
  expect(untilFirstChange([-2 * H, -3 * D], 0)).toBe(H);
});
