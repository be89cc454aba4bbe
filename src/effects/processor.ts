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
  /** What was done while the database could not take the receipt: only that is tried again. */
  private readonly unwritten = new Map<string, string>();

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
    const receipt = await this.database.db.effects.findUnique({
      where: { event_id_effect: { event_id, effect } },
    });
    if (receipt === null || receipt.done_at !== null) return;
    const key = `${effect}-${event_id}`;
    const outcome = this.unwritten.get(key) ?? (await this.outcomeOf(handler, event_id));
    this.unwritten.set(key, outcome);
    await this.database.query(sql`
      UPDATE effects SET done_at = ${this.clock.now()}::timestamptz, outcome = ${outcome}
      WHERE event_id = ${event_id}::uuid AND effect = ${effect}`);
    this.unwritten.delete(key);
  }

  private outcomeOf(handler: EffectHandler, eventId: string): Promise<string> {
    return handler.handle(eventId).catch(async (error: unknown) => {
      const end = await this.endAfter(error, eventId);
      Logger.warn(`${handler.effect} of event ${eventId}: ${end}`, 'Processor');
      return end;
    });
  }

  /** The outcome after a failure that leaves nothing to hope for. @throws the failure otherwise. */
  private async endAfter(error: unknown, eventId: string): Promise<string> {
    if (error instanceof UnknownAddress) return 'unknown address';
    const event = await this.database.db.events.findUniqueOrThrow({ where: { id: eventId } });
    const age = this.clock.now().getTime() - event.created_at.getTime();
    if (age < GIVE_UP_AFTER_MS) throw withoutAddresses(error);
    return 'given up';
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
