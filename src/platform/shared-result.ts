import type { Clock } from './clock.js';

/**
 * Work that runs once for many callers. Calls while it runs, and for `ms` after it has ended, get the
 * same result or failure. The cost therefore does not grow with the number of calls.
 */
export class SharedResult<T> {
  private current: Promise<T> | undefined;
  /** Milliseconds since 1970; undefined while the work runs. */
  private endedAt: number | undefined;

  constructor(
    private readonly work: () => Promise<T>,
    private readonly ms: number,
    private readonly clock: Clock,
  ) {}

  /** @throws the error of the work. */
  get(): Promise<T> {
    if (this.current === undefined || this.isOld()) {
      this.endedAt = undefined;
      this.current = this.work().finally(() => (this.endedAt = this.now()));
    }
    return this.current;
  }

  /** Also true when the clock was set back; otherwise the result would be kept until it catches up. */
  private isOld(): boolean {
    return this.endedAt !== undefined && Math.abs(this.now() - this.endedAt) >= this.ms;
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}
