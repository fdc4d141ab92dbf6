// Whether the end of a text has been on the screen.

import type { Attachment } from 'svelte/attachments';

/**
 * Calls `seen` once, when at least half of the mark at the end is inside everything that could clip
 * it.
 */
export function onEnd(seen: () => void): Attachment<HTMLElement> {
  return (mark) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (document.hidden || !entries.some((entry) => entry.isIntersecting && entry.intersectionRatio >= 0.5)) return;
        observer.disconnect();
        seen();
      },
      { threshold: [0, 0.5, 1] },
    );
    observer.observe(mark);
    return () => observer.disconnect();
  };
}
