import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database, sql } from '../platform/database/database.js';
import { UnknownAddress } from '../platform/mail/mailer.js';
import type { JobPayload } from '../platform/queue/queue.js';
import { type Effect, EffectHandler } from './effects.js';

// As long as mail servers try (RFC 5321, 4.5.4.1).
const GIVE_UP_AFTER_MS = 5 * 24 * 60 * 60 * 1000;

export const EFFECT_HANDLERS = Symbol('effect handlers');

/** Does the jobs of the queue: each effect once, as far as its receipt tells. */
@Injectable()
export class Processor {
  private readonly handlers: Map<string, EffectHandler>;

  constructor(
    @Inject(EFFECT_HANDLERS) handlers: EffectHandler[],
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.handlers = exactlyOneEach(handlers);
  }

  /** @throws what the handler throws, so that the queue tries again; for five days at the most. */
  async process(effect: string, { event_id }: JobPayload): Promise<void> {
    const handler = this.handlers.get(effect);
    if (handler === undefined) throw new Error(`no handler for ${effect}`);
    if (await this.isDone(event_id, effect)) return;
    const outcome = await handler.handle(event_id).catch(async (error: unknown) => {
      const end = await this.endAfter(error, event_id);
      Logger.warn(`${effect} of event ${event_id}: ${end}`, 'Processor');
      return end;
    });
    await this.database.query(sql`
      UPDATE effects SET done_at = ${this.clock.now()}::timestamptz, outcome = ${outcome}
      WHERE event_id = ${event_id}::uuid AND effect = ${effect}`);
  }

  /** The outcome after a failure that leaves nothing to hope for. @throws the failure otherwise. */
  private async endAfter(error: unknown, eventId: string): Promise<string> {
    if (error instanceof UnknownAddress) return 'unknown address';
    const event = await this.database.db.events.findUniqueOrThrow({ where: { id: eventId } });
    const age = this.clock.now().getTime() - event.created_at.getTime();
    if (age < GIVE_UP_AFTER_MS) throw withoutAddresses(error);
    return 'given up';
  }

  /**
   * A job can be faster than the relay's commit, which brings its receipt. Writing the receipt
   * here as well waits for that commit, instead of taking the job for one without an event.
   */
  private async isDone(eventId: string, effect: string): Promise<boolean> {
    await this.database.query(sql`
      INSERT INTO effects (event_id, effect, enqueued_at)
      VALUES (${eventId}::uuid, ${effect}, ${this.clock.now()}::timestamptz)
      ON CONFLICT DO NOTHING`);
    const receipt = await this.database.db.effects.findUniqueOrThrow({
      where: { event_id_effect: { event_id: eventId, effect } },
    });
    return receipt.done_at !== null;
  }
}

/** The queue keeps the text of a failure, and a mail server's refusal names who was written to. */
function withoutAddresses(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.replace(/[^\s<>"']+@[^\s<>"']+/g, '[address]'));
}

const ALL: Record<Effect, true> = { 'invitation-mail': true, 'endpoint-disabled-mail': true };

/** An effect without a handler would be lost, one with two done twice: neither boots. */
export function exactlyOneEach(handlers: EffectHandler[]): Map<string, EffectHandler> {
  for (const effect of Object.keys(ALL)) {
    const count = handlers.filter((handler) => handler.effect === effect).length;
    if (count !== 1) throw new Error(`the effect ${effect} has ${count} handlers instead of one`);
  }
  return new Map(handlers.map((handler) => [handler.effect, handler]));
}
