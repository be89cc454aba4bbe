/* The parameter of every measurement. */
import type { Plan } from '../lib/plan.ts';
import type { Postgres } from '../lib/postgres.ts';
import type { Section } from '../lib/report.ts';
import { type Seeded, World } from '../lib/world.ts';

export class Bench {
  readonly plan: Plan;
  readonly postgres: Postgres;
  private readonly seeded: Seeded;
  private worlds = 0;

  constructor(plan: Plan, postgres: Postgres, seeded: Seeded) {
    this.plan = plan;
    this.postgres = postgres;
    this.seeded = seeded;
  }

  /** Runs `work` with a database, and removes the database afterwards. */
  async inWorld<Result>(work: (world: World) => Promise<Result>): Promise<Result> {
    this.worlds += 1;
    const name = `bench_${this.worlds}`;
    const world = await World.create(this.postgres, this.plan, this.seeded, name);
    try {
      return await work(world);
    } finally {
      await world.close();
    }
  }
}

export type Measurement = (bench: Bench) => Promise<Section>;
