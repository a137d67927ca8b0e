/** What the user is told without having asked: short messages that go by themselves, and strips that stay. */
import type { NoticeDto } from '../bindings';
import { t } from '../i18n/index.svelte';
import { asError, errorDetails, errorHint, errorTitle } from './faults';

export type Tone = 'info' | 'good' | 'warn' | 'bad';

/** What can be done about a message. */
export interface Remedy {
  label: () => string;
  act: () => void;
  testid?: string;
}

export interface Message {
  id: number;
  tone: Tone;
  /** A function, so that it speaks the language of the moment. */
  title: () => string;
  hint?: (() => string) | undefined;
  /** What can be copied into a report. */
  details?: string | undefined;
  remedy?: Remedy | undefined;
}

/** How long a message that needs no answer stays. */
const SHORT_MS = 6000;
/** And one by which something can be done, which has to be read and reached first. */
const REMEDY_MS = 12_000;
/** What takes longer is said to be under way. */
const WAIT_MS = 500;
/** More at once would hide the table. */
const MAX_TOASTS = 4;

export class Notices {
  toasts = $state.raw<Message[]>([]);
  strips = $state.raw<Message[]>([]);
  private last = 0;
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Says something that goes by itself. Answers by which it can be taken away before. */
  say(tone: Tone, title: () => string, hint?: () => string, remedy?: Remedy): number {
    const id = this.push({ tone, title, hint, remedy });
    this.timers.set(
      id,
      setTimeout(
        () => {
          this.dismiss(id);
        },
        remedy ? REMEDY_MS : SHORT_MS,
      ),
    );
    return id;
  }

  /** Says what is under way if it takes longer than one likes to wait. Answers how to say that it has ended. */
  wait(title: () => string): () => void {
    let id: number | null = null;
    const timer = setTimeout(() => {
      id = this.push({ tone: 'info', title });
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      if (id !== null) this.dismiss(id);
    };
  }

  /** Something could not be done. It stays until it is dismissed: it may have to be copied. */
  fault(thrown: unknown): void {
    const error = asError(thrown);
    this.push({
      tone: 'bad',
      title: () => errorTitle(error),
      hint: () => errorHint(error),
      details: errorDetails(error),
    });
  }

  /** Something that the engine tells. Judges that are back take the message away that they were down. */
  tell(notice: NoticeDto): void {
    const { code, params } = notice;
    if (code === 'judges_back') {
      this.strips = this.strips.filter((strip) => strip.details !== 'judges_down');
      this.say(
        'good',
        () => t('notice.judges_back'),
        () => t('notice.judges_back_hint'),
      );
      return;
    }
    const details = code === 'judges_down' ? code : [code, ...Object.values(params)].join('\n');
    if (this.strips.some((strip) => strip.details === details)) return;
    const strip: Message = {
      id: ++this.last,
      tone: 'warn',
      title: () => t(`notice.${code}`, params),
      hint: () => t(`notice.${code}_hint`, { path: '?', ...params }),
      details,
    };
    this.strips = [...this.strips, strip];
  }

  dismiss(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
    this.strips = this.strips.filter((strip) => strip.id !== id);
  }

  /** A message under the pointer does not go away. */
  hold(id: number): void {
    clearTimeout(this.timers.get(id));
  }

  private push(message: Omit<Message, 'id'>): number {
    const id = ++this.last;
    this.toasts = [...this.toasts, { ...message, id }].slice(-MAX_TOASTS);
    return id;
  }
}
