import { Inject, Injectable, Logger } from '@nestjs/common';
import { Batches } from '../platform/batches.js';
import { Clock } from '../platform/clock.js';
import { MailRefused } from '../platform/mail/mailer.js';
import { type JobPayload, RetryAfter } from '../platform/queue/queue.js';
import { EFFECT_NAMES, EffectHandler } from './effects.js';
import { type EndedEffect, EffectsRepository, type WaitingEffect } from './effects.repository.js';

// Five days, the time for which mail servers retry (RFC 5321, 4.5.4.1).
const GIVE_UP_AFTER_MS = 5 * 24 * 60 * 60 * 1000;

const MINUTE_MS = 60 * 1000;
// The pauses after the first and the second refusal of a mail. Some servers send a permanent error
// for a mail that they would accept later, for example while they still distrust the sender.
const REFUSAL_PAUSES_MS = [10 * MINUTE_MS, 120 * MINUTE_MS];

export const EFFECT_HANDLERS = Symbol('effect handlers');

/** Runs the jobs of the queue. The receipt of an effect prevents a second run. */
@Injectable()
export class Processor {
  private readonly handlers: Map<string, EffectHandler>;
  private readonly openings: Batches<string, Set<string>>;
  private readonly closings: Batches<EndedEffect, void>;
  /** Outcomes whose receipt could not be written. The next run only writes the receipt. */
  private readonly unwritten = new Map<string, string>();

  constructor(
    @Inject(EFFECT_HANDLERS) handlers: EffectHandler[],
    private readonly effects: EffectsRepository,
    private readonly clock: Clock,
  ) {
    this.handlers = exactlyOneEach(handlers);
    this.openings = new Batches(async (eventIds) => {
      const open = await effects.listOpen(eventIds);
      return new Set(open.map(keyOf));
    });
    this.closings = new Batches((ended) => effects.close(ended, clock.now()));
  }

  /** @throws the handler's error, so that the queue retries the job, for at most five days. */
  async process(name: string, { event_id }: JobPayload): Promise<void> {
    const handler = this.handlers.get(name);
    if (handler === undefined) throw new Error(`no handler for ${name}`);
    const { effect } = handler;
    const key = keyOf({ event_id, effect });
    if (!(await this.openings.add(event_id)).has(key)) return;
    const outcome = this.unwritten.get(key) ?? (await this.outcomeOf(handler, event_id));
    this.unwritten.set(key, outcome);
    await this.closings.add({ event_id, effect, outcome });
    this.unwritten.delete(key);
  }

  private outcomeOf(handler: EffectHandler, eventId: string): Promise<string> {
    return handler.handle(eventId).catch(async (error: unknown) => {
      const end = await this.endAfter(handler, error, eventId);
      Logger.warn(`${handler.effect} of event ${eventId}: ${end}`, 'Processor');
      return end;
    });
  }

  /** The outcome after a permanent failure. @throws a failure that a retry may solve. */
  private async endAfter(handler: EffectHandler, error: unknown, eventId: string): Promise<string> {
    if (error instanceof MailRefused) return this.endAfterRefusal(handler, error, eventId);
    const createdAt = await this.effects.createdAt(eventId);
    const age = this.clock.now().getTime() - createdAt.getTime();
    if (age < GIVE_UP_AFTER_MS) throw withoutAddresses(error);
    return 'given up';
  }

  /** @throws {RetryAfter} before the last attempt. */
  private async endAfterRefusal(
    handler: EffectHandler,
    refusal: MailRefused,
    eventId: string,
  ): Promise<string> {
    const refusals = await this.effects.countRefusal(eventId, handler.effect);
    const pause = REFUSAL_PAUSES_MS[refusals - 1];
    if (!refusal.certain && pause !== undefined) throw new RetryAfter(refusal.message, pause);
    return handler.refused(eventId, refusal.reason);
  }
}

function keyOf({ event_id, effect }: WaitingEffect): string {
  return `${effect}-${event_id}`;
}

/** The queue stores the message of a failure, and a mail server's refusal contains the address. */
function withoutAddresses(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.replace(/[^\s<>"']+@[^\s<>"']+/g, '[address]'));
}

/** @throws if an effect has no handler (it would be lost) or two (it would happen twice). */
export function exactlyOneEach(handlers: EffectHandler[]): Map<string, EffectHandler> {
  for (const effect of EFFECT_NAMES) {
    const count = handlers.filter((handler) => handler.effect === effect).length;
    if (count !== 1) throw new Error(`the effect ${effect} has ${count} handlers instead of one`);
  }
  return new Map(handlers.map((handler) => [handler.effect, handler]));
}
