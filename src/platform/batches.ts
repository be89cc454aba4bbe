import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Work that costs less for many items together than for each alone, such as a statement. One batch
 * runs at a time. The items that are added meanwhile form the next batch, so batches grow with the
 * load, and a single item does not wait for others. Do not add items within a transaction: a batch
 * would run in the transaction of one of its callers.
 */
export class Batches<Item, Result> {
  private items: Item[] = [];
  private next: Promise<Result> | undefined;
  private last: Promise<unknown> = Promise.resolve();

  /** @param pauseMs how long a batch waits for further items before it runs. */
  constructor(
    private readonly work: (items: Item[]) => Promise<Result>,
    private readonly pauseMs = 0,
  ) {}

  /** @returns the result of the item's whole batch. @throws the error of the batch. */
  add(item: Item): Promise<Result> {
    this.items.push(item);
    this.next ??= Promise.all([this.last, this.pause()]).then(() => {
      const items = this.items;
      this.items = [];
      this.next = undefined;
      const result = this.work(items);
      this.last = result.catch(() => undefined);
      return result;
    });
    return this.next;
  }

  private pause(): Promise<void> | undefined {
    return this.pauseMs === 0 ? undefined : sleep(this.pauseMs);
  }
}
