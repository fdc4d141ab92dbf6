// Start-up. A promise rejected at the top level of a module would end the module silently, so it is
// caught.

import { mount, tick } from 'svelte';
import './app.css';
import App from './App.svelte';
import { BoardStore } from './lib/board.svelte';
import type { Host } from './lib/host';

async function connect(): Promise<Host> {
  if (import.meta.env.DEV && !('__TAURI_INTERNALS__' in window)) {
    return (await import('./dev/fake')).fake();
  }
  return (await import('./lib/tauri')).tauri;
}

async function start(target: HTMLElement): Promise<void> {
  const host = await connect();
  const store = new BoardStore(!document.hidden);
  mount(App, { target, props: { host, store } });
  try {
    await host.subscribe((event) => {
      store.apply(event);
      void tick().then(() => {
        // A board that is drawn while the popover is hidden must not show the window.
        if (!store.visible) return;
        host.painted(store.board?.revision ?? 0);
        // The first frame may be incomplete; frames come only while the window is on the screen.
        if (event.kind === 'Shown') requestAnimationFrame(() => requestAnimationFrame(() => host.frameShown()));
      });
    });
  } catch (error) {
    store.apply({ kind: 'Failed', message: `The popover cannot reach Trusty Bar: ${String(error)}. Restart Trusty Bar.` });
  }
}

// Where the desktop cannot show round corners, the panel fills its window.
document.documentElement.classList.toggle('square', location.hash === '#square');

const target = document.getElementById('app') ?? document.body;
start(target).catch((error: unknown) => {
  const words = document.createElement('p');
  words.className = 'panel fatal';
  words.textContent = `The popover could not start: ${String(error)}. Restart Trusty Bar.`;
  target.replaceChildren(words);
});
