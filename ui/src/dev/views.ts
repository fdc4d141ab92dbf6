// Draws the samples into the window of the running app, and measures whether they fit: for
// tests/app/text_size.rs, which runs this script in the real web view.

import { invoke } from '@tauri-apps/api/core';
import { mount, tick, unmount } from 'svelte';
import App from '../App.svelte';
import { BoardStore } from '../lib/board.svelte';
import { fake } from './fake';

/** Pixels that rounding may cost. */
const SLACK = 1;
/** The longest word that a line of the narrowest layout has room for, in letters. */
const LONGEST_WORD = 12;
/** A view that has not changed for so many frames has found its size. */
const STILL_FRAMES = 4;
const MAX_FRAMES = 90;

let shown: Record<string, unknown> | undefined;

/** Draws a sample as `fake.ts` names it, and presses buttons: by name, or `context` on the first row. */
async function draw(query: string, presses: readonly string[]): Promise<void> {
  const target = document.getElementById('app')!;
  if (shown) await unmount(shown);
  // The app's own page stays alive, but is not to be seen.
  target.replaceChildren();
  localStorage.clear();
  const host = { ...fake(new URLSearchParams(query)), hide() {}, resize: (height: number) => void invoke('resize', { height }) };
  const store = new BoardStore(true);
  shown = mount(App, { target, props: { host, store } });
  await host.subscribe((event) => store.apply(event));
  await settle();
  for (const press of presses) {
    if (press === 'context') document.querySelector('[data-id]')!.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
    else find(press).click();
    await settle();
  }
}

function find(name: string): HTMLElement {
  const all = [...document.querySelectorAll<HTMLElement>('button')];
  const found = all.find((one) => one.textContent?.trim() === name || one.ariaLabel === name);
  if (!found) throw new Error(`no button is called ${name}: ${all.map((one) => one.textContent?.trim() || one.ariaLabel).join(' | ')}`);
  return found;
}

/** Waits until the window has followed the content, and nothing moves. */
async function settle(): Promise<void> {
  await tick();
  let last = '';
  for (let still = 0, frames = 0; still < STILL_FRAMES && frames < MAX_FRAMES; frames += 1) {
    await new Promise(requestAnimationFrame);
    const scroll = document.querySelector('.scroll');
    const now = [innerWidth, innerHeight, scroll?.scrollTop, scroll?.scrollHeight, document.querySelector('.growing')].join();
    still = now === last ? still + 1 : 0;
    last = now;
  }
}

const name = (node: Element): string => `${node.tagName.toLowerCase()}.${node.classList[0] ?? ''} “${(node.textContent?.trim() || node.ariaLabel || '').slice(0, 40)}”`;
const isShown = (node: Element): boolean => node.checkVisibility() && getComputedStyle(node).clipPath === 'none';

/** The box of an element, as far as it is not cut with an ellipsis. */
function seenBox(node: Element): { left: number; right: number; width: number; height: number } {
  const { left, right, width, height } = node.getBoundingClientRect();
  const seen = { left, right, width, height };
  for (let around = node.parentElement; around; around = around.parentElement) {
    const style = getComputedStyle(around);
    if (style.textOverflow !== 'ellipsis' || style.overflowX === 'visible') continue;
    const box = around.getBoundingClientRect();
    seen.left = Math.max(seen.left, box.left);
    seen.right = Math.min(seen.right, box.right);
  }
  return seen;
}

/** What is not to be seen, or not to be reached. */
function measure(): string[] {
  const wrong: string[] = [];
  const all = [...document.querySelectorAll<HTMLElement>('#app *')].filter(isShown);
  for (const node of all) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent?.trim());
    const control = node.matches('button, input');
    if (!own && !control) continue;
    const box = seenBox(node);
    if (control && (box.width < 1 || box.height < 1)) wrong.push(`${name(node)} has no size`);
    if (box.left < -SLACK || box.right > innerWidth + SLACK) {
      wrong.push(`${name(node)} lies outside: ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth}`);
    }
    if (own && !node.closest('[data-whole]')) wrong.push(...brokenWords(node));
  }
  for (const node of all) {
    const { overflowX } = getComputedStyle(node);
    if (overflowX === 'auto' || overflowX === 'scroll' || node.matches('.panel, .scroll')) {
      if (node.scrollWidth > node.clientWidth + SLACK) wrong.push(`${name(node)} is wider than it shows`);
    }
  }
  const panel = document.querySelector('.panel')!.getBoundingClientRect();
  if (Math.abs(panel.width - innerWidth) > SLACK) wrong.push(`the panel is ${panel.width} wide, its window ${innerWidth}`);
  for (const node of all.filter((one) => one.matches('button, input'))) {
    node.scrollIntoView({ block: 'nearest' });
    const box = node.getBoundingClientRect();
    if (box.top < -SLACK || box.bottom > innerHeight + SLACK) wrong.push(`${name(node)} cannot be scrolled to`);
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    // A menu lies over what is below it until it is closed.
    if (top && !node.contains(top) && !top.closest('[role=menu]')) wrong.push(`${name(node)} is covered by ${name(top)}`);
  }
  return wrong;
}

/** Plain words that are cut in two. */
function brokenWords(node: HTMLElement): string[] {
  const broken: string[] = [];
  for (const child of node.childNodes) {
    if (child.nodeType !== Node.TEXT_NODE) continue;
    for (const word of (child.textContent ?? '').matchAll(/(?<![^\s(])\p{L}+(?=[\s.,:;…?!)]|$)/gu)) {
      if (word[0].length > LONGEST_WORD) continue;
      const range = document.createRange();
      range.setStart(child, word.index);
      range.setEnd(child, word.index + word[0].length);
      // A word at the beginning of a line also has an empty box at the end of the line before.
      const boxes = [...range.getClientRects()].filter((box) => box.width >= SLACK);
      const lines = new Set(boxes.map((box) => Math.round(box.top)));
      if (lines.size > 1) broken.push(`${name(node)} breaks the word “${word[0]}”`);
    }
  }
  return broken;
}

Object.assign(window, {
  async measureView(query: string, presses: readonly string[] = []): Promise<string[]> {
    await draw(query, presses);
    const wrong = measure();
    // As it was before everything was scrolled to, for pictures.
    for (const node of document.querySelectorAll('.scroll, [data-whole]')) node.scrollTop = 0;
    return wrong;
  },
});
