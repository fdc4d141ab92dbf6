// The interface between the popover and the app around it.

import type { Answer, Card, RemedyAction, PauseKind, PopoverEvent, Reasons, RequestId, SessionId } from './wire';

/** What happens to paused sessions when the app exits. */
export type Leaving = 'Keep' | 'ResumeAll';

export interface Host {
  /** Subscribes to events; the whole board comes first. */
  subscribe(listener: (event: PopoverEvent) => void): Promise<void>;
  hide(): void;
  /** The natural height of the content in CSS pixels. */
  resize(height: number): void;
  openSettings(): void;
  /** Quits the app; where sessions are paused, the app asks first. */
  quit(): void;
  /**
   * Quits the app without a question. Rejects with words if the app goes on, because a session
   * could not be resumed.
   */
  leave(how: Leaving): Promise<void>;
  /** Cancels quitting. */
  stay(): void;
  /**
   * Settles when the pause is done or refused; a failure comes with the next board. `null` chooses
   * the best kind.
   */
  pause(id: SessionId, how: PauseKind | null): Promise<void>;
  /**
   * Settles when the session is resumed or the action refused; a failure comes with the next board.
   */
  resume(id: SessionId): Promise<void>;
  pauseAll(): void;
  resumeAll(): void;
  /** Connects the hooks in these config folders; rejects with words. */
  connectHooks(dirs: readonly string[]): Promise<void>;
  /** Carries out the remedy of a note or of a jump that failed. */
  remedy(action: RemedyAction): void;
  /** Reports that the board of this revision is in the document; 0 without a board. */
  painted(revision: number): void;
  /** Reports that a frame of the requested content is on the screen. */
  frameShown(): void;
  /** A request in full; null once the request is no longer pending. */
  card(id: SessionId, request: RequestId): Promise<Card | null>;
  /** Settles when the answer was handed on; rejects with words otherwise. */
  answer(id: SessionId, request: RequestId, answer: Answer): Promise<void>;
  /** Brings the terminal of a session to the front; rejects with a `JumpFailure` or with words. */
  jump(id: SessionId): Promise<void>;
  /**
   * Asks a session to exit. Returns why it still runs, or null once it has exited. Rejects with
   * words.
   */
  end(id: SessionId): Promise<string | null>;
  /** Kills a session that did not exit; rejects with words. */
  kill(id: SessionId): Promise<void>;
  /** Why a session has its status; null if the session is gone. */
  why(id: SessionId): Promise<Reasons | null>;
}
