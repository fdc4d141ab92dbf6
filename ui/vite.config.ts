import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  server: { port: 1420, strictPort: true },
  build: {
    target: 'safari15',
    // The content policy allows no `data:` URIs and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    projects: [
      { extends: true, test: { name: 'text', include: ['test/*.test.ts'], environment: 'node' } },
      {
        extends: true,
        // In the other tests components are rendered to text; here they have to be live.
        resolve: { conditions: ['browser'] },
        test: { name: 'page', include: ['test/page/*.test.ts'], environment: 'happy-dom' },
      },
    ],
  },
});
