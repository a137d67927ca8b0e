/** The settings as they hold, and how the window looks by them. */
import type { SettingsDto } from '../bindings';
import type { Host } from '../host';
import { setLanguage } from '../i18n/index.svelte';

export class Settings {
  now = $state.raw<SettingsDto | null>(null);
  /** The change before, which has to hold before the next one is made of what holds. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly host: Host) {}

  async load(): Promise<void> {
    this.take(await this.host.settingsGet());
  }

  /** Keeps a change. The promise rejects with an `ErrorDto`, and the old settings hold, when it is not accepted. */
  change(change: Partial<SettingsDto>): Promise<void> {
    const next = this.last.then(async () => {
      if (this.now) this.take(await this.host.settingsSet({ ...this.now, ...change }));
    });
    this.last = next.catch(() => undefined);
    return next;
  }

  /** Follows the system's theme and languages where the settings say so. Answers how to stop. */
  follow(): () => void {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const apply = (): void => {
      this.apply();
    };
    dark.addEventListener('change', apply);
    window.addEventListener('languagechange', apply);
    this.apply();
    return () => {
      dark.removeEventListener('change', apply);
      window.removeEventListener('languagechange', apply);
    };
  }

  private take(settings: SettingsDto): void {
    this.now = settings;
    this.apply();
  }

  private apply(): void {
    const theme = this.now?.theme ?? 'system';
    const dark =
      theme === 'system' ? window.matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    setLanguage(this.now?.language ?? 'system', navigator.languages);
  }
}
