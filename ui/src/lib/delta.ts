// Computes one board from another.

import type { Board, BoardDelta, Row, SessionId } from './wire';

/** The board after `delta`. Rows that did not change stay the same objects. */
export function applyDelta(board: Board, delta: BoardDelta): Board {
  const known = new Map<SessionId, Row>();
  for (const row of board.rows) known.set(row.id, row);
  for (const row of delta.rows) known.set(row.id, row);
  return {
    revision: delta.revision,
    summary: delta.summary,
    rows: delta.order.flatMap((id) => known.get(id) ?? []),
    health: delta.health,
    connect: delta.connect,
    notes: delta.notes,
  };
}

/** The sessions that need the user now and did not before. */
export function newNeeds(before: readonly Row[], after: readonly Row[]): SessionId[] {
  const needed = new Set(before.filter((row) => row.section === 'NeedsYou').map((row) => row.id));
  return after.filter((row) => row.section === 'NeedsYou' && !needed.has(row.id)).map((row) => row.id);
}
