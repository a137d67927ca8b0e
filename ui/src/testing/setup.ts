/** What the simulated page of the tests lacks. */
import { afterEach, beforeEach } from 'vitest';
import { setLanguage } from '../i18n/index.svelte';

beforeEach(() => {
  setLanguage('en', ['en']);
});
afterEach(() => {
  document.body.replaceChildren();
});
