// What the app itself has to say, in a live document.

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import App from '../../src/App.svelte';
import { BoardStore } from '../../src/lib/board.svelte';
import type { AppNote } from '../../src/lib/wire';
import { board, host, row } from '../rows';

const remedy = vi.fn();
const ASK: AppNote = {
  text: 'Notifications can tell you when a session needs you.',
  remedy: { label: 'Allow notifications…', action: 'AllowNotifications' },
};
const OFF: AppNote = { text: 'Notifications are off: this desktop has no notification server.' };
let store: BoardStore;
let app: Record<string, unknown> | undefined;

beforeEach(() => {
  remedy.mockReset();
  localStorage.clear();
});
afterEach(close);

async function close(): Promise<void> {
  if (app) await unmount(app);
  app = undefined;
}

function open(notes: AppNote[]): void {
  store = new BoardStore(true);
  app = mount(App, { target: document.body, props: { host: host({ remedy }), store } });
  store.apply({ kind: 'Board', ...board([row('a')]), notes });
  flushSync();
}

const notes = () => [...document.querySelectorAll<HTMLElement>('[data-note]')];
const press = (note: HTMLElement | undefined, label: string) => {
  const all = [...(note?.querySelectorAll('button') ?? [])];
  all.find((one) => (one.getAttribute('aria-label') ?? one.textContent?.trim()) === label)!.click();
  flushSync();
};

test('a note has a sentence and its remedy', () => {
  open([ASK, OFF]);
  expect(notes().map((note) => note.querySelector('p')?.textContent)).toEqual([ASK.text, OFF.text]);
  press(notes()[0], 'Allow notifications…');
  expect(remedy.mock.calls).toEqual([['AllowNotifications']]);
  expect(notes()[1]?.querySelectorAll('button')).toHaveLength(1);
});

test('a dismissed note stays away until it says something else', async () => {
  open([OFF]);
  press(notes()[0], 'Dismiss');
  expect(notes()).toEqual([]);
  await close();
  open([OFF, ASK]);
  expect(notes().map((note) => note.querySelector('p')?.textContent)).toEqual([ASK.text]);
});

test('a delta replaces the notes', () => {
  open([ASK]);
  store.apply({ kind: 'Delta', revision: 1, summary: '1', rows: [], order: ['a'], health: [] });
  flushSync();
  expect(notes()).toEqual([]);
  expect(document.querySelector('aside')).toBeNull();
});
