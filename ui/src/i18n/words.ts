/** Words that need more than one text: a reason with its code, a refusal that is newer than these texts. */
import type { ReasonDto, SourceNoteDto, VisitDto } from '../bindings';
import { date, percent } from '../lib/format';
import en from './en.json';
import { locale, t } from './index.svelte';

type Refusal = keyof typeof en.refusal;

/** A reason in a word or two, for the table. */
export function reasonShort(reason: ReasonDto, code: number | null): string {
  const word = t(`reason.${reason}`);
  // Other reasons have one code each, which says nothing new.
  return code !== null && reason === 'rejected' ? t('reason_with_code', { reason: word, code }) : word;
}

/** A reason in a sentence. */
export function reasonFull(reason: ReasonDto, code: number | null): string {
  const sentence = t(`reason_full.${reason}`);
  return code === null ? sentence : t('reason_full_code', { sentence, code });
}

/** Why a line was not taken. */
export function refusal(word: string): string {
  return t(`refusal.${word in en.refusal ? (word as Refusal) : 'other'}`);
}

type Failure = Exclude<keyof typeof en.failure, 'status_code'>;

/** What the parts of the engine call the same. */
const FAILURES: Readonly<Record<string, Failure>> = { challenge: 'captcha' };

/** A failure that is newer than these texts is still a failure. */
function failureOf(word: string | null): Failure {
  const name = word === null ? 'other' : (FAILURES[word] ?? word);
  return name in en.failure && name !== 'status_code' ? (name as Failure) : 'other';
}

type Ending = Pick<VisitDto, 'outcome' | 'failure' | 'code'>;

/** How a visit ended, in a word or two. */
export function visitShort({ outcome, failure, code }: Ending): string {
  if (outcome !== 'failed' && outcome !== 'wrong_page') return t(`visit.${outcome}`);
  return failure === 'status' && code !== null
    ? t('failure.status_code', { code: String(code) })
    : t(`failure.${failureOf(failure)}`);
}

/** How a visit ended, in a sentence. */
export function visitFull({ outcome, failure, code }: Ending): string {
  if (outcome !== 'failed' && outcome !== 'wrong_page') return t(`visit_full.${outcome}`);
  return failure === 'status' && code !== null
    ? t('failure_full.status_code', { code: String(code) })
    : t(`failure_full.${failureOf(failure)}`);
}

const WEEK = 7 * 24 * 60 * 60 * 1000;

/** What comparing told of a source, in a word or two. */
export function noteShort(note: SourceNoteDto, now: number): string {
  switch (note.note) {
    case 'copy_of':
      return t('source_note.copy_of', { name: note.name });
    case 'frozen':
      return t('source_note.frozen', { count: Math.max(1, Math.floor((now - note.since) / WEEK)) });
    case 'append_only':
      return t('source_note.append_only');
  }
}

export function noteFull(note: SourceNoteDto): string {
  switch (note.note) {
    case 'copy_of':
      return t('source_note_full.copy_of', { name: note.name, share: percent(locale(), note.share) });
    case 'frozen':
    case 'append_only':
      return t(`source_note_full.${note.note}`, { date: date(locale(), note.since) });
  }
}

/** Why a proxy does not work, by a word that may be newer than these texts. */
export function reasonWord(word: string): string {
  return word in en.reason ? t(`reason.${word as ReasonDto}`) : word;
}
