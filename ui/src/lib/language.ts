/**
 * A system without a language calls it "C", which is none, and the chart's library cannot be loaded where the page says
 * so. Has to be loaded before it.
 */
try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}

export {};
