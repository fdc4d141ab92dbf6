// Rules for the source: text stays text, no inline styles, colours in one place.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../src', import.meta.url).pathname;
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts|css)$/.test(name) && name !== 'schema.ts')
  .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const);

test.each(files)('%s', (name, source) => {
  expect(source).not.toMatch(/\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  expect(source).not.toMatch(/\sstyle(:[\w-]+)?=/);
  if (name === 'tokens.css') return;
  expect(source).not.toMatch(/#[0-9a-f]{3,8}\b(?=[;,\s)'"])|\b(rgba?|hsla?|oklch|color-mix)\(/i);
});
