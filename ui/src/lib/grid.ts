/** What a table of rows works with, whatever its rows are. */

/** What is chosen of the rows, and where the keyboard stands; -1 before it was used. */
export interface Chosen {
  readonly cursor: number;
  move(place: number): void;
  clear(): void;
  selectAll(): void;
}

/** What shows all about one row. */
export interface Shown {
  readonly id: number | null;
  open(id: number): void;
  close(): void;
}

/** What is said where there is no row, and what can be done about it. */
export interface Nothing {
  testid: string;
  title: string;
  hint: string;
  action: string;
  act: () => void;
}
