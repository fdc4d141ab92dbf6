// What the owner does to rows, and what is asked back.

import type { Host } from './host';
import type { PauseKind, Row, SessionId } from './wire';

export class Acts {
  /** The row that asks whether it is to be interrupted. */
  asking = $state.raw<SessionId>();
  /** The row that says why nothing can be done to it. */
  telling = $state.raw<SessionId>();
  /** Rows whose action is under way, from the click on: the board follows a moment later. */
  running = $state.raw<ReadonlySet<SessionId>>(new Set());

  constructor(private readonly host: Pick<Host, 'pause' | 'resume'>) {}

  /** Whether a click would do nothing now. */
  waits(row: Row): boolean {
    return row.pending || this.running.has(row.id);
  }

  /** The button of a row, or Space. */
  press(row: Row): void {
    if (this.waits(row)) return;
    this.close();
    const { action } = row;
    if (!action?.enabled) {
      if (row.refusal) this.telling = row.id;
    } else if (action.does === 'Interrupt') this.asking = row.id;
    else if (action.does === 'Pause') this.#pause(row.id, null);
    else this.#run(row.id, this.host.resume(row.id));
  }

  /** Yes, interrupt. */
  interrupt(): void {
    const id = this.asking;
    this.close();
    if (id !== undefined) this.#pause(id, 'Interrupt');
  }

  /** Asks and tells no more. */
  close(): void {
    this.asking = this.telling = undefined;
  }

  /** Asks and tells only what is still so. */
  keep(rows: readonly Row[]): void {
    const row = (id: SessionId | undefined) => rows.find((one) => one.id === id);
    const asking = row(this.asking);
    if (asking?.action?.does !== 'Interrupt' || asking.pending) this.asking = undefined;
    if (!row(this.telling)?.refusal) this.telling = undefined;
  }

  #pause(id: SessionId, how: PauseKind | null): void {
    this.#run(id, this.host.pause(id, how));
  }

  #run(id: SessionId, done: Promise<void>): void {
    this.running = new Set([...this.running, id]);
    const over = () => void (this.running = new Set([...this.running].filter((other) => other !== id)));
    done.then(over, (error: unknown) => {
      console.error(`pause or resume: ${String(error)}`);
      over();
    });
  }
}
