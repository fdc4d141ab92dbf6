// One timer for all ages. It runs only while somebody looks, and only as often as an age changes.

import { untilFirstChange } from './age';

export class Clock {
  now = $state(Date.now());
  /** How often an age has changed by itself. */
  ticks = $state(0);
  #since = new Map<string, readonly number[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** Counts for these points in time from here on, and no more for those of the same name. */
  follow(name: string, since: readonly number[]): void {
    this.#since.set(name, since);
    if (this.#running) this.#tick();
  }

  start(): void {
    this.#running = true;
    this.#tick();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whether a timer waits. */
  get ticking(): boolean {
    return this.#timer !== undefined;
  }

  #tick(): void {
    clearTimeout(this.#timer);
    this.now = Date.now();
    const wait = untilFirstChange([...this.#since.values()].flat(), this.now);
    // Timers hold 31 bits of milliseconds; no unit is longer than a day, but a clock may be set.
    const safe = wait === undefined ? undefined : Math.min(wait, 86_400_000);
    const changed = () => {
      this.ticks += 1;
      this.#tick();
    };
    this.#timer = safe === undefined ? undefined : setTimeout(changed, safe);
  }
}
