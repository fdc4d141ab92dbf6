// What the popover asks of the program around it.

import type { PopoverEvent, Reasons, SessionId } from './wire';

export interface Host {
  /** Events from now on, the whole board first. */
  subscribe(listener: (event: PopoverEvent) => void): Promise<void>;
  hide(): void;
  /** The natural height of the content in CSS pixels. */
  resize(height: number): void;
  openSettings(): void;
  quit(): void;
  /** The board of this revision is in the document. */
  painted(revision: number): void;
  /** Why a session is what it is; nothing if it is gone. */
  why(id: SessionId): Promise<Reasons | null>;
}
