// Roving focus: one row is in the tab order; arrows, Home, End and letters move between rows.

/** The row that a key moves to; undefined if the key does not move the focus. */
export function step(key: string, at: number, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
      return at < 0 ? count - 1 : Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

/**
 * The next title that begins with `typed`, searched from `at` on and wrapping round. A single
 * letter, even repeated, goes on to the next match; more letters may keep the row where they match
 * already.
 */
export function find(titles: readonly string[], at: number, typed: string): number | undefined {
  const text = typed.toLocaleLowerCase();
  const same = [...text].every((letter, _, letters) => letter === letters[0]);
  const wanted = same ? text.slice(0, 1) : text;
  const from = same ? at + 1 : Math.max(at, 0);
  for (let n = 0; n < titles.length; n += 1) {
    const index = (from + n) % titles.length;
    if (titles[index]?.toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return undefined;
}

/** Letters typed within 700 ms of each other are one word. */
export class TypeAhead {
  #typed = '';
  #last = -Infinity;

  /** Whether a word has been begun, so that a space belongs to it. */
  begun(now: number): boolean {
    return this.#typed !== '' && now - this.#last <= 700;
  }

  push(letter: string, now: number): string {
    this.#typed = this.begun(now) ? this.#typed + letter : letter;
    this.#last = now;
    return this.#typed;
  }

  clear(): void {
    this.#typed = '';
  }
}

/** Whether a key types a letter. */
export function types(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): boolean {
  return [...event.key].length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
}
