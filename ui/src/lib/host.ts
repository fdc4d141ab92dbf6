// What the popover asks of the program around it.

import type { Answer, Card, PauseKind, PopoverEvent, Reasons, RequestId, SessionId } from './wire';

/** What becomes of paused sessions when the program ends. */
export type Leaving = 'Keep' | 'ResumeAll';

export interface Host {
  /** Events from now on, the whole board first. */
  subscribe(listener: (event: PopoverEvent) => void): Promise<void>;
  hide(): void;
  /** The natural height of the content in CSS pixels. */
  resize(height: number): void;
  openSettings(): void;
  /** Ends the program; where sessions are paused, it asks first. */
  quit(): void;
  /** Ends the program, asked or not. Settles only if it goes on, for something could not be resumed. */
  leave(how: Leaving): Promise<void>;
  /** The program goes on after all. */
  stay(): void;
  /** Settles when it is done or refused: a failure comes with the next board. `null` takes the best kind. */
  pause(id: SessionId, how: PauseKind | null): Promise<void>;
  /** The same. */
  resume(id: SessionId): Promise<void>;
  pauseAll(): void;
  resumeAll(): void;
  /** Connects the hooks of these config folders; rejected with words. */
  connectHooks(dirs: readonly string[]): Promise<void>;
  /** The board of this revision is in the document; 0 where there is none yet. */
  painted(revision: number): void;
  /** A frame of what was asked for is on the screen. */
  frameShown(): void;
  /** A request in full; null once the request is no longer pending. */
  card(id: SessionId, request: RequestId): Promise<Card | null>;
  /** Settles when the answer was handed on; rejected with words where it was not. */
  answer(id: SessionId, request: RequestId, answer: Answer): Promise<void>;
  /** Brings the terminal of a session to the front; rejected with words. */
  jump(id: SessionId): Promise<void>;
  /** Asks a session to end; why it stays, or null where it has ended. Rejected with words. */
  end(id: SessionId): Promise<string | null>;
  /** Kills a session that did not end; rejected with words. */
  kill(id: SessionId): Promise<void>;
  /** Why a session is what it is; nothing if it is gone. */
  why(id: SessionId): Promise<Reasons | null>;
}
