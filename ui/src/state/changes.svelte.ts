/**
 * What the user changes by hand of the proxies themselves: some are deleted or get other tags. It is done at once and not
 * asked about; instead it can be undone, by the message that tells of it or one change after the other from the last on.
 */
import type { UndoableDto, WhichDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { errorHint } from './faults';
import type { Notices, Remedy, Tone } from './notices.svelte';
import type { PoolView } from './view.svelte';

interface Change {
  change: number;
  /** The message that tells of it. */
  toast: number;
}

/** How something that was done is told: of how many, where that was a part only. */
type Words = (done: { count: number; matched: number }, part: boolean) => string;

export class Changes {
  /** What can be undone, the last at the end. */
  private undos = $state.raw<readonly Change[]>([]);

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
    private readonly view: PoolView,
  ) {}

  /** Whether there is anything to undo. */
  get undoable(): boolean {
    return this.undos.length > 0;
  }

  /** Deletes proxies, of which so many are known; one alone has a name. Answers whether any was deleted. */
  async delete(which: WhichDto, count: number, name?: string): Promise<boolean> {
    const done = await this.make(
      () => this.host.proxiesDelete(which),
      () => t('notice.deleting', { count }),
    );
    if (!done || done.matched === 0) return false;
    this.tell(
      done,
      'info',
      (told, part) =>
        part
          ? t('notice.deleted_part', told)
          : name === undefined
            ? t('notice.deleted', told)
            : t('notice.deleted_name', { name }),
      () => t('notice.deleted_hint', { count: done.changed }),
    );
    return done.changed > 0;
  }

  /** Undoes a change, or the last one. */
  async undo(change = this.undos.at(-1)?.change): Promise<void> {
    if (change === undefined) return;
    const toast = this.undos.find((known) => known.change === change)?.toast;
    this.undos = this.undos.filter((known) => known.change !== change);
    if (toast !== undefined) this.notices.dismiss(toast);
    const done = await this.make(
      () => this.host.undo(change),
      () => t('notice.undoing'),
      true,
    );
    if (done) this.tell(done, 'good', (told, part) => t(part ? 'notice.undone_part' : 'notice.undone', told));
  }

  private async make(
    change: () => Promise<UndoableDto>,
    waiting: () => string,
    back = false,
  ): Promise<UndoableDto | null> {
    const ended = this.notices.wait(waiting);
    try {
      return await this.view.alter(change, back);
    } catch (error) {
      this.notices.fault(error);
      return null;
    } finally {
      ended();
    }
  }

  private tell(done: UndoableDto, tone: Tone, words: Words, hint?: () => string): void {
    const { undo, failed } = done;
    const told = { count: done.changed, matched: done.matched };
    const remedy: Remedy | undefined =
      undo === null
        ? undefined
        : {
            label: () => t(tone === 'good' ? 'action.retry' : 'action.undo'),
            testid: 'undo',
            act: () => void this.undo(undo),
          };
    const toast = this.notices.say(
      failed ? 'warn' : tone,
      () => words(told, failed !== null),
      failed ? () => errorHint(failed) : hint,
      remedy,
    );
    if (undo !== null) this.undos = [...this.undos, { change: undo, toast }];
  }
}
