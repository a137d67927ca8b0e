/** The check that runs now, and the one that was cut off. */
import type { CheckWhatDto, EventDto, ProgressDto, UnfinishedDto } from '../bindings';
import type { Host } from '../host';
import { t } from '../i18n/index.svelte';
import { duration } from '../i18n/units';
import type { Notices } from './notices.svelte';

type Phase = 'idle' | 'starting' | 'running' | 'stopping';

export class Task {
  phase = $state<Phase>('idle');
  progress = $state.raw<ProgressDto | null>(null);
  unfinished = $state.raw<UnfinishedDto | null>(null);

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
  ) {}

  get running(): boolean {
    return this.phase !== 'idle';
  }

  /** Whether it waits for judges to come back. */
  get waiting(): boolean {
    return this.progress?.status === 'paused';
  }

  /** How much is done, from 0 to 1. */
  get share(): number {
    return this.progress && this.progress.total > 0 ? this.progress.done / this.progress.total : 0;
  }

  adopt(running: ProgressDto | null, unfinished: UnfinishedDto | null): void {
    this.unfinished = unfinished;
    // The answer may be older than an event that came meanwhile.
    if (running && !this.progress) this.advance(running);
  }

  async start(what: CheckWhatDto): Promise<void> {
    if (this.running) return;
    this.phase = 'starting';
    try {
      await this.host.checkStart(what);
      // A quick check may have ended before the answer came.
      if (this.isStarting()) this.phase = 'running';
      this.unfinished = null;
    } catch (error) {
      this.phase = 'idle';
      this.notices.fault(error);
    }
  }

  async stop(): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'stopping';
    try {
      await this.host.checkStop();
    } catch (error) {
      this.phase = 'running';
      this.notices.fault(error);
    }
  }

  advance(progress: ProgressDto): void {
    this.progress = progress;
    if (this.phase !== 'stopping') this.phase = 'running';
  }

  end({ status, result, error }: Extract<EventDto, { event: 'ended' }>): void {
    this.phase = 'idle';
    this.progress = null;
    if (error) this.notices.fault(error);
    else if (!result) {
      if (status === 'failed') this.notices.say('bad', () => t('notice.check_failed'));
    } else {
      const values = { count: result.checked, alive: result.alive };
      const took = result.seconds * 1000;
      const leftOut = result.left_out ?? 0;
      if (status === 'succeeded')
        this.notices.say(
          'good',
          () => t('notice.check_done', values),
          () =>
            leftOut > 0
              ? t('notice.check_left_out_hint', { duration: duration(took), count: leftOut })
              : t('notice.check_done_hint', { duration: duration(took) }),
        );
      else
        this.notices.say(
          'info',
          () => t('notice.check_stopped', values),
          () => t('notice.check_stopped_hint'),
        );
    }
  }

  private isStarting(): boolean {
    return this.phase === 'starting';
  }
}
