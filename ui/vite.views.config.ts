import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** A script for `tests/app/text_size.rs`; never a part of the app. */
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'safari15',
    outDir: '../target/views',
    emptyOutDir: true,
    lib: { entry: 'src/dev/views.ts', name: 'views', formats: ['iife'], fileName: () => 'views.js' },
  },
});
