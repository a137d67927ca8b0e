/**
 * What the user changes by hand of the proxies themselves: some are deleted or get other tags. It is done at once and not
 * asked about; instead it can be undone, by the message that tells of it or one change after the other from the last on.
 */
import type { UndoableDto, WhichDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { asError, errorHint } from './faults';
import type { Notices, Remedy, Tone } from './notices.svelte';
import type { PoolView } from './view.svelte';

interface Change {
  change: number;
  /** The message that tells of it, if one does. */
  toast: number | null;
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

  /**
   * Gives a tag to proxies, of which so many are known, or takes it off them. Answers false when the word is none that can
   * be a tag, or they have too many. That one alone has another tag is seen where it was changed, and needs no words.
   */
  async tag(which: WhichDto, count: number, tag: string, on: boolean): Promise<boolean> {
    const [add, remove] = on ? [[tag], []] : [[], [tag]];
    let refused = false;
    const done = await this.make(
      async () => {
        try {
          return await this.host.proxiesTag(which, add, remove);
        } catch (error) {
          refused = asError(error).code === 'invalid';
          if (refused) return null;
          throw error;
        }
      },
      () => t('notice.tagging', { count }),
    );
    if (!done) return !refused;
    if (count === 1 && done.undo !== null && !done.failed)
      this.undos = [...this.undos, { change: done.undo, toast: null }];
    else if (done.changed > 0 || done.failed)
      this.tell(done, 'info', (told, part) =>
        part ? t('notice.tagged_part', told) : t(on ? 'notice.tagged' : 'notice.untagged', { ...told, tag }),
      );
    return true;
  }

  /** Undoes a change, or the last one. */
  async undo(change = this.undos.at(-1)?.change): Promise<void> {
    if (change === undefined) return;
    const toast = this.undos.find((known) => known.change === change)?.toast;
    this.undos = this.undos.filter((known) => known.change !== change);
    if (toast != null) this.notices.dismiss(toast);
    const done = await this.make(
      () => this.host.undo(change),
      () => t('notice.undoing'),
      true,
    );
    if (done) this.tell(done, 'good', (told, part) => t(part ? 'notice.undone_part' : 'notice.undone', told));
  }

  private async make<Done extends UndoableDto | null>(
    change: () => Promise<Done>,
    waiting: () => string,
    back = false,
  ): Promise<Done | null> {
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
