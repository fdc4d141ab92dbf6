import { expect, test } from 'vitest';
import { arrange, layOut, type Place } from '../src/lib/order';
import { needs, row, working } from './rows';

const ids = (places: readonly Place[]) => places.map((place) => place.row.id);
const keys = (places: readonly Place[]) => layOut(places).map((item) => item.key);

test('headings stand only before sections that have rows', () => {
  const places = arrange([], [row('n', needs), row('q'), row('r')], false);
  expect(keys(places)).toEqual(['section-NeedsYou', 'n', 'section-Quiet', 'q', 'r']);
  expect(layOut([])).toEqual([]);
});

test('frozen, the order holds while content is new at once', () => {
  const before = arrange([], [row('w', working), row('a'), row('b')], false);
  const rows = [row('b', needs), row('w', working), row('a')];
  const frozen = arrange(before, rows, true);
  expect(ids(frozen)).toEqual(['w', 'a', 'b']);
  expect(frozen[2]?.row.section).toBe('NeedsYou');
  expect(keys(frozen)).toEqual(['section-Working', 'w', 'section-Quiet', 'a', 'b']);
  expect(ids(arrange(frozen, rows, false))).toEqual(['b', 'w', 'a']);
});

test('frozen, new rows come last and lost ones say so in their place', () => {
  const before = arrange([], [row('a'), row('b')], false);
  const frozen = arrange(before, [row('n', needs), row('b')], true);
  expect(ids(frozen)).toEqual(['a', 'b', 'n']);
  expect(frozen[0]?.row).toMatchObject({ word: 'Gone', sentence: 'a, gone', section: 'Quiet' });
  expect(keys(frozen).filter((key) => key.startsWith('section'))).toEqual(['section-Quiet']);
  expect(ids(arrange(frozen, [row('n', needs), row('b')], false))).toEqual(['n', 'b']);
});

test('an empty list cannot be frozen', () => {
  expect(ids(arrange([], [row('a')], true))).toEqual(['a']);
});
