/** The one about which everything is shown: a proxy, or a source. */
import { Latest } from '../lib/latest';
import { asError } from './faults';
import type { Notices } from './notices.svelte';

export class Drawer<Detail> {
  id = $state<number | null>(null);
  detail = $state.raw<Detail | null>(null);
  /** Whether it is no longer there. */
  gone = $state(false);
  private readonly reader = new Latest<number>((id) => this.read(id));

  constructor(
    private readonly ask: (id: number) => Promise<Detail>,
    private readonly notices: Notices,
  ) {}

  open(id: number): void {
    if (this.id === id) return;
    this.id = id;
    this.gone = false;
    this.reader.ask(id);
  }

  close(): void {
    this.id = null;
    this.detail = null;
  }

  refresh(): void {
    if (this.id !== null) this.reader.ask(this.id);
  }

  private async read(id: number): Promise<void> {
    try {
      const detail = await this.ask(id);
      // What was shown before stays until the new one is there, so that nothing flickers.
      if (this.id === id) {
        this.detail = detail;
        this.gone = false;
      }
    } catch (thrown) {
      if (this.id !== id) return;
      if (asError(thrown).code === 'not_found') {
        this.gone = true;
        this.detail = null;
        return;
      }
      this.notices.fault(thrown);
      this.close();
    }
  }
}
