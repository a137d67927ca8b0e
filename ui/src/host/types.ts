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
  ViewDto,
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
  closeView(view: number): Promise<void>;
  proxyDetail(id: number): Promise<ProxyDetailDto>;
  /** Asks for a file with the system's own dialog; null when that was cancelled. */
  importPick(): Promise<ImportPreviewDto | null>;
  importPath(path: string): Promise<ImportPreviewDto>;
  importText(text: string): Promise<ImportPreviewDto>;
  importCommit(id: number): Promise<ImportedDto>;
  importDiscard(id: number): Promise<void>;
  /** Answers with the task's number. */
  checkStart(what: CheckWhatDto): Promise<number>;
  checkStop(): Promise<void>;
  exportPreview(ask: ExportAskDto): Promise<ExportPreviewDto>;
  /** Asks where to with the system's own dialog; null when that was cancelled. */
  exportSave(ask: ExportAskDto): Promise<ExportedDto | null>;
  /** How the window was arranged, as it was kept last; null before. Only the interface knows what stands in it. */
  preferencesGet(): Promise<unknown>;
  preferencesSet(preferences: object): Promise<void>;
  onEvent(listener: (event: EventDto) => void): Promise<Unlisten>;
  onFileDrop(listener: (drop: FileDrop) => void): Promise<Unlisten>;
}
