import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BoardStore } from '../src/lib/board.svelte';
import type { Row } from '../src/lib/wire';
import { board, needs, row, working } from './rows';

const START = Date.parse('2026-01-01T00:00:10Z');
beforeEach(() => void vi.useFakeTimers({ now: START }));
afterEach(() => void vi.useRealTimers());

function shown(rows: Row[]): BoardStore {
  const store = new BoardStore();
  store.apply({ kind: 'Board', ...board(rows) });
  store.apply({ kind: 'Shown', id: null });
  return store;
}

function delta(store: BoardStore, rows: Row[], order = rows.map((r) => r.id)): void {
  store.apply({ kind: 'Delta', revision: 2, summary: '', rows, order, health: [] });
}

const ids = (store: BoardStore) => store.rows.map((r) => r.id);

test('a delta before the board is nothing', () => {
  const store = new BoardStore();
  delta(store, [row('a')]);
  expect(store.board).toBeUndefined();
  expect(store.items).toEqual([]);
});

test('the order waits for the pointer and for the focus', () => {
  const store = shown([row('a'), row('b')]);
  store.pointer(true);
  store.focus(true);
  delta(store, [row('b', working)], ['b', 'a']);
  expect(ids(store)).toEqual(['a', 'b']);
  expect(store.rows[1]?.word).toBe('Working');
  store.pointer(false);
  expect(ids(store)).toEqual(['a', 'b']);
  store.focus(false);
  expect(ids(store)).toEqual(['b', 'a']);
});

test('hidden, whatever was inside is outside', () => {
  const store = shown([row('a'), row('b')]);
  store.pointer(true);
  delta(store, [], ['b', 'a']);
  store.apply({ kind: 'Hidden' });
  expect(ids(store)).toEqual(['b', 'a']);
  expect(store.frozen).toBe(false);
});

test('a new need pulses once, and only while somebody looks', () => {
  const store = shown([row('a', needs), row('b')]);
  expect([...store.pulsing]).toEqual([]);
  delta(store, [row('b', needs)], ['a', 'b']);
  expect([...store.pulsing]).toEqual(['b']);
  store.calm('b');
  expect([...store.pulsing]).toEqual([]);
  store.apply({ kind: 'Hidden' });
  delta(store, [row('c', needs)], ['a', 'b', 'c']);
  expect([...store.pulsing]).toEqual([]);
});

test('ages tick while shown, when one of them changes, and never while hidden', () => {
  const store = shown([row('a', { since: new Date(START - 90_000).toISOString() })]);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(29_999);
  expect(store.clock.now).toBe(START);
  vi.advanceTimersByTime(1);
  expect(store.clock.now).toBe(START + 30_000);
  expect(vi.getTimerCount()).toBe(1);
  store.apply({ kind: 'Hidden' });
  delta(store, [row('b')], ['a', 'b']);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  store.apply({ kind: 'Shown', id: 'b' });
  expect(store.clock.now).toBe(START + 90_000);
  expect(store.wanted).toEqual({ id: 'b', ask: undefined });
});

test('no rows, no timer', () => {
  shown([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a failure gives way to the next board', () => {
  const store = new BoardStore();
  store.apply({ kind: 'Failed', message: 'why' });
  expect(store.failed).toBe('why');
  store.apply({ kind: 'Board', ...board([]) });
  expect(store.failed).toBeUndefined();
});
