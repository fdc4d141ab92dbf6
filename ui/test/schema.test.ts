import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, test } from 'vitest';

const at = (path: string): URL => new URL(`../${path}`, import.meta.url);

test('the generated types are fresh', async () => {
  const fresh = COMMENT_HEADER + astToString(await openapiTS(at('openapi.json')));
  const committed = readFileSync(at('src/schema.ts'), 'utf8');
  expect(committed === fresh, 'src/schema.ts is stale; run: make types').toBe(true);
});
