import { ServiceUnavailable } from '../errors.js';

interface Waiter {
  weight: number;
  start: () => void;
}

/** Returns a permit. A second call has no effect. */
export type Release = () => void;

/**
 * A fixed number of permits, granted in the order of the requests. A request for several waits
 * until that many are free, and later requests wait behind it.
 */
class Turns {
  private free: number;
  private readonly waiting = new Set<Waiter>();

  constructor(private readonly limits: TurnLimits) {
    this.free = limits.rights;
  }

  get isIdle(): boolean {
    return this.free === this.limits.rights && this.waiting.size === 0;
  }

  tryTake(weight: number): boolean {
    if (this.waiting.size > 0 || this.free < weight) return false;
    this.free -= weight;
    return true;
  }

  async take(weight: number): Promise<void> {
    if (this.tryTake(weight)) return;
    const { waiters, waitMs } = this.limits;
    if (this.waiting.size >= waiters) throw new ServiceUnavailable();
    await new Promise<void>((resolve, reject) => {
      const waiter = {
        weight,
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiting.delete(waiter);
        this.startWaiters();
        reject(new ServiceUnavailable());
      }, waitMs);
      this.waiting.add(waiter);
    });
  }

  give(weight: number): void {
    this.free += weight;
    this.startWaiters();
  }

  private startWaiters(): void {
    for (const waiter of this.waiting) {
      if (this.free < waiter.weight) return;
      this.free -= waiter.weight;
      this.waiting.delete(waiter);
      waiter.start();
    }
  }
}

export interface TurnLimits {
  /** How many rights each key has. */
  rights: number;
  /** How many requests for one key may wait. */
  waiters: number;
  /** How long a request may wait. */
  waitMs: number;
}

/** {@link Turns} for each key. A key that nobody uses takes no memory. */
export class KeyedTurns {
  private readonly turns = new Map<string, Turns>();

  constructor(private readonly limits: TurnLimits) {}

  /** Takes all rights of the key, or none if they are not all free. */
  tryTakeAll(key: string): Release | undefined {
    return this.tryTake(key, this.limits.rights);
  }

  /** Takes one of the key's rights, unless none is free. */
  tryTakeOne(key: string): Release | undefined {
    return this.tryTake(key, 1);
  }

  /** Takes all rights of the key. @throws {ServiceUnavailable} too many wait, or for too long. */
  takeAll(key: string): Promise<Release> {
    return this.take(key, this.limits.rights);
  }

  /** Takes one of the key's rights. @throws {ServiceUnavailable} as {@link takeAll}. */
  takeOne(key: string): Promise<Release> {
    return this.take(key, 1);
  }

  private tryTake(key: string, weight: number): Release | undefined {
    const turns = this.of(key);
    return turns.tryTake(weight) ? this.release(key, turns, weight) : undefined;
  }

  private async take(key: string, weight: number): Promise<Release> {
    const turns = this.of(key);
    await turns.take(weight);
    return this.release(key, turns, weight);
  }

  private of(key: string): Turns {
    let turns = this.turns.get(key);
    if (turns === undefined) {
      turns = new Turns(this.limits);
      this.turns.set(key, turns);
    }
    return turns;
  }

  private release(key: string, turns: Turns, weight: number): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      turns.give(weight);
      if (turns.isIdle) this.turns.delete(key);
    };
  }
}
