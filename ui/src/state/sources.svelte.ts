/**
 * The sources and their records. The host hands all of them over at once; what is shown of them and in which order is
 * decided here. The order is fixed until the user asks for another: records change in place, and no row jumps.
 */
import type { SourceDto } from '../bindings';
import type { Host } from '../host';
import { locale, t } from '../i18n/index.svelte';
import { Latest } from '../lib/latest';
import {
  BY_YIELD,
  chosen,
  firstSort,
  mentions,
  SOURCE_KINDS,
  sorted,
  visitable,
  type SourceChoice,
  type SourceColumn,
  type SourceSort,
} from '../lib/sources';
import type { Notices } from './notices.svelte';
import type { Way } from './selection.svelte';

/** While sources are visited the list is brought at most so often. */
const FOLLOW_MS = 500;

const NONE: ReadonlySet<number> = new Set();

export class Sources {
  /** null until it has been brought once. */
  list = $state.raw<readonly SourceDto[] | null>(null);
  choice = $state<SourceChoice>('all');
  text = $state('');
  sort = $state.raw<SourceSort>(BY_YIELD);
  /** The place of the keyboard; -1 before it was used. */
  cursor = $state(-1);
  /** The one that is to be brought into sight. */
  sought = $state<number | null>(null);
  private order = $state.raw<readonly number[]>([]);
  private ids = $state.raw<ReadonlySet<number>>(NONE);
  private anchor = 0;
  private readonly byId = $derived(new Map((this.list ?? []).map((source) => [source.id, source])));
  /** What is shown, in its fixed order. */
  readonly shown: readonly SourceDto[] = $derived(
    this.order.flatMap((id) => {
      const source = this.byId.get(id);
      return source ? [source] : [];
    }),
  );
  private readonly wanted = $derived(
    sorted(
      (this.list ?? []).filter((source) => chosen(source, this.choice) && mentions(source, this.text)),
      this.sort,
      locale(),
    ),
  );
  /** Whether some would stand elsewhere, or come or go, in a new order. */
  readonly stale: boolean = $derived(
    this.wanted.length !== this.shown.length || this.wanted.some((source, at) => source !== this.shown[at]),
  );
  /** How many each choice would show. */
  readonly counts: Readonly<Record<SourceChoice, number>> = $derived(
    Object.fromEntries(
      SOURCE_KINDS.map((choice) => [
        choice,
        (this.list ?? []).filter((source) => chosen(source, choice)).length,
      ]),
    ) as Record<SourceChoice, number>,
  );
  readonly selected: readonly SourceDto[] = $derived(this.shown.filter(({ id }) => this.ids.has(id)));
  /** How often something was changed from here; a list that was asked for before a change is not taken. */
  private changes = 0;
  private anew = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly bringer = new Latest<undefined>(() => this.bring());

  constructor(
    private readonly host: Host,
    private readonly notices: Notices,
    /** Something is different now: the drawer and the count of those that are on have to follow. */
    private readonly changed: () => void,
  ) {}

  get filtered(): boolean {
    return this.choice !== 'all' || this.text.trim() !== '';
  }

  find(id: number): SourceDto | undefined {
    return this.byId.get(id);
  }

  named(name: string): SourceDto | undefined {
    return this.list?.find((source) => source.name === name);
  }

  has(id: number): boolean {
    return this.ids.has(id);
  }

  /** Brings the list because somebody looks at it anew, and so in its right order. */
  look(): void {
    this.anew = true;
    this.refresh();
  }

  refresh(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.bringer.ask(undefined);
  }

  /** Brings the list anew before long, however often that is asked for. */
  refreshSoon(within = FOLLOW_MS): void {
    this.timer ??= setTimeout(() => {
      this.refresh();
    }, within);
  }

  end(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  narrow(change: { choice?: SourceChoice; text?: string }): void {
    if (change.choice !== undefined) this.choice = change.choice;
    if (change.text !== undefined) this.text = change.text;
    // What was chosen may no longer be in sight, and must not be acted on unseen.
    this.clear();
    this.cursor = -1;
    this.arrange();
  }

  /** Orders by a column; twice turns it round. */
  orderBy(column: SourceColumn): void {
    this.sort =
      this.sort.column === column ? { column, descending: !this.sort.descending } : firstSort(column);
    this.arrange();
  }

  /** Fixes the order anew. */
  arrange(): void {
    this.order = this.wanted.map(({ id }) => id);
  }

  clear(): void {
    this.ids = NONE;
  }

  selectAll(): void {
    this.ids = new Set(this.order);
  }

  /** Points at a place. */
  point(place: number, way: Way): void {
    this.cursor = place;
    const source = this.shown[place];
    if (!source) return;
    if (way === 'range') {
      const from = Math.min(this.anchor, place);
      this.ids = new Set(this.shown.slice(from, Math.max(this.anchor, place) + 1).map(({ id }) => id));
      return;
    }
    this.anchor = place;
    if (way === 'only') {
      this.ids = new Set([source.id]);
      return;
    }
    const ids = new Set(this.ids);
    if (!ids.delete(source.id)) ids.add(source.id);
    this.ids = ids;
  }

  /** Moves the keyboard without choosing anything. */
  move(place: number): void {
    this.cursor = place;
  }

  /** What an action is about: all that is chosen, else where the keyboard stands. */
  get meant(): readonly SourceDto[] {
    if (this.selected.length > 0) return this.selected;
    const source = this.shown[this.cursor];
    return source ? [source] : [];
  }

  /** Switches sources. One that is switched on goes again if it was paused. */
  async enable(sources: readonly SourceDto[], on: boolean): Promise<void> {
    const ids = sources.filter(visitable).map(({ id }) => id);
    if (ids.length === 0) return;
    const wanted = new Set(ids);
    await this.change(
      (source) =>
        wanted.has(source.id)
          ? { ...source, enabled: on, ...(on && { paused: null, paused_since: null }) }
          : source,
      () => this.host.sourcesEnable(ids, on),
    );
  }

  /** Takes sources away; it can be undone for as long as the message stands. */
  async remove(sources: readonly SourceDto[]): Promise<void> {
    const ids = sources.map(({ id }) => id);
    if (ids.length === 0) return;
    const gone = new Set(ids);
    const place = this.cursor;
    const removed = await this.change(
      (source) => (gone.has(source.id) ? null : source),
      () => this.host.sourcesRemove(ids),
    );
    this.clear();
    this.cursor = Math.min(place, this.shown.length - 1);
    if (!removed) return;
    const [first] = sources;
    const name = ids.length === 1 ? first?.name : undefined;
    this.notices.say(
      'info',
      () =>
        name === undefined ? t('notice.removed', { count: ids.length }) : t('notice.removed_name', { name }),
      () => t('notice.removed_hint'),
      { label: () => t('action.undo'), testid: 'undo', act: () => void this.restore(ids) },
    );
  }

  private async restore(ids: number[]): Promise<void> {
    await this.change(
      (source) => source,
      () => this.host.sourcesRestore(ids),
    );
  }

  /** Shows a change at once and has it made; what holds in the end is asked for. */
  private async change(
    show: (source: SourceDto) => SourceDto | null,
    make: () => Promise<void>,
  ): Promise<boolean> {
    const before = this.list;
    this.changes++;
    this.list = (before ?? []).flatMap((source) => show(source) ?? []);
    let made = true;
    try {
      await make();
    } catch (error) {
      made = false;
      this.list = before;
      this.notices.fault(error);
    }
    this.changes++;
    this.refresh();
    this.changed();
    return made;
  }

  private async bring(): Promise<void> {
    const changes = this.changes;
    try {
      const list = await this.host.sources();
      if (changes !== this.changes) return;
      const first = this.list === null;
      const before = this.byId;
      // What is as it was stays the same object, so that nothing is drawn anew for it.
      this.list = list.map((source) => {
        const old = before.get(source.id);
        return old && JSON.stringify(old) === JSON.stringify(source) ? old : source;
      });
      if (first || this.anew) this.arrange();
      else this.admit(before);
      this.anew = false;
    } catch (error) {
      this.notices.fault(error);
    }
  }

  /** New ones, and ones that are back, come into the order where they belong by now; the others keep theirs. */
  private admit(before: ReadonlyMap<number, SourceDto>): void {
    const order = this.order.filter((id) => this.byId.has(id));
    const wanted = this.wanted.map(({ id }) => id);
    wanted.forEach((id, at) => {
      if (before.has(id)) return;
      const after = wanted.slice(0, at).findLast((other) => order.includes(other));
      order.splice(after === undefined ? 0 : order.indexOf(after) + 1, 0, id);
    });
    this.order = order;
  }
}
