import { Logger } from '@nestjs/common';

/**
 * Does a piece of work again and again, never twice at once: at once while there is more to do,
 * else after `idleMs`. What it throws is logged, and the next turn comes after `errorMs`.
 */
export class Loop {
  private running: Promise<void> | undefined;
  private stopping = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly name: string,
    /** @returns whether there may be more to do right now. */
    private readonly work: () => Promise<boolean>,
    private readonly idleMs: number,
    private readonly errorMs = Math.max(1_000, idleMs),
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the turn in hand is over. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        if (!(await this.work())) await this.pause(this.idleMs);
      } catch (error) {
        Logger.warn(
          `${this.name}: ${error instanceof Error ? error.message : String(error)}`,
          'Loop',
        );
        await this.pause(this.errorMs);
      }
    }
  }

  private pause(ms: number): Promise<void> {
    if (this.stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
