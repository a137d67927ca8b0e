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
  await host.appInfo();
  await host.openView(filter, [{ column: 'score', descending: true }]);
  await host.viewRows(3, 64, 128);
  await host.closeView(3);
  await host.proxyDetail(7);
  await host.importPick();
  await host.importPath('/a/list.txt');
  await host.importText('1.2.3.4:80');
  await host.importCommit(5);
  await host.importDiscard(5);
  await host.checkStart({ ...what, ids: [...what.ids] });
  await host.checkStop();
  await host.exportPreview(ask);
  await host.exportSave(ask);
  await host.settingsGet();
  expect(seam.invoke.mock.calls).toEqual([
    ['app_info'],
    ['open_view', { filter, sort: [{ column: 'score', descending: true }] }],
    ['view_rows', { view: 3, from: 64, to: 128 }],
    ['close_view', { view: 3 }],
    ['proxy_detail', { id: 7 }],
    ['import_pick', { title: 'Open a list of proxies' }],
    ['import_path', { path: '/a/list.txt' }],
    ['import_text', { text: '1.2.3.4:80' }],
    ['import_commit', { import: 5 }],
    ['import_discard', { import: 5 }],
    ['check_start', { what: { kind: 'ids', ids: [1, 2] } }],
    ['check_stop'],
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
