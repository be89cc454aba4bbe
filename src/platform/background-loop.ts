import { Logger } from '@nestjs/common';

const ERROR_MS = 1_000;

/**
 * Calls `work` in a loop, one call at a time. The next call follows immediately while there is more
 * to do, and otherwise after the idle pause, or when something wakes the loop. An error is logged,
 * and the next call follows after a second, or after a longer idle pause.
 */
export class BackgroundLoop {
  private running: Promise<void> | undefined;
  private stopping = false;
  private isWoken = false;
  private endPause: (() => void) | undefined;

  constructor(
    private readonly name: string,
    /** @returns whether there may be more to do immediately. */
    private readonly work: () => Promise<boolean>,
    /** The pause in milliseconds, or a function that returns it. Without one, only waking ends it. */
    private readonly idleMs?: number | (() => number),
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Lets the next call follow at once, even while one is running. */
  wake(): void {
    this.isWoken = true;
    this.endPause?.();
  }

  /** Ends the loop. Resolves when the current call of `work` has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.endPause?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.isWoken = false;
      try {
        if (!(await this.work()) && !this.isWoken) await this.pause(this.idlePause());
      } catch (error) {
        Logger.warn(
          `${this.name}: ${error instanceof Error ? error.message : String(error)}`,
          BackgroundLoop.name,
        );
        // Waking does not end this pause, or a failing call would be repeated without one.
        await this.pause(Math.max(ERROR_MS, this.idlePause() ?? 0), false);
      }
    }
  }

  private idlePause(): number | undefined {
    return typeof this.idleMs === 'function' ? this.idleMs() : this.idleMs;
  }

  /** @param ms undefined: until the loop is woken. */
  private async pause(ms: number | undefined, canBeWoken = true): Promise<void> {
    if (this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.endPause = () => {
        if (!canBeWoken && !this.stopping) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.endPause = undefined;
  }
}
