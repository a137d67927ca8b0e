/** What the simulated page of the tests lacks. */
import { afterEach, beforeEach, vi } from 'vitest';
import { setLanguage } from '../i18n/index.svelte';

// It has no canvas to draw on.
vi.mock('uplot', () => ({
  default: class {
    destroy = vi.fn();
    redraw = vi.fn();
    setSize = vi.fn();
  },
}));

beforeEach(() => {
  setLanguage('en', ['en']);
});
afterEach(() => {
  document.body.replaceChildren();
});
