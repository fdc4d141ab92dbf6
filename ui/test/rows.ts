import type { Host } from '../src/lib/host';
import type { Board, Row, RowAction } from '../src/lib/wire';

export function row(id: string, more: Partial<Row> = {}): Row {
  return {
    id, title: id, word: 'Idle', detail: '~/src', tone: 'idle', glyph: 'idle', section: 'Quiet',
    since: '2026-01-01T00:00:00Z', inferred: false, badges: [], pending: false,
    why: 'Idle: the registry says so', sentence: `${id}, Idle, ~/src`,
    ...more,
  };
}

export const working: Partial<Row> = { word: 'Working', tone: 'working', glyph: 'working', section: 'Working' };
export const needs: Partial<Row> = { word: 'Permission', tone: 'needs-you', glyph: 'permission', section: 'NeedsYou' };

export function board(rows: Row[], revision = 1): Board {
  return { revision, summary: `${rows.length}`, rows, health: [] };
}

export const act = (does: RowAction['does'], more: Partial<RowAction> = {}): RowAction => ({
  does, label: does === 'Interrupt' ? 'Interrupt…' : `${does} now`, hint: 'what it means', enabled: true, ...more,
});

/** A host that does nothing except what a test provides. */
export function host(more: Partial<Host> = {}): Host {
  const nothing = () => {};
  const done = async () => {};
  return {
    subscribe: done, hide: nothing, resize: nothing, openSettings: nothing, quit: nothing, leave: done, stay: nothing,
    pause: done, resume: done, pauseAll: nothing, resumeAll: nothing, connectHooks: done, remedy: nothing, painted: nothing, frameShown: nothing,
    card: async () => null, answer: done, jump: done, end: async () => null, kill: done, why: async () => null,
    ...more,
  };
}
