/**
 * What the interface may ask of whatever carries it: the one seam between the two. It names no transport, and no
 * component knows which host it talks to.
 */
import type {
  AppInfoDto,
  CheckWhatDto,
  EventDto,
  ExportAskDto,
  ExportedDto,
  ExportPreviewDto,
  FilterDto,
  ImportedDto,
  ImportPreviewDto,
  ProxyDetailDto,
  RowsDto,
  SettingsDto,
  SortKeyDto,
  SourceDetailDto,
  SourceDto,
  SourceEditDto,
  SourceTestDto,
  TagsDto,
  UndoableDto,
  ViewDto,
  WhichDto,
} from '../bindings';

/** What happens while files are dragged over the window. */
export type FileDrop = { kind: 'over' } | { kind: 'leave' } | { kind: 'drop'; paths: string[] };

/** Ends a subscription. */
export type Unlisten = () => void;

/** Every promise rejects with an `ErrorDto`. */
export interface Host {
  appInfo(): Promise<AppInfoDto>;
  settingsGet(): Promise<SettingsDto>;
  /** Keeps the settings and answers with what holds now. */
  settingsSet(settings: SettingsDto): Promise<SettingsDto>;
  openView(filter: FilterDto, sort: SortKeyDto[]): Promise<ViewDto>;
  /** The rows `from` to `to` (exclusive) of a view, as they are now. */
  viewRows(view: number, from: number, to: number): Promise<RowsDto>;
  /** Where rows stand in a view now; null for one that it does not have, or no longer. */
  viewPlaces(view: number, ids: number[]): Promise<(number | null)[]>;
  closeView(view: number): Promise<void>;
  proxyDetail(id: number): Promise<ProxyDetailDto>;
  proxiesDelete(which: WhichDto): Promise<UndoableDto>;
  /** Gives proxies tags and takes others off them. */
  proxiesTag(which: WhichDto, add: string[], remove: string[]): Promise<UndoableDto>;
  /** Every tag that there is, with how many of some proxies have it. */
  proxiesTags(which: WhichDto): Promise<TagsDto>;
  /** Takes back exactly what a change did. */
  undo(change: number): Promise<UndoableDto>;
  /** Asks for a file with the system's own dialog; null when that was cancelled. */
  importPick(): Promise<ImportPreviewDto | null>;
  importPath(path: string): Promise<ImportPreviewDto>;
  importText(text: string): Promise<ImportPreviewDto>;
  importCommit(id: number): Promise<ImportedDto>;
  importDiscard(id: number): Promise<void>;
  /** Answers with the task's number. */
  checkStart(what: CheckWhatDto): Promise<number>;
  checkStop(): Promise<void>;
  /** Every source with its record. */
  sources(): Promise<SourceDto[]>;
  sourceDetail(id: number): Promise<SourceDetailDto>;
  /** A source letter by letter as it is kept, to be changed. What the others tell of it is made fit to be shown. */
  sourceAsWritten(id: number): Promise<SourceEditDto>;
  /** What a source would bring; nothing of it is kept. It takes as long as a server lets it. */
  sourceTest(edit: SourceEditDto): Promise<SourceTestDto>;
  /** Ends the test that runs now, however it then ends; without one it does nothing. */
  sourceTestStop(): Promise<void>;
  sourceAdd(edit: SourceEditDto): Promise<SourceDto>;
  sourceEdit(id: number, edit: SourceEditDto): Promise<SourceDto>;
  /** Switches sources; switching one on also sets a paused one going again. */
  sourcesEnable(ids: number[], on: boolean): Promise<void>;
  sourcesRemove(ids: number[]): Promise<void>;
  /** Brings removed sources back with their records. */
  sourcesRestore(ids: number[]): Promise<void>;
  /** Visits these sources, or all that are on. Answers with the task's number. */
  collectStart(ids: number[] | null): Promise<number>;
  collectStop(): Promise<void>;
  exportPreview(ask: ExportAskDto): Promise<ExportPreviewDto>;
  /** Asks where to with the system's own dialog; null when that was cancelled. */
  exportSave(ask: ExportAskDto): Promise<ExportedDto | null>;
  /** How the window was arranged, as it was kept last; null before. Only the interface knows what stands in it. */
  preferencesGet(): Promise<unknown>;
  preferencesSet(preferences: object): Promise<void>;
  onEvent(listener: (event: EventDto) => void): Promise<Unlisten>;
  onFileDrop(listener: (drop: FileDrop) => void): Promise<Unlisten>;
}
