// One timer for all ages. It runs only while the popover is visible, and only as often as an age
// changes.

import { untilFirstChange } from './age';

export class Clock {
  now = $state(Date.now());
  /** How often the timer has changed an age. */
  ticks = $state(0);
  #since = new Map<string, readonly number[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** Follows these points in time, in place of the previous ones under the same name. */
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

  /** Whether a timer is set. */
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
