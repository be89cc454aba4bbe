/* How much each measurement does. `--quick` only proves that everything runs. */

export interface Plan {
  quick: boolean;
  /** Seconds before the first round of each contestant, which are not counted. */
  warmUp: number;
  /** Seconds per round. */
  seconds: number;
  rounds: number;
  /** Requests at the same time, and database connections of each server. */
  connections: number;
  /** Pools over which the requests are spread. */
  pools: number;
  /** Claimed people per pool, for access and list pages. */
  people: number;
  /** Invitations per pool, for claims. */
  invitations: number;
  /** The concurrencies of the plot of latency against load. */
  loads: number[];
  /** The pool sizes of the plot of cost against pool size; the last is the big pool. */
  poolSizes: number[];
  /** The members of the large buyer. */
  members: number;
  /** The seats of a large bulk request. */
  bulk: number;
  /** Webhook messages and outbox events that wait when the worker starts. */
  waiting: number;
  /** Mails that wait when the worker starts. */
  mails: number;
  /** Seats whose size on disk is measured. */
  stored: number;
  /** Seconds for which an idle service is watched. */
  idle: number;
  /** Starts of the service. */
  starts: number;
}

const FULL: Plan = {
  quick: false,
  warmUp: 3,
  seconds: 6,
  rounds: 5,
  connections: 32,
  pools: 1_000,
  people: 100,
  invitations: 100,
  loads: [1, 2, 4, 8, 16, 32, 64, 128],
  poolSizes: [0, 1_000, 10_000, 100_000, 1_000_000],
  members: 200_000,
  bulk: 10_000,
  waiting: 50_000,
  mails: 20_000,
  stored: 100_000,
  idle: 60,
  starts: 7,
};

const QUICK: Plan = {
  quick: true,
  warmUp: 0.2,
  seconds: 0.4,
  rounds: 1,
  connections: 8,
  pools: 20,
  people: 100,
  invitations: 200,
  loads: [1, 8],
  poolSizes: [0, 2_000],
  members: 500,
  bulk: 600,
  waiting: 600,
  mails: 100,
  stored: 600,
  idle: 3,
  starts: 1,
};

export function planFor(quick: boolean): Plan {
  return quick ? QUICK : FULL;
}
