// What the popover shows, and how events change it.

import { Clock } from './clock.svelte';
import { applyDelta, newNeeds } from './delta';
import { arrange, layOut, type Place } from './order';
import type { Ask, Board, PopoverEvent, Row, SessionId } from './wire';

export class BoardStore {
  readonly clock = new Clock();
  board = $state.raw<Board>();
  failed = $state.raw<string>();
  visible = $state(false);
  /** Rows that have just started to need the user. */
  pulsing = $state.raw<ReadonlySet<SessionId>>(new Set());
  /** The row to focus and the question to ask, from each `Shown` event; a new object each time. */
  wanted = $state.raw<{ id: SessionId | undefined; ask: Ask | undefined }>();

  #places = $state.raw<readonly Place[]>([]);
  #pointer = false;
  #focus = false;

  readonly items = $derived(layOut(this.#places));
  readonly rows: readonly Row[] = $derived(this.#places.map((place) => place.row));

  constructor(visible = false) {
    if (visible) this.#show();
  }

  get frozen(): boolean {
    return this.#pointer || this.#focus;
  }

  apply(event: PopoverEvent): void {
    switch (event.kind) {
      case 'Board':
        return this.#take(event);
      case 'Delta':
        if (this.board) this.#take(applyDelta(this.board, event));
        return;
      case 'Shown':
        this.#show();
        this.wanted = { id: event.id ?? undefined, ask: event.ask ?? undefined };
        return;
      case 'Hidden':
        return this.#hide();
      case 'Failed':
        this.failed = event.message;
        return;
    }
  }

  /** Records that the pointer entered or left the list. */
  pointer(inside: boolean): void {
    if (inside === this.#pointer) return;
    this.#pointer = inside;
    this.#settle();
  }

  /** Records that the focus entered or left the list. */
  focus(inside: boolean): void {
    if (inside === this.#focus) return;
    this.#focus = inside;
    this.#settle();
  }

  /** Records that the pulse of a row has ended. */
  calm(id: SessionId): void {
    this.pulsing = new Set([...this.pulsing].filter((other) => other !== id));
  }

  #take(board: Board): void {
    if (this.board && this.visible) {
      const needs = newNeeds(this.board.rows, board.rows);
      if (needs.length > 0) this.pulsing = new Set([...this.pulsing, ...needs]);
    }
    this.board = board;
    this.failed = undefined;
    this.#place();
  }

  /** Restores the true order once neither pointer nor focus is inside. */
  #settle(): void {
    if (!this.frozen) this.#place();
  }

  #place(): void {
    this.#places = arrange(this.#places, this.board?.rows ?? [], this.frozen);
    this.clock.follow('rows', this.#places.map(({ row }) => Date.parse(row.since)));
  }

  #show(): void {
    this.visible = true;
    this.clock.start();
  }

  #hide(): void {
    this.visible = false;
    this.clock.stop();
    this.pulsing = new Set();
    this.#pointer = this.#focus = false;
    this.#place();
  }
}
