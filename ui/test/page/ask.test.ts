// Requests and their answers, in a live document.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../src/App.svelte';
import { BoardStore } from '../../src/lib/board.svelte';
import type { Answer, Ask, Card, Row, RowAsk } from '../../src/lib/wire';
import { board, host, needs, row } from '../rows';

const OVER = 'this request is no longer pending: it was answered elsewhere or returned to the terminal';
const calls = {
  card: vi.fn<(id: string, request: string) => Promise<Card | null>>(),
  answer: vi.fn<(id: string, request: string, answer: Answer) => Promise<void>>(),
  jump: vi.fn<(id: string) => Promise<void>>(),
  end: vi.fn<(id: string) => Promise<string | null>>(),
  kill: vi.fn<(id: string) => Promise<void>>(),
  hide: vi.fn(),
  remedy: vi.fn(),
};
let store: BoardStore;
let app: Record<string, unknown> | undefined;
/** The elements observed for being on the screen. */
let watched: { node: Element; tell: (ratio: number) => void }[] = [];

class Watcher {
  #tell: IntersectionObserverCallback;
  constructor(tell: IntersectionObserverCallback) {
    this.#tell = tell;
  }
  observe(node: Element): void {
    const tell = (ratio: number) =>
      this.#tell([{ isIntersecting: true, intersectionRatio: ratio } as IntersectionObserverEntry], this as unknown as IntersectionObserver);
    watched.push({ node, tell });
  }
  disconnect(): void {}
}

const asks = (id: string, request: string, more: Partial<RowAsk> = {}): Row =>
  row(id, { ...needs, ask: { request, more: 0, ...more } });
const card = (request: string, more: Partial<Card> = {}): Card => ({
  request, kind: 'Permission', title: 'Bash', questions: [],
  lines: [{ mark: 'plain', text: `echo ${request}` }],
  always: [{ suggestion: 1, text: 'Always allow Bash for this session' }],
  ...more,
});
const QUESTIONS: Card = card('q', {
  kind: 'Question', lines: [], always: [],
  questions: [
    { header: 'H', question: 'Which?', choice: 'one', options: [{ label: 'Red', description: '' }, { label: 'Blue', description: 'cold' }] },
    { header: '', question: 'What?', choice: 'several', options: [{ label: 'A', description: '' }, { label: 'B', description: '' }] },
    { header: '', question: 'Why?', choice: 'one', options: [] },
  ],
});

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:10Z') });
  vi.stubGlobal('IntersectionObserver', Watcher);
  watched = [];
  for (const call of Object.values(calls)) call.mockReset();
  calls.card.mockImplementation(async (_, request) => card(request));
  for (const call of [calls.answer, calls.jump, calls.kill]) call.mockResolvedValue();
  calls.end.mockResolvedValue(null);
});

afterEach(async () => {
  if (app) await unmount(app);
  app = undefined;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function open(rows: Row[]): Promise<void> {
  store = new BoardStore(true);
  app = mount(App, { target: document.body, props: { host: host(calls), store } });
  store.apply({ kind: 'Board', ...board(rows) });
  flushSync();
  await settle();
}

async function becomes(rows: Row[]): Promise<void> {
  store.apply({ kind: 'Board', ...board(rows, 2) });
  flushSync();
  await settle();
}

/** Puts the end of the text, or of the questions, on the screen. */
async function read(): Promise<void> {
  for (const { tell } of watched) tell(1);
  await settle();
}

/** Waits until a click counts as intended. */
const pause = () => settle(501);

const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const request = () => find('[data-ask]')?.dataset.ask;
const yes = () => find('[data-yes]')!;
const no = () => find('[data-no]')!;
const named = (text: string) => [...document.querySelectorAll<HTMLElement>('button')].find((one) => one.textContent?.trim() === text);
const off = (what: HTMLElement) => what.getAttribute('aria-disabled') === 'true';
const notes = () => [...document.querySelectorAll('.note')].map((note) => note.textContent);
const given = () => calls.answer.mock.calls;

async function click(what: HTMLElement | null | undefined): Promise<void> {
  what!.click();
  await settle();
}

async function press(key: string, on: HTMLElement): Promise<KeyboardEvent> {
  on.focus();
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  on.dispatchEvent(event);
  await settle();
  return event;
}

async function type(into: HTMLInputElement, text: string): Promise<void> {
  into.value = text;
  into.dispatchEvent(new Event('input', { bubbles: true }));
  await settle();
}

test('the first that can be answered shows all it asks, the others stay as they are', async () => {
  await open([asks('a', 'r1', { more: 2, agent: 'general-purpose' }), asks('b', 'r2'), row('c')]);
  expect(calls.card.mock.calls).toEqual([['a', 'r1']]);
  expect(document.querySelectorAll('[data-ask]')).toHaveLength(1);
  expect(find('[data-whole]')?.textContent).toContain('echo r1');
  expect(find('[data-ask]')?.textContent).toContain('+2 more');
  expect(find('[data-ask]')?.textContent).toContain('general-purpose');
});

test('nothing is approved before its end was on the screen', async () => {
  await open([asks('a', 'r1')]);
  await pause();
  expect(off(yes())).toBe(true);
  await click(yes());
  watched.at(-1)!.tell(0.2);
  await settle();
  expect(off(yes())).toBe(true);
  await click(named('Always…'));
  await pause();
  expect(off(named('Always allow Bash for this session')!)).toBe(true);
  await click(named('Always allow Bash for this session'));
  expect(given()).toEqual([]);
  await read();
  expect(off(yes())).toBe(false);
  await click(yes());
  expect(given()).toEqual([['a', 'r1', { kind: 'allow' }]]);
});

test('another request is to be read anew', async () => {
  await open([asks('a', 'r1')]);
  await read();
  await pause();
  expect(off(yes())).toBe(false);
  await becomes([asks('a', 'r2')]);
  await pause();
  expect(request()).toBe('r2');
  expect(off(yes())).toBe(true);
});

test('a click that came with the card, or as something moved, answers nothing', async () => {
  await open([asks('a', 'r1'), row('b')]);
  await read();
  expect(off(yes())).toBe(true);
  await click(yes());
  await click(no());
  await settle(499);
  await click(yes());
  expect(given()).toEqual([]);
  await settle(2);
  expect(off(yes())).toBe(false);
  // An update that only changes words moves nothing.
  await becomes([asks('a', 'r1'), row('b', { detail: 'other words' })]);
  expect(off(yes())).toBe(false);
  await becomes([asks('a', 'r1'), row('b'), row('new')]);
  await click(yes());
  expect(given()).toEqual([]);
  await pause();
  await click(yes());
  expect(given()).toHaveLength(1);
});

test('one click is one answer, and it says that it is under way', async () => {
  let done = () => {};
  calls.answer.mockImplementationOnce(() => new Promise((over) => (done = over)));
  await open([asks('a', 'r1')]);
  await read();
  await pause();
  await click(yes());
  await click(yes());
  await click(no());
  expect(given()).toHaveLength(1);
  expect(find('[data-hint]')?.textContent).toContain('Approving…');
  expect([off(yes()), off(no())]).toEqual([true, true]);
  done();
  await settle();
  // The board is still the old one, but nothing more can be answered.
  expect(find('[data-ask]')).toBeNull();
});

test('after an answer the next in the list opens with the focus on its text', async () => {
  await open([asks('a', 'r1'), asks('b', 'r2'), row('x')]);
  await read();
  await pause();
  yes().focus();
  await click(yes());
  await becomes([asks('b', 'r2'), row('a'), row('x')]);
  expect(request()).toBe('r2');
  expect(document.activeElement?.outerHTML).toBe(find('[data-whole]')?.outerHTML);
  await pause();
  expect(off(yes())).toBe(true);
  await read();
  await click(yes());
  expect(given().map(([id, one]) => [id, one])).toEqual([['a', 'r1'], ['b', 'r2']]);
  await becomes([row('a'), row('x'), row('b')]);
  expect(find('[data-ask]')).toBeNull();
});

test('the same where the board is faster than the answer', async () => {
  let done = () => {};
  calls.answer.mockImplementationOnce(() => new Promise((over) => (done = over)));
  await open([asks('a', 'r1'), asks('b', 'r2')]);
  await read();
  await pause();
  store.pointer(true);
  await click(yes());
  await becomes([asks('b', 'r2'), row('a')]);
  expect(find('[data-ask]')).toBeNull();
  done();
  await settle();
  expect(request()).toBe('r2');
  expect(document.activeElement?.outerHTML).toBe(find('[data-whole]')?.outerHTML);
});

test('what else the same session asks comes before the next session', async () => {
  await open([asks('a', 'r1', { more: 1 }), asks('b', 'r2')]);
  await read();
  await pause();
  await click(no());
  expect(request()).toBe('r1');
  await becomes([asks('a', 'r3'), asks('b', 'r2')]);
  expect(request()).toBe('r3');
});

test('an answer that comes too late says so and does nothing else', async () => {
  calls.answer.mockRejectedValueOnce(OVER);
  await open([asks('a', 'r1'), asks('b', 'r2')]);
  await read();
  await pause();
  await click(yes());
  expect(notes()).toEqual([OVER]);
  await becomes([row('a'), asks('b', 'r2')]);
  expect(notes()).toEqual([OVER]);
  expect(given()).toHaveLength(1);
  await settle(8_000);
  expect(notes()).toEqual([]);
});

test('answered in its terminal, a card is gone at once', async () => {
  await open([asks('a', 'r1')]);
  await becomes([row('a')]);
  expect(find('[data-ask]')).toBeNull();
  let come = (_: Card | null) => {};
  calls.card.mockImplementationOnce(() => new Promise((done) => (come = done)));
  await becomes([asks('a', 'r2')]);
  await becomes([asks('a', 'r3')]);
  come(card('r2'));
  await settle();
  expect(find('[data-whole]')?.textContent).toContain('echo r3');
});

test('no, with words if there are any, and no and stop', async () => {
  await open([asks('a', 'r1')]);
  await pause();
  await click(named('More…'));
  await click(named('Deny with message…'));
  await pause();
  const field = find('.message input') as HTMLInputElement;
  expect(document.activeElement).toBe(field);
  await type(field, '  use the test server ');
  await click(find('.message button[type="submit"]'));
  // The next request opens by itself, even with the focus inside.
  await becomes([row('a')]);
  await becomes([asks('a', 'r2')]);
  await pause();
  await click(named('More…'));
  await pause();
  await click(named('Deny and stop'));
  await becomes([asks('a', 'r3')]);
  await pause();
  await click(no());
  expect(given().map(([, , answer]) => answer)).toEqual([
    { kind: 'deny', message: 'use the test server' },
    { kind: 'stop' },
    { kind: 'deny' },
  ]);
});

test('an offer is made in its words and by its number', async () => {
  await open([asks('a', 'r1')]);
  await read();
  await click(named('Always…'));
  await pause();
  await click(named('Always allow Bash for this session'));
  expect(given()).toEqual([['a', 'r1', { kind: 'always', suggestion: 1 }]]);
});

test('questions want an answer each: one, several, or a text of one’s own', async () => {
  calls.card.mockResolvedValue(QUESTIONS);
  await open([asks('a', 'q')]);
  await read();
  await pause();
  const inputs = (kind: string) => [...document.querySelectorAll<HTMLInputElement>(`[data-questions] input[type=${kind}]`)];
  const [red, blue] = inputs('radio');
  const [a, b] = inputs('checkbox');
  const [, own2, own3] = inputs('text');
  await click(red);
  await click(blue);
  await click(b);
  await click(a);
  await type(own2!, ' C ');
  expect(off(yes())).toBe(true);
  await click(yes());
  expect(given()).toEqual([]);
  await type(own3!, 'because');
  expect(off(yes())).toBe(false);
  await click(yes());
  expect(given()).toEqual([['a', 'q', { kind: 'choose', answers: [['Blue'], ['A', 'B', 'C'], ['because']] }]]);
});

test('a text of one’s own takes the place of the one that was chosen', async () => {
  calls.card.mockResolvedValue({ ...QUESTIONS, questions: QUESTIONS.questions.slice(0, 1) });
  await open([asks('a', 'q')]);
  await read();
  await pause();
  await click(find('input[type=radio]'));
  await type(find('input[type=text]') as HTMLInputElement, 'Green');
  await click(yes());
  expect(given()[0]?.[2]).toEqual({ kind: 'choose', answers: [['Green']] });
});

test('a plan is carried out or kept, with what is wrong with it', async () => {
  calls.card.mockResolvedValue(card('p', { kind: 'Plan', always: [] }));
  await open([asks('a', 'p')]);
  await read();
  // A button that looks disabled is disabled.
  expect(no().getAttribute('aria-disabled')).toBe('true');
  await click(no());
  expect(find('.message input')).toBeNull();
  await pause();
  expect([yes().textContent?.trim(), no().textContent?.trim()]).toEqual(['Approve plan', 'Keep planning']);
  await click(no());
  expect(given()).toEqual([]);
  await pause();
  await type(find('.message input') as HTMLInputElement, 'smaller');
  await click(named('Send'));
  expect(given()[0]?.[2]).toEqual({ kind: 'deny', message: 'smaller' });
});

test('what cannot be shown whole has no yes, and says why', async () => {
  calls.card.mockResolvedValue(card('r1', { unseen: 'the request is too long to show here', always: [] }));
  await open([asks('a', 'r1')]);
  await read();
  await pause();
  expect(find('[data-yes]')).toBeNull();
  expect(notes()).toEqual(['the request is too long to show here']);
  await click(no());
  expect(given()).toHaveLength(1);
});

test('what can be answered in its terminal only says why, without dead buttons', async () => {
  await open([row('a', { ...needs, ask: { more: 0, elsewhere: 'Claude Code’s hooks are not connected' } })]);
  expect(notes()).toEqual(['Claude Code’s hooks are not connected']);
  expect([find('[data-yes]'), find('[data-no]')]).toEqual([null, null]);
  expect(calls.card).not.toHaveBeenCalled();
  await click(find('[data-jump]'));
  expect(calls.jump.mock.calls).toEqual([['a']]);
});

test('a sub-agent’s request can be released, and says for how long it is held', async () => {
  await open([asks('a', 'r1', { until: '2026-01-01T00:00:15Z' })]);
  expect(find('[data-ask]')?.textContent).toContain('asks in 5 s');
  await settle(2_000);
  expect(find('[data-ask]')?.textContent).toContain('asks in 3 s');
  await click(named('Release to terminal'));
  expect(given()[0]?.[2]).toEqual({ kind: 'release' });
  // A request that is held until answered can be released, too.
  await becomes([asks('a', 'r2', { agent: 'general-purpose' })]);
  expect(find('[data-ask]')?.textContent).toContain('The terminal asks after release');
  await pause();
  await click(named('Release to terminal'));
  expect(given()[1]).toEqual(['a', 'r2', { kind: 'release' }]);
  expect(find('[data-ask]')).toBeNull();
  await becomes([asks('a', 'r2', { agent: 'general-purpose', elsewhere: 'Claude Code asks this only in the terminal' })]);
  expect(find('[data-jump]')).not.toBeNull();
});

test('keys in a card are its own; Enter on a row reads, and never answers', async () => {
  await open([row('first'), asks('a', 'r1')]);
  const one = find('[data-id="a"]')!;
  expect((await press('Enter', one)).defaultPrevented).toBe(true);
  expect(document.activeElement).toBe(find('[data-whole]'));
  const whole = find('[data-whole]')!;
  for (const key of ['ArrowDown', 'Home', 'f', ' ', '?', 'Enter']) await press(key, whole);
  expect(document.activeElement).toBe(whole);
  await pause();
  expect(given()).toEqual([]);
  expect(document.activeElement).not.toBe(yes());
  const order = [...find('[data-ask]')!.querySelectorAll('[tabindex="0"], button')].map((node) => node.textContent?.trim());
  expect(order).toEqual(['echo r1', 'More…', 'Always…', 'Deny', 'Approve']);
  await click(named('More…'));
  await press('Escape', named('Deny and stop')!);
  expect(named('Deny and stop')).toBeUndefined();
  expect(calls.hide).not.toHaveBeenCalled();
  await press('Escape', no());
  expect(calls.hide).toHaveBeenCalledOnce();
});

test('a click on a row goes to its terminal, or reads what it asks first', async () => {
  await open([asks('a', 'r1'), asks('b', 'r2'), row('c'), row('d', { tone: 'stopped', glyph: 'stopped' })]);
  const head = (id: string) => find(`[data-id="${id}"] .head`);
  await click(head('b'));
  expect(request()).toBe('r2');
  await click(head('b'));
  await click(head('c'));
  await click(head('d'));
  await press('Enter', find('[data-id="c"]')!);
  expect(calls.jump.mock.calls).toEqual([['b'], ['c'], ['c']]);
  await click(find('[data-id="a"] button.jump'));
  expect(calls.jump).toHaveBeenLastCalledWith('a');
  expect(find('[data-id="d"] button')).toBeNull();
});

test('a terminal that cannot be shown is said in the row', async () => {
  calls.jump.mockRejectedValueOnce('no window was found');
  await open([row('c')]);
  await click(find('[data-id="c"] .head'));
  expect(notes()).toEqual(['Terminal not shown: no window was found']);
});

test('a terminal that is in front, but may show another tab, is not called hidden', async () => {
  calls.jump.mockRejectedValueOnce({ text: 'Warp is in front; find its tab yourself', in_front: true });
  await open([row('c')]);
  await click(find('[data-id="c"] .head'));
  expect(notes()).toEqual(['Warp is in front; find its tab yourself']);
  expect(find('.remedy')).toBeNull();
});

test('a denied consent is said with a button that opens the settings, for as long as the popover is open', async () => {
  const text = 'macOS does not let Trusty Bar control Terminal';
  const remedy = { label: 'Open Privacy settings', action: 'OpenAutomationSettings' };
  calls.jump.mockRejectedValueOnce({ text, in_front: false, remedy });
  await open([row('c')]);
  await click(find('[data-id="c"] .head'));
  await settle(60_000);
  expect(notes()).toEqual([`Terminal not shown: ${text}`]);
  await click(find('.remedy button'));
  expect(calls.remedy.mock.calls).toEqual([['OpenAutomationSettings']]);
  // The engine reports the failure in the row, too; the button stays.
  await becomes([row('c', { failure: `${text}.` })]);
  expect(notes()).toEqual([`${text}.`]);
  expect(find('.remedy button')?.textContent).toBe('Open Privacy settings');
});

test('a row that is about to be clicked does not move: a card comes when the pointer has gone', async () => {
  await open([row('a')]);
  store.pointer(true);
  await becomes([asks('a', 'r1')]);
  expect(find('[data-ask]')).toBeNull();
  store.pointer(false);
  await becomes([asks('a', 'r1')]);
  expect(request()).toBe('r1');
});

async function shown(ask: Ask, id: string): Promise<void> {
  store.apply({ kind: 'Shown', id, ask });
  await settle();
}

test('the menu leads to a card; hidden, all of it is forgotten', async () => {
  await open([asks('a', 'r1'), asks('b', 'r2')]);
  await read();
  await pause();
  await shown('Review', 'b');
  expect(request()).toBe('r2');
  expect(document.activeElement).toBe(find('[data-whole]'));
  store.apply({ kind: 'Hidden' });
  await settle();
  expect(find('[data-ask]')).toBeNull();
  store.apply({ kind: 'Shown', id: null });
  await settle();
  await pause();
  expect(request()).toBe('r1');
  expect(off(yes())).toBe(true);
});

test('an answer that comes back after the popover was hidden opens nothing', async () => {
  await open([asks('a', 'r1'), asks('b', 'r2')]);
  await read();
  await pause();
  let answered = (): void => {};
  calls.answer.mockImplementationOnce(() => new Promise((done) => (answered = done)));
  await click(yes());
  store.apply({ kind: 'Hidden' });
  await settle();
  answered();
  await settle();
  await pause();
  store.apply({ kind: 'Shown', id: null });
  await settle();
  expect(request()).toBe('r2');
  await read();
  expect(off(yes())).toBe(true);
  await click(yes());
  expect(calls.answer).toHaveBeenCalledTimes(1);
});

test('what could not be read is said, and read with the next board', async () => {
  calls.card.mockRejectedValueOnce('the engine did not answer');
  await open([asks('a', 'r1')]);
  expect(notes()).toEqual(['the engine did not answer']);
  await becomes([asks('a', 'r1')]);
  expect(find('[data-whole]')).not.toBeNull();
});

test('an end is asked for by name, and a kill only after it', async () => {
  await open([row('api')]);
  await shown('End', 'api');
  expect(find('.confirm')?.getAttribute('aria-label')).toBe('End api?');
  expect(document.activeElement?.textContent?.trim()).toBe('Cancel');
  calls.end.mockRejectedValueOnce('another action is in progress');
  await click(named('End api'));
  expect(notes()).toEqual(['Not ended: another action is in progress']);
  expect(find('.confirm')).toBeNull();
  await shown('End', 'api');
  calls.end.mockResolvedValueOnce('the session did not exit within 5 s');
  await click(named('End api'));
  expect(find('.confirm')?.textContent).toContain('api: the session did not exit within 5 s');
  expect(calls.kill).not.toHaveBeenCalled();
  calls.kill.mockRejectedValueOnce('the process belongs to another user');
  await click(named('Kill api'));
  expect(calls.kill.mock.calls).toEqual([['api']]);
  expect(notes()).toEqual(['Not killed: the process belongs to another user']);
});

test('one that failed is there still, and asks until it has ended', async () => {
  const failed: Partial<Row> = { word: 'Failed', tone: 'stopped', glyph: 'failed' };
  await open([row('api', failed)]);
  await shown('End', 'api');
  expect(find('.confirm')?.getAttribute('aria-label')).toBe('End api?');
  calls.end.mockResolvedValueOnce('the session did not exit within 5 s');
  await click(named('End api'));
  expect(find('.confirm')?.getAttribute('aria-label')).toBe('Kill api?');
  store.apply({ kind: 'Board', ...board([row('api', { ...failed, word: 'Stopped', glyph: 'stopped' })], 2) });
  await settle();
  expect(find('.confirm')).toBeNull();
});

test('whatever is asked stays text', async () => {
  const evil = '<img src=x onerror=alert(1)>';
  calls.card.mockResolvedValue({
    ...QUESTIONS, kind: 'Permission', title: evil, lines: [{ mark: 'added', text: evil }, { mark: 'removed', text: evil }, { mark: 'label', text: evil }],
    always: [{ suggestion: 0, text: evil }],
  });
  await open([asks('a', 'r1', { agent: evil })]);
  expect(document.querySelectorAll('img')).toHaveLength(0);
  const signs = [...document.querySelectorAll('.sign')].map((sign) => [sign.textContent, sign.getAttribute('aria-label')]);
  expect(signs).toEqual([['+', 'added'], ['−', 'removed']]);
});
