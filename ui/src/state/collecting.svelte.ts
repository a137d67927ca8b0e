/** The collecting that runs now: sources are visited, and what they have comes into the pool. */
import type { CollectProgressDto, EventDto } from '../bindings';
import type { Host } from '../host';
import { locale, t } from '../i18n/index.svelte';
import { duration } from '../i18n/units';
import { bytes } from '../lib/format';
import { failures } from '../lib/sources';
import { asError } from './faults';
import type { Notices } from './notices.svelte';

type Phase = 'idle' | 'starting' | 'running' | 'stopping';

const NOBODY: ReadonlySet<number> = new Set();

export class Collecting {
  phase = $state<Phase>('idle');
  progress = $state.raw<CollectProgressDto | null>(null);
  /** The sources that are being visited. */
  readonly visiting: ReadonlySet<number> = $derived(this.progress ? new Set(this.progress.visiting) : NOBODY);

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
    /** Leads to the sources that failed. */
    private readonly showFailed: () => void,
  ) {}

  get running(): boolean {
    return this.phase !== 'idle';
  }

  /** How much is done, from 0 to 1. */
  get share(): number {
    return this.progress && this.progress.total > 0 ? this.progress.done / this.progress.total : 0;
  }

  adopt(running: CollectProgressDto | null): void {
    // The answer may be older than an event that came meanwhile.
    if (running && !this.progress) this.advance(running);
  }

  /** Visits these sources, or all that are on. */
  async start(ids: number[] | null): Promise<void> {
    if (this.running) return;
    this.phase = 'starting';
    try {
      await this.host.collectStart(ids);
      // A quick one may have ended before the answer came.
      if (this.isStarting()) this.phase = 'running';
    } catch (error) {
      this.phase = 'idle';
      // The text of this code is about checks.
      if (asError(error).code === 'busy') this.notices.say('warn', () => t('notice.collect_busy'));
      else this.notices.fault(error);
    }
  }

  async stop(): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'stopping';
    try {
      await this.host.collectStop();
    } catch (error) {
      this.phase = 'running';
      this.notices.fault(error);
    }
  }

  advance(progress: CollectProgressDto): void {
    this.progress = progress;
    if (this.phase !== 'stopping') this.phase = 'running';
  }

  end({ status, result, error }: Extract<EventDto, { event: 'collected' }>): void {
    this.phase = 'idle';
    this.progress = null;
    if (error) {
      this.notices.fault(error);
      return;
    }
    if (!result) {
      if (status === 'failed') this.notices.say('bad', () => t('notice.collect_failed'));
      return;
    }
    const failed = failures(result.outcomes);
    const visited = Object.values(result.outcomes).reduce((sum, count) => sum + count, 0);
    const values = { new: result.new, distinct: result.distinct, count: visited, failed };
    const cost = (): string =>
      t('notice.collected_hint', {
        duration: duration(result.seconds * 1000),
        size: bytes(locale(), result.bytes),
      });
    const stopped = status === 'cancelled';
    this.notices.say(
      stopped ? 'info' : failed > 0 ? 'warn' : 'good',
      () =>
        stopped
          ? t('notice.collect_stopped', values)
          : t(failed > 0 ? 'notice.collected_failed' : 'notice.collected', values),
      stopped ? () => t('notice.collect_stopped_hint') : cost,
      failed > 0
        ? { label: () => t('notice.show_failed', { count: failed }), act: this.showFailed }
        : undefined,
    );
  }

  private isStarting(): boolean {
    return this.phase === 'starting';
  }
}
