/*
 * Lets contestants take turns (A B C A B C …), so that background noise on the machine affects all of
 * them.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Driven, Load, Requests } from './load.ts';
import { percentile, ratio, type Spread, spread } from './numbers.ts';
import type { Plan } from './plan.ts';
import type { Postgres } from './postgres.ts';
import { run, type Server } from './processes.ts';
import { cpuMs, memoryMiB } from './usage.ts';

export interface Contestant {
  name: string;
  /** The process whose CPU time and memory are measured. */
  pid?: number;
  /** Sends its requests for some seconds. */
  drive(connections: number, seconds: number): Promise<Driven>;
}

/** The measurements of one round. */
export interface Round {
  requests: number;
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  /** CPU of the server's process, in ms per request. */
  cpu: number;
  /** CPU of all processes of PostgreSQL, in ms per request. */
  postgresCpu: number;
  /** Memory of the server's process after the round, in MiB. */
  memory: number;
  /** Bytes of WAL per request. */
  wal: number;
}

export type Measure = Exclude<keyof Round, 'requests'>;

/** The rounds of a contestant. */
export class Result {
  readonly name: string;
  readonly rounds: Round[] = [];

  constructor(name: string) {
    this.name = name;
  }

  spread(measure: Measure): Spread {
    return spread(this.values(measure));
  }

  /** How many times as much as another contestant in the same rounds. */
  against(other: Result, measure: Measure): Spread {
    return ratio(this.values(measure), other.values(measure));
  }

  values(measure: Measure): number[] {
    return this.rounds.map((round) => round[measure]);
  }
}

/** A contestant that is a server: the load generator sends its requests. */
export function served(name: string, server: Server, requests: Requests): Contestant {
  let rest = requests;
  return {
    name,
    pid: server.pid,
    async drive(connections, seconds) {
      const driven = await drive({ port: server.port, connections, seconds, requests: rest });
      if (rest.once) rest = { ...rest, items: rest.items?.slice(driven.sent) };
      return driven;
    },
  };
}

/** The load generators that are free. stopAll() stops them. */
const generators: ChildProcess[] = [];

/** Lets a load generator send a load. */
async function drive(load: Load): Promise<Driven> {
  const generator = generators.pop() ?? run(['bench/lib/load.ts']);
  generator.send(load);
  const listening = new AbortController();
  const { signal } = listening;
  const ended = once(generator, 'exit', { signal }).then(() => {
    throw new Error('the load generator has ended');
  });
  try {
    const answered = once(generator, 'message', { signal }) as Promise<[Driven]>;
    const [driven] = await Promise.race([answered, ended]);
    generators.push(generator);
    return driven;
  } finally {
    listening.abort();
  }
}

/** All failed requests of this run, by contestant. The benchmark fails if there are any. */
export const failures = new Map<string, { failed: number; samples: string[] }>();

export type Turns = Pick<Plan, 'quick' | 'warmUp' | 'seconds' | 'rounds' | 'connections'>;

/**
 * Warms every contestant up, then measures them in turns. The statistics are brought up to date in
 * between: plans that were made for empty tables would stay in use otherwise.
 */
export async function contest(
  postgres: Postgres,
  contestants: Contestant[],
  { quick, warmUp, seconds, rounds, connections }: Turns,
): Promise<Result[]> {
  for (const each of contestants) noteFailures(each, await each.drive(connections, warmUp));
  await postgres.settle(quick);
  const results = contestants.map(({ name }) => new Result(name));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, each] of contestants.entries()) {
      results[index]?.rounds.push(await oneRound(postgres, each, connections, seconds));
    }
  }
  return results;
}

async function oneRound(
  postgres: Postgres,
  contestant: Contestant,
  connections: number,
  seconds: number,
): Promise<Round> {
  const { pid = NaN } = contestant;
  const read = () => Promise.all([cpuMs(pid), postgres.cpuMs(), postgres.walBytes()]);
  const [cpu, postgresCpu, wal] = await read();
  const driven = await contestant.drive(connections, seconds);
  const [cpuAfter, postgresCpuAfter, walAfter] = await read();
  noteFailures(contestant, driven);
  if (driven.latencies.length === 0) fail(contestant.name, 1, ['no request was answered']);
  const latencies = driven.latencies.toSorted((a, b) => a - b);
  const requests = latencies.length;
  return {
    requests,
    perSecond: requests / driven.seconds,
    p50: percentile(latencies, 0.5),
    p95: percentile(latencies, 0.95),
    p99: percentile(latencies, 0.99),
    cpu: (cpuAfter - cpu) / requests,
    postgresCpu: (postgresCpuAfter - postgresCpu) / requests,
    memory: await memoryMiB(pid),
    wal: (walAfter - wal) / requests,
  };
}

function noteFailures({ name }: Contestant, { failed, failures: samples }: Driven): void {
  if (failed > 0) fail(name, failed, samples);
}

/** Notes failed requests. */
export function fail(name: string, failed: number, samples: string[]): void {
  const before = failures.get(name);
  failures.set(name, {
    failed: failed + (before?.failed ?? 0),
    samples: [...(before?.samples ?? []), ...samples].slice(0, 3),
  });
}
