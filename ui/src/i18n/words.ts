/** Words that need more than one text: a reason with its code, a refusal that is newer than these texts. */
import type { ReasonDto } from '../bindings';
import en from './en.json';
import { t } from './index.svelte';

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
