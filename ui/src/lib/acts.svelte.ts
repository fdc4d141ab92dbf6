// What the user does to rows, and what is asked back.

import type { Host } from './host';
import type { PauseKind, Row, SessionId } from './wire';

/** What is asked before it is done. */
export type Question = 'Interrupt' | 'End' | 'Kill';

export class Acts {
  /** The row that asks back, what, and what has led to it. */
  asking = $state.raw<{ id: SessionId; what: Question; because?: string }>();
  /** The row that shows all that can be done to it. */
  listing = $state.raw<SessionId>();
  /** The row that says why nothing can be done to it. */
  telling = $state.raw<SessionId>();
  /** Rows whose action is under way, from the click on: the board follows a moment later. */
  running = $state.raw<ReadonlySet<SessionId>>(new Set());

  constructor(
    private readonly host: Pick<Host, 'pause' | 'resume' | 'jump' | 'end' | 'kill'>,
    /** Says something in a row. */
    private readonly say: (id: SessionId, text: string) => void,
  ) {}

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
    } else if (action.does === 'Interrupt') this.asking = { id: row.id, what: 'Interrupt' };
    else if (action.does === 'Pause') this.#pause(row.id, null);
    else this.#run(row.id, this.host.resume(row.id));
  }

  /** Brings the terminal of a row to the front. */
  jump(row: Row): void {
    this.close();
    this.host.jump(row.id).catch((error: unknown) => this.say(row.id, `Terminal not shown: ${String(error)}`));
  }

  /** Asks something of a row. */
  ask(id: SessionId, what: Question): void {
    this.close();
    this.asking = { id, what };
  }

  /** Shows all that can be done to a row, or no more. */
  list(row: Row): void {
    const open = this.listing === row.id;
    this.close();
    if (!open) this.listing = row.id;
  }

  /** Yes. */
  confirm(): void {
    const asked = this.asking;
    this.close();
    if (!asked) return;
    const { id, what } = asked;
    if (what === 'Interrupt') return this.#pause(id, 'Interrupt');
    if (what === 'Kill') {
      this.#run(id, this.host.kill(id), (text) => this.say(id, `Not killed: ${text}`));
      return;
    }
    // What does not end when it is asked to can be killed, which is asked again.
    const ended = this.host.end(id).then((because) => {
      if (because !== null) this.asking = { id, what: 'Kill', because };
    });
    this.#run(id, ended, (text) => this.say(id, `Not ended: ${text}`));
  }

  /** Asks, tells and lists no more. */
  close(): void {
    this.asking = this.telling = this.listing = undefined;
  }

  /** Asks, tells and lists only what is still so. */
  keep(rows: readonly Row[]): void {
    const row = (id: SessionId | undefined) => rows.find((one) => one.id === id);
    const asking = row(this.asking?.id);
    // One that failed is there still, though it has the same tone.
    const ends = asking !== undefined && asking.glyph !== 'stopped';
    const interrupts = asking?.action?.does === 'Interrupt' && !asking.pending;
    if (this.asking?.what === 'Interrupt' ? !interrupts : !ends) this.asking = undefined;
    if (!row(this.telling)?.refusal) this.telling = undefined;
    if (!row(this.listing)) this.listing = undefined;
  }

  #pause(id: SessionId, how: PauseKind | null): void {
    this.#run(id, this.host.pause(id, how));
  }

  #run(id: SessionId, done: Promise<void>, failed?: (text: string) => void): void {
    this.running = new Set([...this.running, id]);
    const over = () => void (this.running = new Set([...this.running].filter((other) => other !== id)));
    done.then(over, (error: unknown) => {
      over();
      if (failed) failed(String(error));
      else console.error(`pause or resume: ${String(error)}`);
    });
  }
}
