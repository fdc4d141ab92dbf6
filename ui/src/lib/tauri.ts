// The host, implemented with Tauri commands.

import { Channel, invoke } from '@tauri-apps/api/core';
import type { Host } from './host';
import type { PopoverEvent } from './wire';

function tell(command: string, args?: Record<string, unknown>): void {
  invoke(command, args).catch((error: unknown) => console.error(`${command}: ${String(error)}`));
}

export const tauri: Host = {
  async subscribe(listener) {
    const events = new Channel<PopoverEvent>();
    events.onmessage = listener;
    await invoke('subscribe', { events });
  },
  hide: () => tell('hide'),
  resize: (height) => tell('resize', { height }),
  openSettings: () => tell('open_settings'),
  quit: () => tell('quit'),
  leave: (how) => invoke('leave', { how }),
  stay: () => tell('stay'),
  pause: (id, how) => invoke('pause', { id, how }),
  resume: (id) => invoke('resume', { id }),
  pauseAll: () => tell('pause_all'),
  resumeAll: () => tell('resume_all'),
  connectHooks: (dirs) => invoke('connect_hooks', { dirs }),
  remedy: (action) => tell('remedy', { action }),
  painted: (revision) => tell('painted', { revision }),
  frameShown: () => tell('frame_shown'),
  card: (id, request) => invoke('card', { id, request }),
  answer: (id, request, answer) => invoke('answer', { id, request, answer }),
  jump: (id) => invoke('jump', { id }),
  end: (id) => invoke('end', { id }),
  kill: (id) => invoke('kill', { id }),
  why: (id) => invoke('why', { id }),
};
