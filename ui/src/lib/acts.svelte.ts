// Actions of the user on rows, and the questions that come before some of them.

import type { Host } from './host';
import type { JumpFailure, PauseKind, RemedyAction, RemedyButton, Row, SessionId } from './wire';

/** An action that needs a confirmation. */
export type Question = 'Interrupt' | 'End' | 'Kill';

/** Whether an error of a jump is one of its own; the bridge to the app fails with words. */
function isJumpFailure(error: unknown): error is JumpFailure {
  return typeof error === 'object' && error !== null && 'text' in error;
}

export class Acts {
  /** The row that asks for confirmation, the action, and what led to the question. */
  asking = $state.raw<{ id: SessionId; what: Question; because?: string }>();
  /** The row that lists its actions. */
  listing = $state.raw<SessionId>();
  /** The row that explains why it offers no action. */
  telling = $state.raw<SessionId>();
  /** Rows with an action in progress, from the click on: the board reports it a moment later. */
  running = $state.raw<ReadonlySet<SessionId>>(new Set());

  constructor(
    private readonly host: Pick<Host, 'pause' | 'resume' | 'jump' | 'remedy' | 'end' | 'kill'>,
    /** Shows a message in a row, and what helps. */
    private readonly say: (id: SessionId, text: string, remedy?: RemedyButton) => void,
  ) {}

  /** Whether a click on the row's button would have no effect now. */
  waits(row: Row): boolean {
    return row.pending || this.running.has(row.id);
  }

  /** Runs the action of a row's button, or of Space. */
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
    this.host.jump(row.id).catch((error: unknown) => {
      if (!isJumpFailure(error)) return this.say(row.id, `Terminal not shown: ${String(error)}`);
      this.say(row.id, error.in_front ? error.text : `Terminal not shown: ${error.text}`, error.remedy ?? undefined);
    });
  }

  /** Does what helps after a jump that failed. */
  remedy(action: RemedyAction): void {
    this.host.remedy(action);
  }

  /** Asks for confirmation in a row. */
  ask(id: SessionId, what: Question): void {
    this.close();
    this.asking = { id, what };
  }

  /** Opens or closes the list of a row's actions. */
  list(row: Row): void {
    const open = this.listing === row.id;
    this.close();
    if (!open) this.listing = row.id;
  }

  /** Carries out the confirmed action. */
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
    // A session that does not exit can be killed, after another confirmation.
    const ended = this.host.end(id).then((because) => {
      if (because !== null) this.asking = { id, what: 'Kill', because };
    });
    this.#run(id, ended, (text) => this.say(id, `Not ended: ${text}`));
  }

  /** Closes the question, the explanation and the list. */
  close(): void {
    this.asking = this.telling = this.listing = undefined;
  }

  /** Closes what no longer applies to these rows. */
  keep(rows: readonly Row[]): void {
    const row = (id: SessionId | undefined) => rows.find((one) => one.id === id);
    const asking = row(this.asking?.id);
    // A failed session still runs, though its tone is that of a stopped one.
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
