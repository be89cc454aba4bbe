import {
  type Call,
  type Delivery,
  type EventRow,
  type Fault,
  type FaultKind,
  type History,
  type Mail,
  OPERATIONS,
  type PoolRow,
} from './history.js';

/*
 * Audits the evidence of a run. Every event carries the X-Request-Id of the request that caused it,
 * so each answer is compared with exactly the changes that it announces.
 */

/** The rules of the audit. check.spec.ts has a forged history for each. */
export const RULES = [
  'the outbox is not empty',
  'no answer without a fault',
  'a slow answer',
  'a server error',
  'a refused request has changed something',
  'an answer is not in the database',
  'a key was carried out twice',
  'a key has two answers',
  'an event without a request',
  'an event of another kind than its request',
  'a size that does not follow',
  'oversold',
  'a seat was given after the end',
  'a pool differs from its events',
  'a seat of an ended purchase',
  'an impossible step of a seat',
  'a seat differs from its events',
  'a seat without an event',
  'a seat of a deleted member',
  'a change of an object is lost',
  'the stream differs',
  'the stream is out of order',
  'an event behind a later request',
  'an event was not delivered',
  'a delivery differs',
  'an unexplained repetition of a delivery',
  'a delivery without an event',
  'an invitation was not mailed',
  'a mail to another person',
  'an unexplained repetition of a mail',
  'a mail without an invitation',
] as const;

export type Rule = (typeof RULES)[number];

export interface Violation {
  rule: Rule;
  detail: string;
}

/** An answer may take this long, in ms. */
const SLOW_MS = 10_000;
/** After a fault, repetitions and missing answers are explained for this long, in ms. */
const AFTERMATH_MS = 20_000;
/** A request without an answer may still be carried out for this long, in ms. */
const LATE_MS = 60_000;

/** The faults after which a webhook, or a mail, may be sent again. */
const DELIVERY_FAULTS: FaultKind[] = ['worker killed', 'PostgreSQL crashed', 'receiver refused'];
const MAIL_FAULTS: FaultKind[] = [
  'worker killed',
  'PostgreSQL crashed',
  'Redis killed',
  'Redis wiped',
  'mail server refused',
];

type Report = (rule: Rule, detail: string) => void;

/** The evidence with what most rules look up. */
class Facts {
  readonly byRequest: Map<string, EventRow[]>;
  readonly bySeat: Map<string, EventRow[]>;
  readonly byId: Map<string, EventRow>;
  readonly calls: Map<string, Call>;
  readonly byKey: Map<string, Call[]>;
  /** The changes of the size of each pool. */
  readonly sizes: Map<string, EventRow[]>;

  constructor(readonly history: History) {
    const { events, calls } = history;
    this.byRequest = Map.groupBy(events, (event) => event.request_id ?? '');
    const ofSeats = events.filter((event) => event.seat_id !== null);
    this.bySeat = Map.groupBy(ofSeats, (event) => event.seat_id as string);
    this.byId = new Map(events.map((event) => [event.id, event]));
    this.calls = new Map(calls.map((call) => [call.id, call]));
    const keyed = calls.filter((call) => call.key !== undefined);
    this.byKey = Map.groupBy(keyed, (call) => call.key as string);
    const resizes = events.filter(isResize);
    this.sizes = Map.groupBy(resizes, (event) => event.pool_id as string);
  }

  /** The events of a call; of a call with a key, those of every call with that key. */
  eventsOf(call: Call, type?: string): EventRow[] {
    const attempts = call.key === undefined ? [call] : (this.byKey.get(call.key) ?? []);
    const events = attempts.flatMap(({ id }) => this.byRequest.get(id) ?? []);
    return type === undefined ? events : events.filter((event) => event.type === type);
  }

  eventsOfSeat(id: string, type?: string): EventRow[] {
    const events = this.bySeat.get(id) ?? [];
    return type === undefined ? events : events.filter((event) => event.type === type);
  }
}

/** Every rule that the run has broken. */
export function check(history: History): Violation[] {
  const violations: Violation[] = [];
  const report: Report = (rule, detail) => void violations.push({ rule, detail });
  const facts = new Facts(history);
  checkAnswers(facts, report);
  checkKeys(facts, report);
  checkCauses(facts, report);
  checkPools(facts, report);
  checkSeats(facts, report);
  checkObjects(facts, report);
  checkOrder(facts, report);
  checkDeliveries(facts, report);
  checkMails(facts, report);
  for (const [what, count] of Object.entries(history.open)) {
    if (count > 0) report('the outbox is not empty', `${count} ${what}`);
  }
  return violations;
}

const isSuccess = ({ status }: Call) => status !== 'none' && status < 300;
const isRefused = ({ status }: Call) => status !== 'none' && status >= 400 && status < 500;
const name = ({ operation, method, path, status, id }: Call) =>
  `${operation}: ${method} ${path} → ${status} (request ${id})`;

/** Answers come in time, none is a failure, and each 2xx is found in the events. */
function checkAnswers(facts: Facts, report: Report): void {
  const { calls, faults } = facts.history;
  for (const call of calls) {
    const took = call.endedAt - call.startedAt;
    if (call.status === 'none') {
      if (!happened(faults, call.startedAt - AFTERMATH_MS, call.endedAt)) {
        report('no answer without a fault', `${name(call)} after ${took} ms`);
      }
      continue;
    }
    if (took > SLOW_MS) report('a slow answer', `${name(call)} took ${took} ms`);
    if (call.status >= 500 && call.status !== 503) report('a server error', name(call));
    if (isRefused(call)) {
      const changes = facts.byRequest.get(call.id) ?? [];
      const [change] = changes.filter(({ type }) => type !== 'seats.exhausted');
      if (change !== undefined) report('a refused request has changed something', name(call));
    }
    if (isSuccess(call)) {
      for (const what of missing(facts, call)) {
        report('an answer is not in the database', `${name(call)}: ${what}`);
      }
    }
  }
}

/** The parts of a 2xx that the events do not confirm. */
function missing(facts: Facts, call: Call): string[] {
  const { answer, body } = call;
  const given = (seat: any): string[] => {
    const found = facts
      .eventsOf(call)
      .some(
        ({ seat_id, type, data }) =>
          seat_id === seat.id &&
          (type === 'customer_seat.assigned' || type === 'customer_seat.claimed') &&
          data.email === seat.email,
      );
    const existed = body?.if_assigned === 'return' && facts.eventsOfSeat(seat.id).length > 0;
    return found || existed ? [] : [`seat ${seat.id} was not assigned`];
  };
  const revoked = ({ id }: { id: string }) =>
    facts.eventsOfSeat(id, 'customer_seat.revoked').length === 1
      ? []
      : [`seat ${id} was not revoked`];
  const has = (type: string, seatId: string) =>
    facts.eventsOf(call, type).some(({ seat_id }) => seat_id === seatId)
      ? []
      : [`${type} of seat ${seatId} is missing`];

  switch (call.operation) {
    case 'assign':
      return given(answer);
    case 'bulk':
    case 'atomic bulk':
      return answer.seats.flatMap(given);
    case 'claim':
      return has('customer_seat.claimed', answer.seat.id);
    case 'revoke':
      return revoked(answer);
    case 'bulk revoke': {
      const count = facts.eventsOf(call, 'customer_seat.revoked').length;
      const off = count === answer.revoked_count ? [] : [`${count} seats were revoked`];
      return [...off, ...answer.seats.flatMap(revoked)];
    }
    case 'replace': {
      const [old] = facts.eventsOf(call, 'customer_seat.revoked');
      const linked = old?.replaced_by === answer.id ? [] : ['the old seat was not replaced'];
      return [...linked, ...given(answer)];
    }
    case 'resend':
      return has('customer_seat.invitation_resent', answer.id);
    case 'change a seat':
      return has('customer_seat.updated', answer.id);
    case 'resize':
    case 'put a purchase':
      return sized(facts, call);
    case 'cancel':
      return poolOf(facts, answer.id)?.status === 'canceled' ? [] : ['it is not canceled'];
    case 'delete a member': {
      const seats = facts.eventsOf(call, 'customer_seat.revoked');
      return seats.every(({ reason }) => reason === 'member_deleted') ? [] : ['another reason'];
    }
    case 'create an object':
    case 'change an object':
      return facts.history.objects.some(({ id }) => id === answer.id) ? [] : ['it does not exist'];
  }
}

function poolOf(facts: Facts, containerId: string): PoolRow | undefined {
  return facts.history.pools.find((pool) => pool.container_id === containerId);
}

/** The pool has had the size that the answer shows: by an event of this call, or before it. */
function sized(facts: Facts, call: Call): string[] {
  const pool = poolOf(facts, call.answer.id);
  if (pool === undefined) return ['there is no such pool'];
  const sizes = facts.sizes.get(pool.id) ?? [];
  const own = sizes.filter(({ request_id }) => request_id === call.id);
  if (own.length > 0) {
    return own.some(({ data }) => data.seats === call.answer.seats)
      ? []
      : ['its event has another size'];
  }
  const first = sizes[0]?.data.previous_seats ?? pool.capacity;
  const had = [first, ...sizes.map(({ data }) => data.seats)];
  return had.includes(call.answer.seats) ? [] : [`it never had ${call.answer.seats} seats`];
}

/** Calls with one Idempotency-Key are carried out once, and get one answer. */
function checkKeys(facts: Facts, report: Report): void {
  for (const [key, calls] of facts.byKey) {
    const doing = calls.filter(({ id }) =>
      (facts.byRequest.get(id) ?? []).some(({ type }) => type !== 'seats.exhausted'),
    );
    if (doing.length > 1)
      report('a key was carried out twice', `${key}: ${doing.map(name).join()}`);
    const ids = new Set(calls.filter(isSuccess).map(({ answer }) => answer.id));
    if (ids.size > 1) report('a key has two answers', `${key}: ${[...ids].join()}`);
  }
}

/** Every event has a request of this run, and is of a type that such a request causes. */
function checkCauses(facts: Facts, report: Report): void {
  for (const event of facts.history.events) {
    const call = facts.calls.get(event.request_id ?? '');
    const what = `${event.type} ${event.id}`;
    if (call === undefined) {
      report('an event without a request', `${what} (actor ${event.actor_type})`);
      continue;
    }
    const types: readonly string[] = OPERATIONS[call.operation];
    if (!types.includes(event.type) && event.type !== 'seats.exhausted') {
      report('an event of another kind than its request', `${what}: ${name(call)}`);
    }
  }
}

/**
 * Replays the events of each pool. The events of one request are one step, because they commit
 * together. After each step the pool holds no more people than seats, unless its size was reduced
 * below them with `keep`; then nothing is assigned until it fits.
 */
function checkPools(facts: Facts, report: Report): void {
  const byPool = Map.groupBy(facts.history.events, (event) => event.pool_id ?? '');
  for (const pool of facts.history.pools) {
    const events = byPool.get(pool.id) ?? [];
    const held = new Set<string>();
    const resize = events.find(isResize);
    let capacity: number = resize?.data.previous_seats ?? pool.capacity;
    let ended = false;
    for (const step of stepsOf(events)) {
      const before = held.size;
      const wasEnded = ended;
      for (const event of step) {
        if (isResize(event)) {
          if (event.data.previous_seats !== capacity) {
            report('a size that does not follow', `pool ${pool.id}, event ${event.id}`);
          }
          capacity = event.data.seats;
        }
        if (isGiven(event)) held.add(event.seat_id as string);
        if (event.type === 'customer_seat.revoked') held.delete(event.seat_id as string);
        ended ||= event.reason === 'subscription_ended';
      }
      const where = `pool ${pool.id}: ${held.size} of ${capacity} seats after event ${step.at(-1)?.id}`;
      const gave = step.some(isGiven);
      if (gave && held.size > capacity && held.size > before) report('oversold', where);
      if (gave && wasEnded) report('a seat was given after the end', where);
    }
    if (pool.capacity !== capacity || pool.taken !== held.size) {
      const now = `${pool.taken} of ${pool.capacity}`;
      report(
        'a pool differs from its events',
        `pool ${pool.id}: ${now}, not ${held.size} of ${capacity}`,
      );
    }
    if (pool.status === 'canceled' && held.size > 0) {
      report('a seat of an ended purchase', `pool ${pool.id} holds ${held.size}`);
    }
  }
}

const isResize = ({ type }: EventRow) => type.endsWith('.seats_changed');

/** Whether the event is the first of its seat. A seat that is claimed later was assigned before. */
function isGiven({ type, data }: EventRow): boolean {
  if (type === 'customer_seat.assigned') return true;
  // A claim of an invitation changes a seat; a seat that is claimed at once is new.
  return type === 'customer_seat.claimed' && data.modified_at === null;
}

/** Adjacent events of one request. */
function stepsOf(events: EventRow[]): EventRow[][] {
  const steps: EventRow[][] = [];
  for (const event of events) {
    const last = steps.at(-1);
    if (last !== undefined && last[0]?.request_id === event.request_id) last.push(event);
    else steps.push([event]);
  }
  return steps;
}

const NEXT: Record<string, readonly string[]> = {
  new: ['customer_seat.assigned', 'customer_seat.claimed'],
  pending: [
    'customer_seat.claimed',
    'customer_seat.revoked',
    'customer_seat.invitation_resent',
    'customer_seat.updated',
  ],
  claimed: ['customer_seat.revoked', 'customer_seat.updated'],
  revoked: [],
};

/** Each seat takes only possible steps, and is in the end as its last event shows it. */
function checkSeats(facts: Facts, report: Report): void {
  const rows = new Map(facts.history.seats.map((seat) => [seat.id, seat]));
  for (const [id, events] of facts.bySeat) {
    let state = 'new';
    for (const { id: eventId, type, data } of events) {
      if (!NEXT[state]?.includes(type)) {
        report('an impossible step of a seat', `seat ${id}: ${type} (${eventId}) while ${state}`);
      }
      state = data.status;
    }
    const row = rows.get(id);
    const last = events.at(-1)?.data;
    const email = state === 'revoked' ? null : last?.email;
    const same =
      row !== undefined &&
      row.status === state &&
      row.email === email &&
      JSON.stringify(row.metadata) === JSON.stringify(last?.metadata);
    if (!same) report('a seat differs from its events', `seat ${id}: ${row?.status}, not ${state}`);
  }
  for (const { id, status, member_deleted } of rows.values()) {
    if (!facts.bySeat.has(id)) report('a seat without an event', `seat ${id}`);
    if (status !== 'revoked' && member_deleted) {
      report('a seat of a deleted member', `seat ${id}`);
    }
  }
}

/** An object has the metadata of the last 2xx, or of a later request without a certain outcome. */
function checkObjects(facts: Facts, report: Report): void {
  const changes = facts.history.calls.filter(({ operation }) => operation === 'change an object');
  const byPath = Map.groupBy(changes, ({ path }) => path);
  for (const [path, calls] of byPath) {
    const row = facts.history.objects.find(({ id }) => path.endsWith(id));
    const last = calls.findLast(isSuccess);
    if (row === undefined || last === undefined) continue;
    const uncertain = calls.filter(
      ({ status, endedAt }) =>
        (status === 'none' || status >= 500) && endedAt > last.startedAt - LATE_MS,
    );
    const possible = [last, ...uncertain].map(({ body }) => JSON.stringify(body.metadata));
    if (!possible.includes(JSON.stringify(row.metadata))) {
      report('a change of an object is lost', `${path}: ${JSON.stringify(row.metadata)}`);
    }
  }
}

/** The changes that hold the lock of the pool. The others lock their seat only. */
const LOCKS_POOL = ['assigned', 'revoked', 'seats_changed'];

/**
 * The stream is complete, and in the order of the numbers. Changes that hold the same lock, of a seat
 * or of a pool, are numbered in the order of writing. In one pool, the order is also that of the
 * requests that did not overlap.
 */
function checkOrder(facts: Facts, report: Report): void {
  const { events, listed } = facts.history;
  const numbered = events.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0));
  if (listed.join() !== numbered.map(({ id }) => id).join()) {
    report('the stream differs', `${listed.length} events are listed, of ${events.length}`);
  }
  const numbers = new Map<string, number>();
  for (const { id, type, pool_id, seat_id, sequence } of events) {
    const locked = LOCKS_POOL.some((kind) => type.endsWith(kind)) ? [pool_id, seat_id] : [seat_id];
    for (const row of locked.filter((each) => each !== null)) {
      if (sequence === null || sequence <= (numbers.get(row) ?? -1)) {
        report('the stream is out of order', `event ${id} of ${row}`);
      }
      numbers.set(row, sequence ?? 0);
    }
  }
  const latest = new Map<string, number>();
  for (const { id, request_id, pool_id } of events) {
    const call = facts.calls.get(request_id ?? '');
    if (call === undefined || pool_id === null) continue;
    const startedAt = latest.get(pool_id) ?? 0;
    if (isSuccess(call) && !call.replayed && call.endedAt < startedAt) {
      report('an event behind a later request', `event ${id}: ${name(call)}`);
    }
    latest.set(pool_id, Math.max(startedAt, call.startedAt));
  }
}

/** Every event is delivered, nothing else is, and repetitions are recognizable and explained. */
function checkDeliveries(facts: Facts, report: Report): void {
  const { events, deliveries, faults } = facts.history;
  const byEvent = Map.groupBy(deliveries, ({ id }) => id);
  for (const event of events) {
    const copies = byEvent.get(event.id) ?? [];
    const what = `${event.type} ${event.id}`;
    if (!copies.some(({ accepted }) => accepted)) report('an event was not delivered', what);
    if (!copies.every((copy) => shows(copy, event))) report('a delivery differs', what);
    explain(copies, faults, DELIVERY_FAULTS, () =>
      report('an unexplained repetition of a delivery', `${what}, ${copies.length} times`),
    );
  }
  for (const id of byEvent.keys()) {
    if (!facts.byId.has(id)) report('a delivery without an event', id);
  }
}

/** Whether the delivery is about the event, and its object is in the state of the event. */
function shows({ body }: Delivery, event: EventRow): boolean {
  const { type, timestamp, data } = JSON.parse(body);
  if (type !== event.type || Date.parse(timestamp) !== event.created_at) return false;
  if (event.seat_id === null) return data.seats === event.data.seats;
  const sameSeat = data.id === event.seat_id && data.status === event.data.status;
  return sameSeat && data.email === event.data.email;
}

/** Every invitation is mailed to its person, or was outdated; nothing else is mailed. */
function checkMails(facts: Facts, report: Report): void {
  const { events, effects, mails, faults } = facts.history;
  const byEvent = Map.groupBy(mails, ({ messageId }) => eventOf(messageId));
  const outcomes = new Map(effects.map(({ event_id, outcome }) => [event_id, outcome]));
  for (const event of events.filter(({ invites }) => invites)) {
    const copies = byEvent.get(event.id) ?? [];
    const what = `event ${event.id} to ${event.data.email}`;
    const outcome = outcomes.get(event.id);
    const later = facts.eventsOfSeat(event.seat_id as string);
    const outdated = later.some(
      ({ position, type }) => position > event.position && type !== 'customer_seat.updated',
    );
    if (copies.length === 0 && !(outcome === 'outdated' && outdated)) {
      report('an invitation was not mailed', `${what}: ${outcome}`);
    }
    if (copies.some(({ to }) => to !== event.data.email)) report('a mail to another person', what);
    explain(copies, faults, MAIL_FAULTS, () =>
      report('an unexplained repetition of a mail', `${what}, ${copies.length} times`),
    );
  }
  for (const [id, copies] of byEvent) {
    if (!facts.byId.get(id)?.invites) report('a mail without an invitation', `to ${copies[0]?.to}`);
  }
}

const eventOf = (messageId: string) => /^<([^@]+)@/.exec(messageId)?.[1] ?? messageId;

/** Calls `otherwise` unless each repetition follows a fault of these kinds. */
function explain(
  copies: (Delivery | Mail)[],
  faults: Fault[],
  kinds: FaultKind[],
  otherwise: () => void,
): void {
  const times = copies.map(({ at }) => at).sort((a, b) => a - b);
  const explained = times
    .slice(1)
    .every((at, index) => happened(faults, (times[index] as number) - AFTERMATH_MS, at, kinds));
  if (!explained) otherwise();
}

/** Whether something was broken in this time. */
function happened(faults: Fault[], from: number, to: number, kinds?: FaultKind[]): boolean {
  return faults.some(
    ({ kind, at, until }) => at <= to && until >= from && (kinds?.includes(kind) ?? true),
  );
}
