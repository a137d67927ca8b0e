import { beforeEach, expect, it, vi } from 'vitest';
import { tauriHost } from './tauri';
import type { FileDrop } from './types';

type Stop = () => void;
const seam = vi.hoisted(() => ({
  invoke: vi.fn<(command: string, args?: object) => Promise<null>>(() => Promise.resolve(null)),
  listen: vi.fn<(event: string, handler: (event: { payload: unknown }) => void) => Promise<Stop>>(() =>
    Promise.resolve(() => undefined),
  ),
  drop: vi.fn<(handler: (event: { payload: object }) => void) => Promise<Stop>>(() =>
    Promise.resolve(() => undefined),
  ),
}));
vi.mock('@tauri-apps/api/core', () => ({ invoke: seam.invoke }));
vi.mock('@tauri-apps/api/event', () => ({ listen: seam.listen }));
vi.mock('@tauri-apps/api/webview', () => ({ getCurrentWebview: () => ({ onDragDropEvent: seam.drop }) }));

beforeEach(() => {
  seam.invoke.mockClear();
});

it('calls every command by its name with the arguments that the shell expects', async () => {
  const host = tauriHost();
  const filter = {
    status: [],
    protocol: [],
    anonymity: [],
    country: [],
    text: '',
    max_latency_ms: null,
    min_score: null,
    trusted: false,
    target: [],
    source: [],
    tag: [],
  };
  const ask = { view: 3, format: 'csv', working_only: true, with_secrets: false } as const;
  const what = { kind: 'ids', ids: [1, 2] } as const;
  const edit = {
    name: '',
    address: 'https://lists.example.net/http.txt',
    protocol: null,
    parser: { format: null, charset: '', json_path: '', row: '', host: '', port: '' },
    interval_minutes: 60,
    priority: 50,
    enabled: true,
  };
  await host.appInfo();
  await host.openView(filter, [{ column: 'score', descending: true }]);
  await host.viewRows(3, 64, 128);
  await host.viewPlaces(3, [7, 9]);
  await host.closeView(3);
  await host.proxyDetail(7);
  await host.proxiesDelete({ kind: 'view', view: 3, except: [7] });
  await host.proxiesTag({ kind: 'ids', ids: [7] }, ['fast'], ['old']);
  await host.proxiesTags({ kind: 'ids', ids: [7] });
  await host.undo(2);
  await host.importPick();
  await host.importPath('/a/list.txt');
  await host.importText('1.2.3.4:80');
  await host.importCommit(5);
  await host.importDiscard(5);
  await host.checkStart({ ...what, ids: [...what.ids] });
  await host.checkStop();
  await host.sources();
  await host.sourceDetail(4);
  await host.sourceAsWritten(4);
  await host.sourceTest(edit);
  await host.sourceTestStop();
  await host.sourceAdd(edit);
  await host.sourceEdit(4, edit);
  await host.sourcesEnable([4, 5], false);
  await host.sourcesRemove([4]);
  await host.sourcesRestore([4]);
  await host.collectStart(null);
  await host.collectStart([4, 5]);
  await host.collectStop();
  await host.exportPreview(ask);
  await host.exportSave(ask);
  await host.settingsGet();
  expect(seam.invoke.mock.calls).toEqual([
    ['app_info'],
    ['open_view', { filter, sort: [{ column: 'score', descending: true }] }],
    ['view_rows', { view: 3, from: 64, to: 128 }],
    ['view_places', { view: 3, ids: [7, 9] }],
    ['close_view', { view: 3 }],
    ['proxy_detail', { id: 7 }],
    ['proxies_delete', { which: { kind: 'view', view: 3, except: [7] } }],
    ['proxies_tag', { which: { kind: 'ids', ids: [7] }, add: ['fast'], remove: ['old'] }],
    ['proxies_tags', { which: { kind: 'ids', ids: [7] } }],
    ['undo', { change: 2 }],
    ['import_pick', { title: 'Open a list of proxies' }],
    ['import_path', { path: '/a/list.txt' }],
    ['import_text', { text: '1.2.3.4:80' }],
    ['import_commit', { import: 5 }],
    ['import_discard', { import: 5 }],
    ['check_start', { what: { kind: 'ids', ids: [1, 2] } }],
    ['check_stop'],
    ['sources'],
    ['source_detail', { id: 4 }],
    ['source_as_written', { id: 4 }],
    ['source_test', { edit }],
    ['source_test_stop'],
    ['source_add', { edit }],
    ['source_edit', { id: 4, edit }],
    ['sources_enable', { ids: [4, 5], on: false }],
    ['sources_remove', { ids: [4] }],
    ['sources_restore', { ids: [4] }],
    ['collect_start', { ids: null }],
    ['collect_start', { ids: [4, 5] }],
    ['collect_stop'],
    ['export_preview', { ask }],
    ['export_save', { ask, title: 'Save proxies' }],
    ['settings_get'],
  ]);
});

it('hands on what the engine tells', async () => {
  const heard: unknown[] = [];
  await tauriHost().onEvent((event) => heard.push(event));
  const [name, handler] = seam.listen.mock.calls[0] ?? [];
  expect(name).toBe('engine');
  handler?.({ payload: { event: 'pool', revision: 1, total: 2, working: 1 } });
  expect(heard).toEqual([{ event: 'pool', revision: 1, total: 2, working: 1 }]);
});

it('tells a drop from a pass', async () => {
  const drops: FileDrop[] = [];
  await tauriHost().onFileDrop((drop) => drops.push(drop));
  const [handler] = seam.drop.mock.calls[0] ?? [];
  handler?.({ payload: { type: 'enter', paths: ['/a'] } });
  handler?.({ payload: { type: 'over' } });
  handler?.({ payload: { type: 'leave' } });
  handler?.({ payload: { type: 'drop', paths: ['/a/list.txt'] } });
  expect(drops).toEqual([{ kind: 'over' }, { kind: 'leave' }, { kind: 'drop', paths: ['/a/list.txt'] }]);
});
