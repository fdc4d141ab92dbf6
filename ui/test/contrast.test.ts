// Every text pair of the style sheet has a contrast of 4.5:1 or better, in both themes.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

type Colour = [number, number, number, number];
const css = readFileSync(new URL('../src/tokens.css', import.meta.url), 'utf8');

function tokens(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value]));
}

function themes(): [string, Map<string, string>][] {
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
  return [
    ['light', tokens(light)],
    ['dark', tokens(dark.split('@media')[0] ?? '')],
  ];
}

function parse(value = ''): Colour {
  const hex = /^#(..)(..)(..)$/.exec(value);
  if (hex) return [...hex.slice(1).map((pair) => parseInt(pair, 16)), 1] as unknown as Colour;
  const rgb = /^rgb\((\d+) (\d+) (\d+) \/ (\d+)%\)$/.exec(value);
  if (!rgb) throw new Error(`not a colour: ${value}`);
  const [r, g, b, a] = rgb.slice(1).map(Number) as Colour;
  return [r, g, b, a / 100];
}

function over([r, g, b, a]: Colour, below: Colour): Colour {
  const mix = (top: number, bottom: number) => top * a + bottom * (1 - a);
  return [mix(r, below[0]), mix(g, below[1]), mix(b, below[2]), 1];
}

function luminance([r, g, b]: Colour): number {
  const part = (value: number) => (value <= 10.31 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}

function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const WORDS = ['needs-you', 'working', 'paused', 'finished', 'stopped', 'idle'];
const PAIRS: [on: string[], text: string[]][] = [
  [['surface', 'hover', 'selected'], ['text', 'text-2', 'text-3', ...WORDS]],
  // A tinted row has no `text-3`: its age is drawn in `text-2`.
  [['needs-tint', 'needs-hover', 'needs-selected'], ['text', 'text-2', 'needs-you']],
];

describe.each(themes())('%s', (_, theme) => {
  const surface = parse(theme.get('surface'));
  for (const [grounds, texts] of PAIRS) {
    test.each(grounds.flatMap((on) => texts.map((text) => [text, on])))('%s on %s', (text, on) => {
      const ground = over(parse(theme.get(on)), surface);
      expect(contrast(parse(theme.get(text)), ground)).toBeGreaterThanOrEqual(4.5);
    });
  }

  test('the lines of a change, on their tint', () => {
    for (const name of ['added', 'removed']) {
      const ground = over(parse(theme.get(`${name}-tint`)), surface);
      expect(contrast(parse(theme.get(name)), ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('a button on a tinted row', () => {
    for (const on of ['needs-tint', 'needs-hover', 'needs-selected']) {
      const ground = over(parse(theme.get('selected')), over(parse(theme.get(on)), surface));
      expect(contrast(parse(theme.get('text')), ground)).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('the menu', () => {
    const raised = parse(theme.get('raised'));
    const text = parse(theme.get('text'));
    expect(contrast(text, raised)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(text, over(parse(theme.get('selected')), raised))).toBeGreaterThanOrEqual(4.5);
  });

  test('the button that is meant', () => {
    for (const ground of ['accent', 'accent-hover']) {
      expect(contrast(parse(theme.get('on-accent')), parse(theme.get(ground)))).toBeGreaterThanOrEqual(4.5);
    }
  });

  test('the focus ring and glyphs stand out at 3:1', () => {
    for (const name of ['focus', ...WORDS]) {
      expect(contrast(parse(theme.get(name)), surface)).toBeGreaterThanOrEqual(3);
    }
    const tinted = over(parse(theme.get('needs-selected')), surface);
    expect(contrast(parse(theme.get('focus')), tinted)).toBeGreaterThanOrEqual(3);
  });
});

test('both themes have the same tokens', () => {
  const [light, dark] = themes().map(([, theme]) => [...theme.keys()].sort());
  expect(dark).toEqual(light);
});
