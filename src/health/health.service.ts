import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Settings } from '../platform/config.js';
import { Database, sql } from '../platform/database/database.js';
import { pendingMigrations } from '../platform/database/migrate.js';
import { ServiceUnavailable } from '../platform/errors.js';
import { QueueHealth } from '../platform/queue/queue.js';

const PATIENCE_MS = 2_000;

export type Part = 'database' | 'migrations' | 'queue';
export type State = 'ok' | 'failed';
export type Checks = Partial<Record<Part, State>>;

/** Whether this process can do its work. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger('Health');

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly modules: ModuleRef,
  ) {}

  /**
   * Asks everything that this role needs.
   * @throws ServiceUnavailable with `checks`, when a part does not answer within two seconds.
   */
  async ready(): Promise<Checks> {
    const checked: [Part, Promise<unknown>][] = [
      ['database', this.database.query(sql`SELECT 1`)],
      ['migrations', this.migrated()],
    ];
    if (this.settings.role !== 'api') checked.push(['queue', this.queue()]);
    const checks = Object.fromEntries(
      await Promise.all(
        checked.map(async ([part, work]) => [part, await this.outcome(part, work)] as const),
      ),
    );
    const failed = Object.entries(checks).flatMap(([part, state]) =>
      state === 'failed' ? [part] : [],
    );
    if (failed.length === 0) return checks;
    throw new ServiceUnavailable(`Not ready: ${failed.join(', ')}.`, { checks });
  }

  private async migrated(): Promise<void> {
    const pending = await pendingMigrations((text) => this.database.query(sql([text])));
    if (pending.length > 0) throw new Error(`${pending.length} migrations are pending`);
  }

  private async queue(): Promise<void> {
    await this.modules.get(QueueHealth, { strict: false }).check();
  }

  /** A part that hangs has failed as well; whatever it answers later is not waited for. */
  private async outcome(part: Part, work: Promise<unknown>): Promise<State> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = `no answer within ${PATIENCE_MS} ms`;
      timer = setTimeout(() => reject(new Error(text)), PATIENCE_MS);
    });
    try {
      await Promise.race([work, late]);
      return 'ok';
    } catch (error) {
      // The caller, who may be anybody, hears which part it is; why is for us.
      this.logger.warn(`Not ready: ${part}: ${(error as Error).message}`);
      return 'failed';
    } finally {
      clearTimeout(timer);
    }
  }
}
