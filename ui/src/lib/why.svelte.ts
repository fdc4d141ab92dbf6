// Why a row has its status, for one row at a time.

import type { Reasons, SessionId } from './wire';

export class Why {
  /** The open row and its reasons. */
  open = $state.raw<{ id: SessionId; reasons: Reasons }>();
  #wanted: SessionId | undefined;
  #asked = 0;

  constructor(private readonly ask: (id: SessionId) => Promise<Reasons | null>) {}

  /** Opens a row, closing any other, or closes it. */
  toggle(id: SessionId): void {
    if (this.#wanted === id) return this.close();
    this.#wanted = id;
    this.refresh();
  }

  close(): void {
    this.#wanted = this.open = undefined;
    this.#asked += 1;
  }

  /**
   * Asks again for the open row. The previous reasons stay until the answer comes, so that nothing
   * flickers.
   */
  refresh(): void {
    const id = this.#wanted;
    if (id === undefined) return;
    this.#asked += 1;
    const turn = this.#asked;
    this.ask(id).then(
      (reasons) => {
        if (turn !== this.#asked) return;
        if (reasons) this.open = { id, reasons };
        else this.close();
      },
      (error: unknown) => {
        console.error(`why: ${String(error)}`);
        if (turn === this.#asked) this.close();
      },
    );
  }

  /** Closes the row if it is not among these. */
  keep(ids: readonly SessionId[]): void {
    if (this.#wanted !== undefined && !ids.includes(this.#wanted)) this.close();
  }
}
