// The positions of rows. While the pointer or the focus is inside the list, rows do not move.

import type { Row, Section } from './wire';

/** A row and the heading above it, which lags behind the row's own section while frozen. */
export interface Place {
  row: Row;
  under: Section;
}

/**
 * An element of the list: headings and rows in one list, so that a row can move between sections.
 */
export type Item =
  | { key: string; section: Section; row?: undefined }
  | { key: string; row: Row; section?: undefined };

/**
 * The places of `rows`. While frozen, every row keeps its place, new rows go to the end, and a row
 * that is gone says so in its place; the content of rows is always current.
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

/** The places, with a heading before each section that has rows. */
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
