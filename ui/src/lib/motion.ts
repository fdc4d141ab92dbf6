// The animation of rows.

import type { AnimationConfig } from 'svelte/animate';

/** cubic-bezier(.2, 0, 0, 1): y as a function of x, by bisection of the parameter. */
export function ease(x: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const [x1, y1, x2, y2] = [0.2, 0, 0, 1];
  const bezier = (a: number, b: number, t: number) =>
    3 * a * t * (1 - t) ** 2 + 3 * b * t ** 2 * (1 - t) + t ** 3;
  let low = 0;
  let high = 1;
  for (let n = 0; n < 24; n += 1) {
    const t = (low + high) / 2;
    if (bezier(x1, x2, t) < x) low = t;
    else high = t;
  }
  return bezier(y1, y2, low);
}

/** Moves a row smoothly from its previous position; at once with reduced motion. */
export function glide(_node: Element, { from, to }: { from: DOMRect; to: DOMRect }): AnimationConfig {
  const dy = from.top - to.top;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still || dy === 0 || document.hidden) return { duration: 0 };
  return { duration: 200, easing: ease, css: (_t, u) => `transform: translateY(${u * dy}px)` };
}
