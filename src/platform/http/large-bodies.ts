import { ServiceUnavailable } from '../errors.js';

/** Bytes. Only a request with a good token may send more, where the route permits it. */
export const SMALL_BODY = 1024 * 1024;

// A body of 10 MiB can take ten times as much memory once it is parsed.
const MAX_AT_ONCE = 2;
const MAX_WAITING = 40;
const MAX_WAITING_OF_ONE = 10;
const WAIT_MS = 10_000;

interface Waiter {
  organizationId: string;
  start(): void;
}

/**
 * Lets few large bodies into the memory of the process at once, and one of each organization, so that
 * an organization that sends many does not keep the others from sending theirs.
 */
export class LargeBodies {
  private readonly running = new Set<string>();
  private readonly waiting = new Set<Waiter>();

  /**
   * Waits for a place, at most 10 s.
   * @returns a function that gives the place back. A second call has no effect.
   * @throws {ServiceUnavailable} when there is no place in time, or too many requests wait already.
   */
  async enter(organizationId: string): Promise<() => void> {
    if (!this.hasPlaceFor(organizationId)) await this.wait(organizationId);
    else this.running.add(organizationId);
    let entered = true;
    return () => {
      if (entered) this.leave(organizationId);
      entered = false;
    };
  }

  private hasPlaceFor(organizationId: string): boolean {
    return this.running.size < MAX_AT_ONCE && !this.running.has(organizationId);
  }

  private async wait(organizationId: string): Promise<void> {
    const ofOne = [...this.waiting].filter((each) => each.organizationId === organizationId);
    if (this.waiting.size >= MAX_WAITING || ofOne.length >= MAX_WAITING_OF_ONE) {
      throw new ServiceUnavailable();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { organizationId, start: resolve };
    const limit = setTimeout(() => reject(new ServiceUnavailable()), WAIT_MS);
    this.waiting.add(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.waiting.delete(waiter);
    }
  }

  private leave(organizationId: string): void {
    this.running.delete(organizationId);
    for (const waiter of this.waiting) {
      if (!this.hasPlaceFor(waiter.organizationId)) continue;
      this.running.add(waiter.organizationId);
      this.waiting.delete(waiter);
      waiter.start();
    }
  }
}
