/** A small world for tests: the whole app on a simulated host, and a part of it drawn. */
import { render } from '@testing-library/svelte';
import { flushSync, type Component } from 'svelte';
import { onTestFinished, vi } from 'vitest';
import type { EventDto } from '../bindings';
import type { Host } from '../host';
import { fakeHost, type World } from '../host/fake';
import { App } from '../state/app.svelte';
import Harness from './Harness.svelte';

export interface Stage {
  app: App;
  host: Host;
  /** Tells the app what an engine would. */
  tell: (event: EventDto) => void;
}

/** An app that has opened its first view. */
export async function openApp(world: Partial<World> = {}): Promise<Stage> {
  const host = fakeHost({ rows: 500, ...world });
  const listeners: ((event: EventDto) => void)[] = [];
  const onEvent = host.onEvent.bind(host);
  host.onEvent = (listener) => {
    listeners.push(listener);
    return onEvent(listener);
  };
  const app = new App(host);
  onTestFinished(await app.start());
  await vi.waitFor(() => {
    if (!app.view.view) throw new Error('no view has been opened yet');
  });
  const tell = (event: EventDto): void => {
    for (const listener of listeners) listener(event);
    flushSync();
  };
  return { app, host, tell };
}

export function draw(app: App, part: Component): ReturnType<typeof render> {
  return render(Harness, { app, of: part });
}

/** Waits until nothing more is on its way from the simulated host. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  flushSync();
}
