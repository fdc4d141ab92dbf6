// Where rows stand. While the pointer or the focus is inside, nothing moves beneath it.

import type { Row, Section } from './wire';

/** A row and the heading it stands under, which lags behind its own section while frozen. */
export interface Place {
  row: Row;
  under: Section;
}

/** What is drawn: headings and rows in one list, so that a row can move from one to another. */
export type Item =
  | { key: string; section: Section; row?: undefined }
  | { key: string; row: Row; section?: undefined };

/**
 * The places of `rows`. Frozen, every row keeps the place it had, new ones are put at the end,
 * and one that is gone says so where it stood; their content is new at once.
 */
export function arrange(before: readonly Place[], rows: readonly Row[], frozen: boolean): Place[] {
  const last = before.at(-1);
  if (!frozen || !last) return rows.map((row) => ({ row, under: row.section }));
  const fresh = new Map(rows.map((row) => [row.id, row]));
  const kept = before.map(({ row, under }) => {
    const now = fresh.get(row.id) ?? gone(row);
    fresh.delete(row.id);
    return { row: now, under };
  });
  return [...kept, ...[...fresh.values()].map((row) => ({ row, under: last.under }))];
}

function gone(row: Row): Row {
  return {
    ...row,
    word: 'Gone',
    detail: '',
    tone: 'idle',
    glyph: 'unknown',
    section: 'Quiet',
    inferred: false,
    badges: [],
    why: '',
    action: undefined,
    refusal: undefined,
    pending: false,
    failure: undefined,
    caution: undefined,
    answered: undefined,
    ask: undefined,
    sentence: `${row.title}, gone`,
  };
}

/** The places with a heading before each section that has rows. */
export function layOut(places: readonly Place[]): Item[] {
  const items: Item[] = [];
  let under: Section | undefined;
  for (const place of places) {
    if (place.under !== under) {
      under = place.under;
      items.push({ key: `section-${under}`, section: under });
    }
    items.push({ key: place.row.id, row: place.row });
  }
  return items;
}
