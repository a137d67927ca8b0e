/** Chooses the host: the desktop application's own, or a simulated one in a browser. */
import type { Host } from './types';

export type { FileDrop, Host, Unlisten } from './types';

export async function connect(): Promise<Host> {
  if ('__TAURI_INTERNALS__' in window) {
    const { tauriHost } = await import('./tauri');
    return tauriHost();
  }
  const { fakeHost, worldOf } = await import('./fake');
  return fakeHost(worldOf(new URLSearchParams(location.search)));
}
