// The natural height of the window's content, which the list may not get on a small display.

import type { Attachment } from 'svelte/attachments';

/** Adds up the heights of stacked blocks; overlays need room but move nothing. */
export class Heights {
  #blocks = new Set<HTMLElement>();
  #overlays = new Set<HTMLElement>();
  #told = 0;
  #observer: ResizeObserver | undefined;

  /** `frame` is the height around the blocks, in pixels. */
  constructor(
    private readonly tell: (height: number) => void,
    private readonly frame: number,
  ) {}

  /** Whether the window got less room than it asked for, so that the list scrolls. */
  get full(): boolean {
    return this.#told > innerHeight;
  }

  readonly block: Attachment<HTMLElement> = (node) => this.#watch(node, this.#blocks);

  readonly overlay: Attachment<HTMLElement> = (node) => this.#watch(node, this.#overlays);

  /** One observer for all nodes, so that one frame reports one height. */
  #watch(node: HTMLElement, among: Set<HTMLElement>): () => void {
    this.#observer ??= new ResizeObserver(() => this.look());
    among.add(node);
    this.#observer.observe(node, { box: 'border-box' });
    return () => {
      among.delete(node);
      this.#observer?.unobserve(node);
      this.look();
    };
  }

  /**
   * Measures now. No observer reports while the window is hidden, yet the window needs its height
   * before it is shown.
   */
  look(): void {
    const blocks = [...this.#blocks].map((node) => node.getBoundingClientRect().height);
    // A block without a height is still empty: the board has not come.
    if (blocks.includes(0)) return;
    const overlays = [...this.#overlays].map((node) => node.getBoundingClientRect().bottom + 6);
    const sum = blocks.reduce((a, b) => a + b, this.frame);
    const height = Math.ceil(Math.max(sum, ...overlays));
    if (height === this.#told) return;
    this.#told = height;
    this.tell(height);
  }
}
