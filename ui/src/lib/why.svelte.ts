// Why a row is what it is: for one row at a time.

import type { Reasons, SessionId } from './wire';

export class Why {
  /** The row that is open, and what it shows. */
  open = $state.raw<{ id: SessionId; reasons: Reasons }>();
  #wanted: SessionId | undefined;
  #asked = 0;

  constructor(private readonly ask: (id: SessionId) => Promise<Reasons | null>) {}

  /** Opens a row, and with that closes any other; or closes it. */
  toggle(id: SessionId): void {
    if (this.#wanted === id) return this.close();
    this.#wanted = id;
    this.refresh();
  }

  close(): void {
    this.#wanted = this.open = undefined;
    this.#asked += 1;
  }

  /** Asks anew for what is open. Until the answer comes, what was shown stays: nothing flickers. */
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

  /** Closes a row that is not among these. */
  keep(ids: readonly SessionId[]): void {
    if (this.#wanted !== undefined && !ids.includes(this.#wanted)) this.close();
  }
}
