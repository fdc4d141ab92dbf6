// A host without the app, for `npm run dev`. Query parameters:
// ?board=full|every|asks|edit|question|plan|agent|elsewhere|pauses|first|empty|quiet|hostile|
//        problem|problems|notes|failed
// &ask=Quit|Connect|Interrupt|Review|End|Kill  ask in the first row that allows the question
// &late      answers come too late
// &size=200  text size in per cent
// &live      rows change their status
// &frame     a desktop behind the window

import type { Host } from '../lib/host';
import type { Ask, Board, JumpFailure, PopoverEvent, Row } from '../lib/wire';
import { card, reasons, sample, summarise } from './samples';

const LIMIT = 600;

export function fake(asked = new URLSearchParams(location.search)): Host {
  const root = document.documentElement;
  if (asked.has('size')) root.style.setProperty('font-size', `${asked.get('size')}%`);
  if (asked.has('frame')) {
    root.style.setProperty('background', 'linear-gradient(120deg, var(--idle), var(--surface))');
    document.body.style.setProperty('width', '360px');
    document.body.style.setProperty('margin', '24px auto');
  }
  let emitted: ((event: PopoverEvent) => void) | undefined;
  const log = (...words: unknown[]) => console.info('host:', ...words);
  return {
    async subscribe(listener) {
      const name = asked.get('board') ?? 'full';
      if (name === 'failed') {
        listener({ kind: 'Failed', message: 'The settings folder cannot be written: /home/me/.config/trusty-bar. Make it writable, then open Trusty Bar again.' });
        return;
      }
      const board = sample(name);
      emitted = listener;
      listener({ kind: 'Board', ...board });
      const ask = (asked.get('ask') ?? undefined) as Ask | undefined;
      const asks = board.rows.find((one) => (ask === 'Interrupt' ? one.action?.does === ask : ask === 'Review' ? one.ask : one.why));
      listener({ kind: 'Shown', id: (ask && asks?.id) || null, ask });
      Object.assign(window, { emit: listener, first: board });
      if (asked.has('live')) live(listener, board.rows);
    },
    hide: () => log('hide'),
    resize: (height) => {
      log('resize', height);
      document.body.style.setProperty('height', `${Math.min(LIMIT, Math.max(120, height))}px`);
    },
    openSettings: () => log('open_settings'),
    quit: () => log('quit'),
    leave: async (how) => log('leave', how),
    stay: () => log('stay'),
    pause: async (id, how) => log('pause', id, how),
    resume: async (id) => log('resume', id),
    pauseAll: () => log('pause_all'),
    resumeAll: () => log('resume_all'),
    connectHooks: async (dirs) => log('connect_hooks', dirs),
    remedy: (action) => log('remedy', action),
    painted: (revision) => log('painted', revision),
    frameShown: () => log('frame_shown'),
    card: async (_, request) => card(request),
    answer: async (id, request, answer) => {
      log('answer', id, request, answer);
      if (asked.has('late')) throw 'this request is no longer pending: it was answered elsewhere or returned to the terminal';
      const board = (window as unknown as { first: Board }).first;
      const rows = board.rows.filter((one) => one.ask?.request !== request);
      board.rows = rows;
      board.revision += 1;
      setTimeout(() => emitted?.({ kind: 'Board', ...board }), 150);
    },
    jump: async (id) => {
      log('jump', id);
      throw {
        text: 'macOS does not let Trusty Bar control Terminal; turn on Terminal in System Settings, Privacy & Security, Automation',
        in_front: false,
        remedy: { label: 'Open Privacy settings', action: 'OpenAutomationSettings' },
      } satisfies JumpFailure;
    },
    end: async (id) => {
      log('end', id);
      return 'the session did not exit within 5 s; quit it in its terminal';
    },
    kill: async (id) => log('kill', id),
    why: async () => reasons(),
  };
}

/** Changes the status of a row every two seconds. */
function live(listener: (event: PopoverEvent) => void, first: Row[]): void {
  let rows = first;
  let revision = 1;
  const faces = first.map(({ glyph, word, tone, section, detail }) => ({ glyph, word, tone, section, detail }));
  setInterval(() => {
    const at = Math.floor(Math.random() * rows.length);
    const face = faces[Math.floor(Math.random() * faces.length)];
    const old = rows[at];
    if (!old || !face) return;
    const changed: Row = { ...old, ...face, since: new Date().toISOString() };
    const rank = { NeedsYou: 0, Working: 1, Quiet: 2 };
    rows = rows.map((row) => (row.id === old.id ? changed : row)).sort((a, b) => rank[a.section] - rank[b.section]);
    revision += 1;
    listener({ kind: 'Delta', revision, summary: summarise(rows), rows: [changed], order: rows.map((row) => row.id), health: [] });
  }, 2000);
}
