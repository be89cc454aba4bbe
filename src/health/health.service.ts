import {
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Settings } from '../platform/settings.js';
import { DatabaseProbe } from '../platform/database/database-probe.js';
import { ServiceUnavailable } from '../platform/errors.js';
import { Draining } from '../platform/http/draining.js';
import { QueueHealth } from '../platform/queue/queue.js';
import { RedisConnection } from '../platform/queue/redis.js';
import { SharedResult } from '../platform/shared-result.js';

// A little less than the documented two seconds, since the response must be written as well.
const PATIENCE_MS = 1_900;
// The route has no rate limit, so the dependencies are checked at most once a second.
const SHARED_MS = 1_000;

export type Part = 'database' | 'migrations' | 'queue';
export type State = 'ok' | 'failed';
export interface Checks extends Partial<Record<Part, State>> {
  /** Present while HOLD_OUTBOX keeps a worker from sending. It does not make the process unready. */
  outbox?: 'held';
}

/** Whether this process can do its work. */
@Injectable()
export class HealthService implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Health');
  private readonly probe: DatabaseProbe;
  private readonly checks: SharedResult<Checks>;

  constructor(
    private readonly settings: Settings,
    private readonly draining: Draining,
    private readonly redis: RedisConnection,
    clock: Clock,
    // Only a worker has a queue.
    @Optional() private readonly queue?: QueueHealth,
  ) {
    this.probe = new DatabaseProbe(settings.databaseUrl as string, PATIENCE_MS);
    this.checks = new SharedResult(() => this.check(), SHARED_MS, clock);
  }

  async onModuleInit(): Promise<void> {
    await this.probe.open();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.probe.close();
  }

  /**
   * Whether everything that this role needs answers. The result is shared between callers for a
   * second.
   * @throws {ServiceUnavailable} with `checks`, if a part does not answer within two seconds or the
   * process is about to stop.
   */
  async ready(): Promise<Checks> {
    const checks = await this.checks.get();
    const failed = Object.entries(checks).flatMap(([part, state]) =>
      state === 'failed' ? [part] : [],
    );
    if (this.draining.active) throw new ServiceUnavailable('Not ready: stopping.', { checks });
    if (failed.length === 0) return checks;
    throw new ServiceUnavailable(`Not ready: ${failed.join(', ')}.`, { checks });
  }

  private async check(): Promise<Checks> {
    const asked = this.probe.ask();
    const checked: [Part, Promise<unknown>][] = [
      ['database', asked],
      ['migrations', asked.then(requireMigrations)],
    ];
    if (this.queue !== undefined) checked.push(['queue', this.checkQueue(this.queue)]);
    const outcomes = await Promise.all(
      checked.map(async ([part, work]) => [part, await this.outcome(part, work)] as const),
    );
    const held = this.settings.holdOutbox && this.settings.role !== 'api';
    return { ...Object.fromEntries(outcomes), ...(held && { outbox: 'held' as const }) };
  }

  private async checkQueue(queue: QueueHealth): Promise<void> {
    await this.redis.check();
    await queue.check();
  }

  /** A part that does not answer in time has failed, and a later answer is ignored. */
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
      // The route is public, so the response names only the part. The reason is logged.
      this.logger.warn(`Not ready: ${part}: ${(error as Error).message}`);
      return 'failed';
    } finally {
      clearTimeout(timer);
    }
  }
}

function requireMigrations({ migrated }: { migrated: boolean }): void {
  if (!migrated) throw new Error('migrations are pending');
}
