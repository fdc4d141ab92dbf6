import { expect, test } from 'vitest';
import { find, step, TypeAhead, types } from '../src/lib/focus';
import { ease } from '../src/lib/motion';

test('arrows stop at the ends; Home and End go there', () => {
  expect(step('ArrowDown', -1, 3)).toBe(0);
  expect(step('ArrowDown', 2, 3)).toBe(2);
  expect(step('ArrowUp', -1, 3)).toBe(2);
  expect(step('ArrowUp', 0, 3)).toBe(0);
  expect(step('Home', 2, 3)).toBe(0);
  expect(step('End', 0, 3)).toBe(2);
  expect(step('Enter', 0, 3)).toBeUndefined();
  expect(step('End', -1, 0)).toBeUndefined();
});

test('type-ahead goes on with one letter, and stays while a word still fits', () => {
  const titles = ['payments', 'Docs', 'deploy', 'ui'];
  expect(find(titles, -1, 'd')).toBe(1);
  expect(find(titles, 1, 'd')).toBe(2);
  expect(find(titles, 2, 'd')).toBe(1);
  expect(find(titles, 1, 'dd')).toBe(2);
  expect(find(titles, 1, 'do')).toBe(1);
  expect(find(titles, 1, 'de')).toBe(2);
  expect(find(titles, 0, 'x')).toBeUndefined();
  expect(find([], -1, 'x')).toBeUndefined();
});

test('letters make a word until 700 ms pass', () => {
  const typed = new TypeAhead();
  expect(typed.begun(0)).toBe(false);
  expect(typed.push('a', 0)).toBe('a');
  expect(typed.push(' ', 700)).toBe('a ');
  expect(typed.push('c', 1401)).toBe('c');
  typed.clear();
  expect(typed.begun(1402)).toBe(false);
});

test('only letters type', () => {
  const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });
  expect(types(key('a'))).toBe(true);
  expect(types(key('é'))).toBe(true);
  expect(types(key('Escape'))).toBe(false);
  expect(types(key('q', { metaKey: true }))).toBe(false);
});

test('rows move fast at first and settle', () => {
  expect([ease(0), ease(1)]).toEqual([0, 1]);
  const way = Array.from({ length: 21 }, (_, n) => ease(n / 20));
  expect(way.every((y, n) => n === 0 || y >= (way[n - 1] ?? 0))).toBe(true);
  expect(ease(0.5)).toBeGreaterThan(0.85);
});
