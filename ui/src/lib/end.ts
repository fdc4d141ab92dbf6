// Whether the end of something has been on the screen.

import type { Attachment } from 'svelte/attachments';

/** Told once, when all of a mark at the end is within everything that could cut it off. */
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
