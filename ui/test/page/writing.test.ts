// A message being written in a card while its session's request changes.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../src/App.svelte';
import { BoardStore } from '../../src/lib/board.svelte';
import type { Answer, Card, Row, RowAsk } from '../../src/lib/wire';
import { act, board, host, needs, row } from '../rows';

const calls = {
  card: vi.fn(async (_: string, request: string): Promise<Card> => ({
    request, kind: 'Permission', title: 'Bash', lines: [{ mark: 'plain', text: `echo ${request}` }], questions: [], always: [],
  })),
  answer: vi.fn(async (_id: string, _request: string, _answer: Answer) => {}),
  jump: vi.fn(async () => {}),
  pause: vi.fn(async () => {}),
};
const questions = async (_: string, request: string): Promise<Card> => ({
  request, kind: 'Question', title: 'Which?', lines: [], always: [],
  questions: [{ header: '', question: 'Which?', choice: 'one', options: [{ label: 'Red', description: '' }] }],
});
let store: BoardStore;
let app: Record<string, unknown>;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:10Z') });
  vi.stubGlobal('IntersectionObserver', class {
    observe(): void {}
    disconnect(): void {}
  });
  for (const call of Object.values(calls)) call.mockClear();
  store = new BoardStore(true);
  app = mount(App, { target: document.body, props: { host: host(calls), store } });
});

afterEach(async () => {
  await unmount(app);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function becomes(ask: Partial<RowAsk> | undefined): Promise<void> {
  const more: Partial<Row> = ask ? { ...needs, ask: { more: 0, ...ask } } : {};
  store.apply({ kind: 'Board', ...board([row('a', { ...more, action: act('Pause') })]) });
  flushSync();
  await settle();
}

const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const field = () => find('.message input') as HTMLInputElement | null;
const request = () => find('[data-ask]')?.dataset.ask;
const named = (text: string) => [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === text);
const focused = () => document.activeElement?.outerHTML;

async function press(key: string): Promise<void> {
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await settle();
}

/** Starts a denial with this message. */
async function write(text: string): Promise<void> {
  named('More…')!.click();
  await settle();
  named('Deny with message…')!.click();
  await settle(501);
  field()!.value = text;
  field()!.dispatchEvent(new Event('input', { bubbles: true }));
  await settle();
}

test('an older request of the same session waits until the one that is open is over', async () => {
  await becomes({ request: 'r2', agent: 'builder', until: '2026-01-01T00:01:00Z' });
  await write('not this');
  const before = field();
  const behind = [{ request: 'r2', agent: 'builder', until: '2026-01-01T00:01:00Z' }];
  await becomes({ request: 'r1', more: 1, behind });
  expect([request(), field() === before, field()?.value]).toEqual(['r2', true, 'not this']);
  expect(focused()).toBe(field()?.outerHTML);
  expect(find('[data-ask]')?.textContent).toContain('builder');
  expect(find('[data-ask]')?.textContent).toContain('+1 more');
  await settle(501);
  find('.message button[type="submit"]')!.click();
  await settle();
  expect(calls.answer.mock.calls).toEqual([['a', 'r2', { kind: 'deny', message: 'not this' }]]);
  await becomes({ request: 'r1' });
  expect([request(), field()]).toEqual(['r1', null]);
  expect(find('[data-ask]')?.textContent).not.toContain('builder');
});

test('what was written for a request that is over is told to no other', async () => {
  await becomes({ request: 'r1' });
  await write('not this');
  await becomes({ request: 'r2' });
  expect([request(), field()]).toEqual(['r2', null]);
  expect(focused()).toBe(find('[data-id="a"]')?.outerHTML);
  await settle(501);
  named('Deny')!.click();
  await settle();
  expect(calls.answer.mock.calls).toEqual([['a', 'r2', { kind: 'deny' }]]);
});

test('keys that are still being typed do nothing to the row they fall on', async () => {
  await becomes({ request: 'r1' });
  await write('not');
  await becomes(undefined);
  expect(request()).toBeUndefined();
  expect(focused()).toBe(find('[data-id="a"]')?.outerHTML);
  for (const key of [' ', 't', 'h', ' ', 'Enter']) {
    await press(key);
    await settle(400);
  }
  expect([calls.pause.mock.calls, calls.jump.mock.calls]).toEqual([[], []]);
  await settle(701);
  await press(' ');
  expect(calls.pause).toHaveBeenCalledOnce();
});

test('a card takes the focus once, and not again with each board', async () => {
  const elsewhere = 'Claude Code’s hooks are not connected';
  await becomes({ elsewhere });
  store.apply({ kind: 'Shown', id: 'a', ask: 'Review' });
  await settle();
  expect(focused()).toBe(find('[data-jump]')?.outerHTML);
  find('[data-id="a"]')!.focus();
  await becomes({ elsewhere });
  await becomes({ elsewhere });
  expect(focused()).toBe(find('[data-id="a"]')?.outerHTML);
});

test('what was paused is read as soon as it can be answered again', async () => {
  await becomes({ request: 'r1', elsewhere: 'the session is paused; resume it to answer' });
  expect(calls.card).not.toHaveBeenCalled();
  await becomes({ request: 'r1' });
  await becomes({ request: 'r1' });
  expect(find('[data-whole]')?.textContent).toContain('echo r1');
  expect(calls.card).toHaveBeenCalledOnce();
});

test('what was begun is there again when the popover comes back, and takes no focus then', async () => {
  await becomes({ request: 'r1' });
  await write('not this');
  store.apply({ kind: 'Hidden' });
  await settle();
  expect(request()).toBeUndefined();
  store.apply({ kind: 'Shown', id: null });
  await becomes({ request: 'r1' });
  expect([request(), field()?.value]).toEqual(['r1', 'not this']);
  expect(focused()).toBe(document.body.outerHTML);
  await settle(501);
  // A message in a folded field is not sent unseen.
  named('More…')!.click();
  await settle(501);
  named('Deny')!.click();
  await settle();
  expect(calls.answer.mock.calls).toEqual([['a', 'r1', { kind: 'deny' }]]);
});

test('what was chosen is there again when its session was paused meanwhile', async () => {
  calls.card.mockImplementationOnce(questions).mockImplementationOnce(questions);
  await becomes({ request: 'q' });
  const radio = () => document.querySelectorAll<HTMLInputElement>('input[type="radio"]')[0]!;
  radio().click();
  await settle();
  await becomes({ request: 'q', elsewhere: 'the session is paused; resume it to answer' });
  expect(find('input[type="radio"]')).toBeNull();
  await becomes({ request: 'q' });
  expect(radio().checked).toBe(true);
});
