// The evidence behind a row, in a live document.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../src/App.svelte';
import { BoardStore } from '../../src/lib/board.svelte';
import type { Reasons, Row } from '../../src/lib/wire';
import { board, host, row } from '../rows';

const START = Date.parse('2026-01-01T00:00:10Z');
const hide = vi.fn();
const why = vi.fn<(id: string) => Promise<Reasons | null>>();
let store: BoardStore;
let app: Record<string, unknown>;

const told = (says: string): Reasons => ({
  sentence: `Claude Code reports ${says}.`,
  until: 'Changes when Claude Code exits.',
  asks: '',
  lines: [
    { source: 'registry', says, observed_at: '2026-01-01T00:00:00Z', part: 'Decided', word: 'decided', reason: 'Claude Code reports it' },
    { source: 'tmux', says: 'not in tmux', part: 'Silent', word: 'no data', reason: 'shows only whether a terminal is attached' },
  ],
});

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  hide.mockReset();
  why.mockReset().mockImplementation(async () => told('busy'));
  store = new BoardStore(true);
  app = mount(App, { target: document.body, props: { host: host({ hide, why }), store } });
  store.apply({ kind: 'Board', ...board([row('a'), row('b')]) });
  flushSync();
});

afterEach(async () => {
  await unmount(app);
  vi.useRealTimers();
});

const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
const rowOf = (id: string) => document.querySelector<HTMLElement>(`[data-id="${id}"]`)!;
const listed = () => all('[aria-label="Actions"] button').map((one) => one.textContent?.trim());
/** The ids of the rows whose evidence is open. */
const open = () => all('[data-id]:has([role="table"])').map((node) => node.dataset.id);
const cells = () => all('.said').map((line) => all('span').filter((cell) => cell.parentElement === line).map((cell) => cell.textContent));

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
}

async function list(id: string): Promise<void> {
  rowOf(id).dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
  await settle();
}

/** Clicks "Why?" among the actions of a row. */
async function click(id: string): Promise<void> {
  await list(id);
  all('[aria-label="Actions"] button').find((one) => one.textContent?.trim() === 'Why?')!.click();
  await settle();
}

async function press(key: string, on: HTMLElement = document.body): Promise<KeyboardEvent> {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  on.dispatchEvent(event);
  await settle();
  return event;
}

async function delta(rows: Row[], order = ['a', 'b']): Promise<void> {
  store.apply({ kind: 'Delta', revision: 2, summary: '', rows, order, health: [] });
  flushSync();
  await settle();
}

test('the right button and the menu key show what can be done to a row, Escape hides it', async () => {
  await list('a');
  expect(listed()).toEqual(['Open terminal', 'Why?', 'End…']);
  await list('b');
  expect(all('[aria-label="Actions"]')).toHaveLength(1);
  await press('Escape', document.activeElement as HTMLElement);
  expect(listed()).toEqual([]);
  expect(hide).not.toHaveBeenCalled();
  rowOf('a').focus();
  await press('ContextMenu', rowOf('a'));
  expect(listed()).toHaveLength(3);
  expect(document.activeElement?.textContent?.trim()).toBe('Open terminal');
  await click('b');
  expect(listed()).toEqual([]);
  expect(all('[role="table"] [role="columnheader"]')).toHaveLength(4);
});

test('a click opens the row: a sentence, its end, and what each source says', async () => {
  await click('a');
  expect(why).toHaveBeenLastCalledWith('a');
  expect(all('.evidence p').map((p) => p.textContent)).toEqual(['Claude Code reports busy.', 'Changes when Claude Code exits.']);
  expect(cells()).toEqual([['registry', 'busy', '10s', 'decided'], ['tmux', 'not in tmux', '–', 'no data']]);
  expect(all('.said').map((line) => line.title)).toEqual(['Claude Code reports it', 'shows only whether a terminal is attached']);
  await click('a');
  expect(open()).toEqual([]);
});

test('one row is open at a time, and the first gives way only when the second has its answer', async () => {
  await click('a');
  let answer = (_: Reasons | null) => {};
  why.mockImplementationOnce(() => new Promise((done) => (answer = done)));
  await click('b');
  expect(open()).toEqual(['a']);
  answer(told('idle'));
  await settle();
  expect(open()).toEqual(['b']);
});

test('the question mark opens and closes the row in focus; Escape closes it before the popover', async () => {
  const focused = document.querySelector<HTMLElement>('[data-id="b"]')!;
  focused.focus();
  expect((await press('?', focused)).defaultPrevented).toBe(true);
  expect(open()).toEqual(['b']);
  await press('?', focused);
  expect(open()).toEqual([]);
  await press('?', focused);
  await press('Escape', focused);
  expect(open()).toEqual([]);
  expect(hide).not.toHaveBeenCalled();
  await press('Escape', focused);
  expect(hide).toHaveBeenCalledOnce();
});

test('without a row in focus the question mark opens none', async () => {
  await press('?');
  expect(why).not.toHaveBeenCalled();
});

test('what is open follows the board, and is asked anew when an age changes', async () => {
  await click('a');
  why.mockImplementation(async () => told('idle'));
  await delta([row('b', { detail: 'new' })]);
  expect(cells()[0]).toEqual(['registry', 'idle', '10s', 'decided']);
  const asked = why.mock.calls.length;
  await vi.advanceTimersByTimeAsync(1_000);
  flushSync();
  expect(why).toHaveBeenCalledTimes(asked + 1);
  expect(cells()[0]).toEqual(['registry', 'idle', '11s', 'decided']);
  await click('a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(why).toHaveBeenCalledTimes(asked + 1);
});

test('a late answer to an older question is nothing', async () => {
  let late = (_: Reasons | null) => {};
  why.mockImplementationOnce(() => new Promise((done) => (late = done)));
  await click('a');
  await delta([row('a', { detail: 'new' })]);
  late(told('old'));
  await settle();
  expect(cells()[0]?.[1]).toBe('busy');
});

test('the evidence closes when the row goes, also where the row stays to say so', async () => {
  await click('a');
  store.pointer(true);
  await delta([], ['b']);
  expect(open()).toEqual([]);
  expect(document.querySelector('[data-id="a"]')?.textContent).toContain('Gone');
  expect(document.querySelector('[data-id="a"] button')).toBeNull();
});

test('the evidence closes when the engine knows none, and when the popover is hidden', async () => {
  why.mockResolvedValueOnce(null);
  await click('a');
  expect(open()).toEqual([]);
  const error = vi.spyOn(console, 'error').mockReturnValue();
  why.mockRejectedValueOnce('broken');
  await click('a');
  expect(open()).toEqual([]);
  expect(error).toHaveBeenCalledOnce();
  await click('a');
  expect(open()).toEqual(['a']);
  store.apply({ kind: 'Hidden' });
  flushSync();
  expect(open()).toEqual([]);
});

test('whatever a source says stays text', async () => {
  const evil = '<img src=x onerror=alert(1)>';
  why.mockResolvedValue({ ...told(evil), until: evil });
  await click('a');
  expect(all('img')).toEqual([]);
  expect(cells()[0]?.[1]).toBe(evil);
});
