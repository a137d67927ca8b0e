import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // The mark lies beside this folder, where every other part of the product takes it from too.
  server: { fs: { allow: ['..'] } },
  build: {
    // WebKitGTK, WKWebView and WebView2 of the systems that Tauri 2 supports.
    target: ['safari16.4', 'chrome111'],
    // The polyfill is an inline script, and fonts as data: addresses are refused too: the CSP allows neither.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
  },
});
