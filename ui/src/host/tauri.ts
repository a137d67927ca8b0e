/** The host inside the desktop application. The only file that knows Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import type { EventDto } from '../bindings';
import { t } from '../i18n/index.svelte';
import type { FileDrop, Host } from './types';

/** The name under which the shell sends what the engine tells. */
const ENGINE_EVENT = 'engine';

export function tauriHost(): Host {
  return {
    appInfo: () => invoke('app_info'),
    settingsGet: () => invoke('settings_get'),
    settingsSet: (settings) => invoke('settings_set', { settings }),
    openView: (filter, sort) => invoke('open_view', { filter, sort }),
    viewRows: (view, from, to) => invoke('view_rows', { view, from, to }),
    viewPlaces: (view, ids) => invoke('view_places', { view, ids }),
    closeView: (view) => invoke('close_view', { view }),
    proxyDetail: (id) => invoke('proxy_detail', { id }),
    proxiesDelete: (which) => invoke('proxies_delete', { which }),
    proxiesTag: (which, add, remove) => invoke('proxies_tag', { which, add, remove }),
    proxiesTags: (which) => invoke('proxies_tags', { which }),
    undo: (change) => invoke('undo', { change }),
    importPick: () => invoke('import_pick', { title: t('dialog.open') }),
    importPath: (path) => invoke('import_path', { path }),
    importText: (text) => invoke('import_text', { text }),
    importCommit: (id) => invoke('import_commit', { import: id }),
    importDiscard: (id) => invoke('import_discard', { import: id }),
    checkStart: (what) => invoke('check_start', { what }),
    checkStop: () => invoke('check_stop'),
    sources: () => invoke('sources'),
    sourceDetail: (id) => invoke('source_detail', { id }),
    sourceAsWritten: (id) => invoke('source_as_written', { id }),
    sourceTest: (edit) => invoke('source_test', { edit }),
    sourceTestStop: () => invoke('source_test_stop'),
    sourceAdd: (edit) => invoke('source_add', { edit }),
    sourceEdit: (id, edit) => invoke('source_edit', { id, edit }),
    sourcesEnable: (ids, on) => invoke('sources_enable', { ids, on }),
    sourcesRemove: (ids) => invoke('sources_remove', { ids }),
    sourcesRestore: (ids) => invoke('sources_restore', { ids }),
    collectStart: (ids) => invoke('collect_start', { ids }),
    collectStop: () => invoke('collect_stop'),
    exportPreview: (ask) => invoke('export_preview', { ask }),
    exportSave: (ask) => invoke('export_save', { ask, title: t('dialog.save') }),
    preferencesGet: () => invoke('preferences_get'),
    preferencesSet: (preferences) => invoke('preferences_set', { preferences }),
    onEvent: (listener) =>
      listen<EventDto>(ENGINE_EVENT, (event) => {
        listener(event.payload);
      }),
    onFileDrop: (listener) =>
      getCurrentWebview().onDragDropEvent(({ payload }) => {
        const drop = dropOf(payload);
        if (drop) listener(drop);
      }),
  };
}

function dropOf(payload: { type: string; paths?: string[] }): FileDrop | null {
  switch (payload.type) {
    case 'enter':
      return { kind: 'over' };
    case 'leave':
      return { kind: 'leave' };
    case 'drop':
      return { kind: 'drop', paths: payload.paths ?? [] };
    default:
      // `over` comes with every movement of the pointer and says nothing new.
      return null;
  }
}
