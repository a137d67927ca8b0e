/** An import on its way: the list is read, shown, and then taken or dropped. */
import type { ErrorDto, ImportPreviewDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { asError } from './faults';
import type { Notices } from './notices.svelte';

type Stage =
  | { kind: 'closed' }
  | { kind: 'paste' }
  | { kind: 'reading' }
  | { kind: 'preview'; preview: ImportPreviewDto; pasted: boolean }
  | { kind: 'taking'; preview: ImportPreviewDto; pasted: boolean };

export class Importing {
  stage = $state.raw<Stage>({ kind: 'closed' });
  /** Why the list could not be read or taken. */
  fault = $state.raw<ErrorDto | null>(null);
  /** Whether the system's dialog is open. */
  private picking = false;
  /** Files that were dropped together and wait for their turn. */
  private queue: string[] = [];

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
    private readonly taken: () => void,
  ) {}

  get busy(): boolean {
    return this.stage.kind === 'reading' || this.stage.kind === 'taking';
  }

  paste(): void {
    if (this.busy) return;
    this.fault = null;
    this.stage = { kind: 'paste' };
  }

  /** Lets the user choose a file. Nothing is shown until one was chosen. */
  async pick(): Promise<void> {
    if (this.busy || this.picking) return;
    this.picking = true;
    try {
      const preview = await this.host.importPick();
      if (preview) {
        await this.leave();
        this.stage = { kind: 'preview', preview, pasted: false };
      }
    } catch (error) {
      this.notices.fault(error);
    } finally {
      this.picking = false;
    }
  }

  async readText(text: string): Promise<void> {
    await this.read(() => this.host.importText(text), { kind: 'paste' });
  }

  /** Files were dropped on the window. They are shown one after the other. */
  async drop(paths: string[]): Promise<void> {
    if (this.busy) return;
    await this.leave();
    this.queue = paths;
    await this.next();
  }

  async commit(): Promise<void> {
    if (this.stage.kind !== 'preview') return;
    const { preview, pasted } = this.stage;
    this.fault = null;
    this.stage = { kind: 'taking', preview, pasted };
    try {
      const done = await this.host.importCommit(preview.import);
      this.stage = { kind: 'closed' };
      this.taken();
      this.notices.say(
        'good',
        () => t('import.done', { count: done.new }),
        () => t('import.done_detail', { accepted: done.accepted, known: done.known }),
      );
      await this.next();
    } catch (error) {
      this.fault = asError(error);
      this.stage = { kind: 'preview', preview, pasted };
    }
  }

  /** Drops what was read, and goes on with the next file. */
  async close(): Promise<void> {
    if (this.busy) return;
    await this.leave();
    await this.next();
  }

  private async leave(): Promise<void> {
    const stage = this.stage;
    this.fault = null;
    this.stage = { kind: 'closed' };
    if (stage.kind !== 'preview') return;
    try {
      await this.host.importDiscard(stage.preview.import);
    } catch (error) {
      this.notices.fault(error);
    }
  }

  private async next(): Promise<void> {
    const path = this.queue.shift();
    if (path !== undefined) await this.read(() => this.host.importPath(path), { kind: 'closed' });
  }

  /** Reads a list; where that fails the sheet goes back to where it was. */
  private async read(ask: () => Promise<ImportPreviewDto>, back: Stage): Promise<void> {
    this.fault = null;
    this.stage = { kind: 'reading' };
    try {
      this.stage = { kind: 'preview', preview: await ask(), pasted: back.kind === 'paste' };
    } catch (error) {
      this.stage = back;
      if (back.kind === 'closed') this.notices.fault(error);
      else this.fault = asError(error);
    }
  }
}
