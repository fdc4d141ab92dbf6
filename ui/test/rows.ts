import type { Board, Row } from '../src/lib/wire';

export function row(id: string, more: Partial<Row> = {}): Row {
  return {
    id, title: id, word: 'Idle', detail: '~/src', tone: 'idle', glyph: 'idle', section: 'Quiet',
    since: '2026-01-01T00:00:00Z', inferred: false, detached: false,
    why: 'Idle: the registry says so', sentence: `${id}, Idle, ~/src`,
    ...more,
  };
}

export const working: Partial<Row> = { word: 'Working', tone: 'working', glyph: 'working', section: 'Working' };
export const needs: Partial<Row> = { word: 'Permission', tone: 'needs-you', glyph: 'permission', section: 'NeedsYou' };

export function board(rows: Row[], revision = 1): Board {
  return { revision, summary: `${rows.length}`, rows, health: [] };
}
