/**
 * Runs one request at a time and remembers one more: of what is asked meanwhile only the last waits, so that a slow host
 * is never buried under requests whose answers nobody needs any more.
 */
export class Latest<Ask> {
  private running = false;
  private waiting: { ask: Ask } | null = null;

  constructor(private readonly run: (ask: Ask) => Promise<void>) {}

  /** Whether the request that runs now has been overtaken. */
  get overtaken(): boolean {
    return this.waiting !== null;
  }

  ask(ask: Ask): void {
    if (this.running) {
      this.waiting = { ask };
      return;
    }
    void this.go(ask);
  }

  private async go(first: Ask): Promise<void> {
    this.running = true;
    try {
      for (let next: { ask: Ask } | null = { ask: first }; next; next = this.take()) await this.run(next.ask);
    } finally {
      this.running = false;
    }
  }

  private take(): { ask: Ask } | null {
    const next = this.waiting;
    this.waiting = null;
    return next;
  }
}
