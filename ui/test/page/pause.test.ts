// Pausing, resuming and the confirmations of both, in a live document.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../src/App.svelte';
import { BoardStore } from '../../src/lib/board.svelte';
import type { Ask, ConnectCard, Row } from '../../src/lib/wire';
import { act, board, host, row } from '../rows';

const calls = {
  hide: vi.fn(), quit: vi.fn(), stay: vi.fn(), pauseAll: vi.fn(), resumeAll: vi.fn(),
  pause: vi.fn<(id: string, how: string | null) => Promise<void>>(),
  resume: vi.fn<(id: string) => Promise<void>>(),
  leave: vi.fn<(how: string) => Promise<void>>(),
  connectHooks: vi.fn<(dirs: readonly string[]) => Promise<void>>(),
};
let store: BoardStore;
let app: Record<string, unknown> | undefined;

const REFUSAL = 'connect hooks to pause this session';
const ROWS = [
  row('work', { action: act('Pause') }),
  row('last', { action: act('Interrupt') }),
  row('held', { action: act('Resume') }),
  row('shut', { action: act('Pause', { enabled: false }), refusal: REFUSAL }),
  row('none'),
];
const OFFER: ConnectCard = { title: 'Connect', text: 'This changes a file.', button: 'Connect', dirs: ['/home/me/.claude'] };

beforeEach(() => {
  for (const call of Object.values(calls)) call.mockReset();
  for (const call of [calls.pause, calls.resume, calls.leave, calls.connectHooks]) call.mockResolvedValue();
  localStorage.clear();
  open(ROWS);
});

afterEach(close);

async function close(): Promise<void> {
  if (app) await unmount(app);
  app = undefined;
}

function open(rows: Row[], connect?: ConnectCard): void {
  store = new BoardStore(true);
  app = mount(App, { target: document.body, props: { host: host(calls), store } });
  store.apply({ kind: 'Board', ...board(rows), connect });
  flushSync();
}

const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const of = (id: string, selector = '') => find(`[data-id="${id}"] ${selector}`.trim());
const button = (id: string) => of(id, 'button.act')!;
const named = (within: HTMLElement | null, text: string) =>
  [...(within?.querySelectorAll<HTMLElement>('button') ?? [])].find((one) => one.textContent?.trim() === text);
/** The id of the focused row, or the text of another focused element. */
const focused = () => (document.activeElement as HTMLElement).dataset.id ?? document.activeElement?.textContent?.trim().slice(0, 20);
const notes = (id: string) => [...document.querySelectorAll(`[data-id="${id}"] .note`)].map((note) => note.textContent);

async function settle(): Promise<void> {
  await new Promise((done) => setTimeout(done));
  flushSync();
}

async function click(what: HTMLElement | null | undefined): Promise<void> {
  what!.click();
  await settle();
}

async function press(key: string, on: Element | null): Promise<KeyboardEvent> {
  // A key goes to the element that has the focus.
  if (on !== document.body && on !== document.activeElement) (on as HTMLElement).focus();
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  on!.dispatchEvent(event);
  await settle();
  return event;
}

async function shown(ask: Ask, id: string | null = null): Promise<void> {
  store.apply({ kind: 'Shown', id, ask });
  await settle();
}

function becomes(changed: Row, connect?: ConnectCard): void {
  store.apply({ kind: 'Delta', revision: 2, summary: '', rows: [changed], order: ROWS.map((r) => r.id), health: [], connect });
  flushSync();
}

test('a click pauses or resumes its row, and no other', async () => {
  await click(button('work'));
  expect(calls.pause.mock.calls).toEqual([['work', null]]);
  await click(button('held'));
  expect(calls.resume.mock.calls).toEqual([['held']]);
  expect(of('none', 'button.act')).toBeNull();
});

test('Space does the same for the row in focus, but belongs to a word once one is begun', async () => {
  expect((await press(' ', of('work'))).defaultPrevented).toBe(true);
  expect(calls.pause.mock.calls).toEqual([['work', null]]);
  await press('h', of('work'));
  await press(' ', of('held'));
  expect(calls.resume).not.toHaveBeenCalled();
});

test('Space on a button is that button’s, and without a row in focus it is nothing', async () => {
  expect((await press(' ', button('work'))).defaultPrevented).toBe(false);
  button('work').blur();
  await press(' ', document.body);
  expect(calls.pause).not.toHaveBeenCalled();
});

test('from the click on, and while it is pending, a second one is nothing', async () => {
  let done = () => {};
  calls.pause.mockImplementationOnce(() => new Promise((over) => (done = over)));
  await click(button('work'));
  expect(button('work').getAttribute('aria-disabled')).toBe('true');
  await click(button('work'));
  becomes(row('work', { word: 'Pausing…', pending: true, action: act('Pause', { enabled: false }) }));
  done();
  await settle();
  expect(of('work')?.dataset.status).toBe('Pausing…');
  expect(button('work').getAttribute('aria-disabled')).toBe('true');
  await click(button('work'));
  await press(' ', of('work'));
  expect(calls.pause).toHaveBeenCalledOnce();
  becomes(row('work', { word: 'Paused', action: act('Resume') }));
  expect(button('work').getAttribute('aria-disabled')).toBe('false');
});

test('a failure is said in the row and goes with the next board', () => {
  becomes(row('work', { action: act('Pause'), failure: 'Not paused: the tmux pane is in copy mode' }));
  expect(notes('work')).toEqual(['Not paused: the tmux pane is in copy mode']);
  expect(of('work', '[role="alert"]')).not.toBeNull();
  becomes(ROWS[0]!);
  expect(notes('work')).toEqual([]);
});

test('what cannot be paused says why when it is asked to, until Escape', async () => {
  await click(button('shut'));
  expect(notes('shut')).toEqual([REFUSAL]);
  await press('Escape', document.body);
  expect(notes('shut')).toEqual([]);
  await press(' ', of('shut'));
  expect(notes('shut')).toEqual([REFUSAL]);
  await press(' ', of('work'));
  expect(notes('shut')).toEqual([]);
  expect(calls.hide).not.toHaveBeenCalled();
});

test('an interruption is asked about first, and Cancel has the focus', async () => {
  await click(button('last'));
  expect(calls.pause).not.toHaveBeenCalled();
  const confirm = of('last', '.confirm');
  expect(confirm?.textContent).toContain('loses the current step');
  expect(document.activeElement?.textContent).toBe('Cancel');
  await click(named(confirm, 'Interrupt'));
  expect(calls.pause.mock.calls).toEqual([['last', 'Interrupt']]);
  expect(of('last', '.confirm')).toBeNull();
  expect(focused()).toBe('last');
});

test('Escape and Cancel interrupt nothing and give the focus back', async () => {
  await press(' ', of('last'));
  await press('Escape', document.activeElement);
  expect(of('last', '.confirm')).toBeNull();
  expect(focused()).toBe('last');
  await press(' ', of('last'));
  await click(named(of('last'), 'Cancel'));
  expect(of('last', '.confirm')).toBeNull();
  expect(calls.pause).not.toHaveBeenCalled();
  expect(calls.hide).not.toHaveBeenCalled();
});

test('the menu of the tray can ask the same, and the question goes when it is none any more', async () => {
  await shown('Interrupt', 'last');
  expect(of('last', '.confirm')).not.toBeNull();
  becomes(row('last', { action: act('Pause') }));
  await settle();
  expect(of('last', '.confirm')).toBeNull();
  await shown('Interrupt', 'work');
  expect(find('.confirm')).toBeNull();
});

test('all are paused or resumed from the menu', async () => {
  await click(find('.more[aria-haspopup]'));
  await click(named(find('[role="menu"]'), 'Pause all'));
  expect(calls.pauseAll).toHaveBeenCalledOnce();
  becomes(row('held', { action: act('Resume', { enabled: false }), pending: true }));
  await click(find('.more[aria-haspopup]'));
  const item = named(find('[role="menu"]'), 'Resume all');
  expect(item?.getAttribute('aria-disabled')).toBe('true');
  await click(item);
  expect(calls.resumeAll).not.toHaveBeenCalled();
});

test('the end of the program asks what becomes of the paused', async () => {
  await shown('Quit');
  const card = find('[data-card="quit"]');
  expect(card?.textContent).toContain('1 session is paused');
  expect(document.activeElement?.textContent?.trim()).toBe('Resume all');
  calls.leave.mockRejectedValueOnce('held could not be resumed');
  await click(named(card, 'Resume all'));
  expect(calls.leave.mock.calls).toEqual([['ResumeAll']]);
  expect(card?.querySelector('[role="alert"]')?.textContent).toBe('held could not be resumed');
  await click(named(card, 'Keep paused'));
  expect(calls.leave).toHaveBeenLastCalledWith('Keep');
  await press('Escape', document.body);
  expect(calls.stay).toHaveBeenCalledOnce();
  expect(find('[data-card="quit"]')).toBeNull();
  await shown('Quit');
  store.apply({ kind: 'Hidden' });
  flushSync();
  expect(find('[data-card="quit"]')).toBeNull();
});

test('hooks are offered quietly below the rows, and say what they change before they are connected', async () => {
  expect(find('[data-offer]')).toBeNull();
  becomes(ROWS[0]!, OFFER);
  await click(named(find('[data-offer]'), 'Connect…'));
  const card = find('[data-card="connect"]');
  expect(card?.textContent).toContain('This changes a file.');
  calls.connectHooks.mockRejectedValueOnce('settings.json is read-only');
  await click(named(card, 'Connect'));
  expect(calls.connectHooks.mock.calls).toEqual([[['/home/me/.claude']]]);
  expect(card?.querySelector('[role="alert"]')?.textContent).toBe('settings.json is read-only');
  await click(named(card, 'Not now'));
  expect([find('[data-card]'), find('[data-offer]')]).toEqual([null, null]);
  await shown('Connect');
  expect(find('[data-card="connect"]')).not.toBeNull();
});

test('a dismissed offer stays away until it is another', async () => {
  becomes(ROWS[0]!, OFFER);
  await click(find('[data-offer] .dismiss'));
  await close();
  open(ROWS, OFFER);
  expect(find('[data-offer]')).toBeNull();
  await close();
  open(ROWS, { ...OFFER, title: 'Reconnect', button: 'Reconnect' });
  expect(find('[data-offer]')).not.toBeNull();
});

test('with nothing else to show the offer is there at once; without a button it says why', async () => {
  await close();
  open([], OFFER);
  expect(find('[data-card="connect"]')).not.toBeNull();
  await close();
  open([], { title: 'Hooks cannot be connected', text: 'A policy forbids it.', dirs: [] });
  const card = find('[data-card="connect"]');
  expect(card?.textContent).toContain('A policy forbids it.');
  expect(named(card, 'Connect')).toBeUndefined();
});
