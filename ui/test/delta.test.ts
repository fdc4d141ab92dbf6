import { expect, test } from 'vitest';
import { applyDelta, newNeeds } from '../src/lib/delta';
import type { BoardDelta } from '../src/lib/wire';
import { board, needs, row, working } from './rows';

const delta = (more: Partial<BoardDelta>): BoardDelta => ({
  revision: 2, summary: 'new', rows: [], order: [], health: [], ...more,
});

test('rows come, change, move and go', () => {
  const before = board([row('a'), row('b'), row('c')]);
  const changed = row('c', working);
  const after = applyDelta(before, delta({ rows: [changed, row('d')], order: ['c', 'd', 'a'] }));
  expect(after.rows.map((r) => r.id)).toEqual(['c', 'd', 'a']);
  expect(after.rows[0]).toBe(changed);
  expect(after.rows[2]).toBe(before.rows[0]);
  expect([after.revision, after.summary]).toEqual([2, 'new']);
  expect(before.rows).toHaveLength(3);
});

test('health is replaced as a whole; an unknown id is left out', () => {
  const health = [{ source: 'Tmux' as const, subject: 's', message: 'm', since: '2026-01-01T00:00:00Z' }];
  const sick = applyDelta(board([row('a')]), delta({ order: ['x', 'a'], health }));
  expect(sick.health).toEqual(health);
  expect(sick.rows.map((r) => r.id)).toEqual(['a']);
  expect(applyDelta(sick, delta({ order: ['a'] })).health).toEqual([]);
});

test('only those who did not need the user before are new needs', () => {
  const before = [row('a', needs), row('b')];
  expect(newNeeds(before, [row('a', needs), row('b', needs), row('c', needs), row('d')])).toEqual(['b', 'c']);
});
