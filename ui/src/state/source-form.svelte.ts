/** A source that is being written down: it is tried while it is typed, and nothing is kept before it is taken. */
import type { ErrorDto, ParserDto, SourceDto, SourceEditDto, SourceTestDto } from '../bindings';
import type { Host } from '../host';
import { Latest } from '../lib/latest';
import { looksWhole, NEW_SOURCE } from '../lib/sources';
import { asError } from './faults';

/** So long after the last key a source is tried. */
const PAUSE_MS = 700;

/** Minutes between two visits, as the engine takes them: five are what hosts bear, a month is as good as never. */
export const INTERVAL = { low: 5, high: 44_640 };
export const PRIORITY = { low: 0, high: 100 };

/** What can be wrong, by the last part of the name that the engine gives to it. */
export const FORM_FIELDS = [
  'address',
  'name',
  'protocol',
  'interval_minutes',
  'priority',
  'format',
  'charset',
  'json_path',
  'row',
  'host',
  'port',
] as const;
export type FormField = (typeof FORM_FIELDS)[number];

export class SourceForm {
  /** null while nothing is being written. */
  draft = $state.raw<SourceEditDto | null>(null);
  /** The source that is changed; null for a new one. */
  changed = $state.raw<SourceDto | null>(null);
  /** It as it is kept: the list tells its name and address made fit to be shown, which are others where they are odd. */
  private written: SourceEditDto | null = null;
  testing = $state(false);
  result = $state.raw<SourceTestDto | null>(null);
  saving = $state(false);
  /** The fields that the host does not take. */
  refused = $state.raw<readonly FormField[]>([]);
  /** What went wrong that no field is to blame for. */
  fault = $state.raw<ErrorDto | null>(null);
  /** Minutes and priority as they are typed. */
  interval = $state('');
  priority = $state('');
  /** How often a sheet was asked for. */
  private opened = 0;
  /** Whether the name is the user's, and not the one that was proposed. */
  private named = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly tester = new Latest<SourceEditDto>((edit) => this.run(edit));

  constructor(
    private readonly host: Host,
    private readonly saved: (source: SourceDto, fresh: boolean) => void,
    private readonly failed: (thrown: unknown) => void,
  ) {}

  get intervalSound(): boolean {
    return within(this.interval, INTERVAL);
  }

  get prioritySound(): boolean {
    return within(this.priority, PRIORITY);
  }

  add(address = ''): void {
    this.opened++;
    this.begin({ ...NEW_SOURCE, address }, null, null);
    if (looksWhole(address)) this.test();
  }

  async edit(source: SourceDto, test = false): Promise<void> {
    const opened = ++this.opened;
    try {
      const written = await this.host.sourceAsWritten(source.id);
      // Another one may have been asked for meanwhile.
      if (opened !== this.opened) return;
      this.begin(written, source, written);
      if (test) this.test();
    } catch (error) {
      this.failed(error);
    }
  }

  close(): void {
    if (this.saving) return;
    this.rest();
    this.draft = null;
    this.changed = null;
    void this.stop();
  }

  change(change: Partial<SourceEditDto>): void {
    if (!this.draft) return;
    this.draft = { ...this.draft, ...change };
    this.forgive(Object.keys(change));
    if (change.name !== undefined) this.named = change.name.trim() !== '';
    if (change.address !== undefined || change.protocol !== undefined) this.testSoon();
  }

  read(change: Partial<ParserDto>): void {
    if (!this.draft) return;
    this.draft = { ...this.draft, parser: { ...this.draft.parser, ...change } };
    this.forgive(Object.keys(change));
    this.testSoon();
  }

  /** Tries what is written now. */
  test(): void {
    this.rest();
    const edit = this.made();
    if (!edit || edit.address === '') return;
    // One at a time: the one under way is of no use any more.
    if (this.testing) void this.stop();
    this.tester.ask(edit);
  }

  async stop(): Promise<void> {
    if (!this.testing) return;
    try {
      await this.host.sourceTestStop();
    } catch (error) {
      this.fault = asError(error);
    }
  }

  async save(): Promise<void> {
    const edit = this.made();
    if (!edit || this.saving || !this.intervalSound || !this.prioritySound) return;
    this.saving = true;
    this.fault = null;
    try {
      const fresh = this.changed === null;
      const source = this.changed
        ? await this.host.sourceEdit(this.changed.id, edit)
        : await this.host.sourceAdd(edit);
      this.saving = false;
      this.close();
      this.saved(source, fresh);
    } catch (thrown) {
      this.saving = false;
      this.blame(asError(thrown));
    }
  }

  private begin(draft: SourceEditDto, changed: SourceDto | null, written: SourceEditDto | null): void {
    this.rest();
    this.draft = draft;
    this.changed = changed;
    this.written = written;
    this.result = null;
    this.refused = [];
    this.fault = null;
    this.interval = String(draft.interval_minutes);
    this.priority = String(draft.priority);
    this.named = draft.name !== '';
  }

  /** What would be kept. */
  private made(): SourceEditDto | null {
    if (!this.draft) return null;
    return {
      ...this.draft,
      name: this.cleared('name'),
      address: this.cleared('address'),
      // What is out of bounds is said at its field, and is no reason not to try the rest.
      interval_minutes: this.intervalSound ? Number(this.interval) : NEW_SOURCE.interval_minutes,
      priority: this.prioritySound ? Number(this.priority) : NEW_SOURCE.priority,
    };
  }

  /** A text without the blanks that one does not see; one that nobody has touched stays as it was written. */
  private cleared(field: 'name' | 'address'): string {
    const now = this.draft?.[field] ?? '';
    return now === this.written?.[field] ? now : now.trim();
  }

  private testSoon(): void {
    this.rest();
    if (!this.draft || !looksWhole(this.draft.address)) {
      this.result = null;
      if (this.testing) void this.stop();
      return;
    }
    this.timer = setTimeout(() => {
      this.test();
    }, PAUSE_MS);
  }

  private async run(edit: SourceEditDto): Promise<void> {
    this.testing = true;
    this.fault = null;
    try {
      const result = await this.host.sourceTest(edit);
      if (!this.isAbout(edit) || result.visit.failure === 'cancelled') return;
      this.result = result;
      this.refused = [];
      if (this.draft && !this.named) this.draft = { ...this.draft, name: result.name };
    } catch (thrown) {
      if (!this.isAbout(edit)) return;
      this.result = null;
      this.blame(asError(thrown));
    } finally {
      this.testing = false;
    }
  }

  /** Whether what was tried is what is written now. */
  private isAbout({ address, protocol, parser }: SourceEditDto): boolean {
    const now = this.made();
    return (
      now !== null &&
      JSON.stringify([address, protocol, parser]) === JSON.stringify([now.address, now.protocol, now.parser])
    );
  }

  private blame(error: ErrorDto): void {
    const field = error.params['what']?.split('.').at(-1);
    const known = FORM_FIELDS.find((one) => one === field);
    if (error.code === 'invalid' && known) this.refused = [...this.refused, known];
    else this.fault = error;
  }

  private forgive(fields: string[]): void {
    this.refused = this.refused.filter((field) => !fields.includes(field));
    this.fault = null;
  }

  private rest(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

function within(text: string, { low, high }: { low: number; high: number }): boolean {
  const typed = text.trim();
  return /^\d+$/.test(typed) && Number(typed) >= low && Number(typed) <= high;
}
