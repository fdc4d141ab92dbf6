// Ages: now, 38s, 4m, 3h, 2d.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Below this an age reads "now". */
const NOW = 5 * SECOND;

interface Unit {
  size: number;
  short: string;
  long: string;
}

const UNITS: readonly Unit[] = [
  { size: DAY, short: 'd', long: 'day' },
  { size: HOUR, short: 'h', long: 'hour' },
  { size: MINUTE, short: 'm', long: 'minute' },
  { size: SECOND, short: 's', long: 'second' },
];

function unitOf(ms: number): Unit | undefined {
  return ms < NOW ? undefined : UNITS.find((unit) => ms >= unit.size);
}

/** The age as shown at the right of a row. */
export function age(ms: number): string {
  const unit = unitOf(ms);
  return unit ? `${Math.floor(ms / unit.size)}${unit.short}` : 'now';
}

/** The age for screen readers, with its unit spelled out. */
export function spokenAge(ms: number): string {
  const unit = unitOf(ms);
  if (!unit) return 'just now';
  const count = Math.floor(ms / unit.size);
  return `for ${count} ${unit.long}${count === 1 ? '' : 's'}`;
}

/** The time in milliseconds until the age reads differently. */
export function untilNextAge(ms: number): number {
  const unit = unitOf(ms);
  return unit ? unit.size - (ms % unit.size) : NOW - ms;
}

/**
 * The time in milliseconds until the first of many ages reads differently; undefined without ages.
 */
export function untilFirstChange(since: readonly number[], now: number): number | undefined {
  const waits = since.filter(Number.isFinite).map((at) => untilNextAge(now - at));
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
