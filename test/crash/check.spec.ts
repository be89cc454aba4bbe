import { check, RULES, type Rule } from './check.js';
import type { Call, Delivery, EventRow, Fault, History, Mail, Operation } from './history.js';

const START = Date.parse('2026-01-01T00:00:00Z');

/** Writes a history in which nothing is wrong. The tests change parts of it. */
class Forgery {
  readonly history: History = {
    calls: [],
    faults: [],
    events: [],
    seats: [],
    pools: [{ id: 'pool', container_id: 'subscription', capacity: 2, taken: 0, status: 'active' }],
    objects: [{ id: 'product', metadata: {} }],
    effects: [],
    deliveries: [],
    mails: [],
    listed: [],
    open: { 'mails to send': 0 },
  };
  private now = START;

  get pool() {
    return this.history.pools[0] as History['pools'][0];
  }

  call(operation: Operation, status: Call['status'], answer?: object, more: Partial<Call> = {}) {
    const id = `request ${this.history.calls.length + 1}`;
    const call: Call = {
      ...{ id, operation, method: 'POST', path: 'customer-seats', status, answer },
      ...{ startedAt: this.now, endedAt: this.now + 50 },
      ...more,
    };
    this.history.calls.push(call);
    this.now += 100;
    return call;
  }

  /** An event of the call, with its delivery, and its mail if it invites. */
  event(call: Call, type: string, seat: string | null, data: object, more: Partial<EventRow> = {}) {
    const { history } = this;
    const number = history.events.length + 1;
    const event: EventRow = {
      ...{ id: `event-${number}`, position: number, sequence: number, created_at: call.startedAt },
      ...{ type, actor_type: 'token', request_id: call.id, reason: null, replaced_by: null },
      ...{ pool_id: 'pool', seat_id: seat, invites: false, data },
      ...more,
    };
    history.events.push(event);
    history.listed.push(event.id);
    this.deliver(event);
    if (event.invites) this.mail(event);
    return event;
  }

  deliver(event: EventRow, at = this.now) {
    const data = event.seat_id === null ? event.data : { id: event.seat_id, ...event.data };
    const timestamp = new Date(event.created_at).toISOString();
    const body = JSON.stringify({ type: event.type, timestamp, data });
    this.history.deliveries.push({ id: event.id, body, at, accepted: true });
  }

  mail(event: EventRow, at = this.now) {
    this.history.mails.push({ messageId: `<${event.id}@localhost>`, to: event.data.email, at });
    this.history.effects.push({ event_id: event.id, outcome: 'sent' });
  }

  /** A seat that was assigned and mailed. */
  assign(id: string, more: Partial<Call> = {}, operation: Operation = 'assign') {
    const email = `${id}@example.com`;
    const seat = { id, email };
    const answer = operation.endsWith('bulk') ? { seats: [seat] } : seat;
    const call = this.call(operation, 200, answer, more);
    this.give(call, id);
    return call;
  }

  give(call: Call, id: string) {
    const row = { status: 'pending', email: `${id}@example.com`, metadata: {} };
    this.history.seats.push({ ...row, id, pool_id: 'pool', member_deleted: false });
    this.pool.taken += 1;
    return this.event(call, 'customer_seat.assigned', id, row, { invites: true });
  }

  /** The event of a further step, and the row of the seat after it. */
  step(call: Call, type: string, id: string, data: object, more: Partial<EventRow> = {}) {
    const row = this.seat(id);
    Object.assign(row, data);
    const modified_at = 'later';
    const shown = { status: row.status, email: row.email, metadata: row.metadata, modified_at };
    const event = this.event(call, type, id, shown, more);
    if (row.status === 'revoked') {
      row.email = null;
      this.pool.taken -= 1;
    }
    return event;
  }

  revoke(call: Call, id: string, more: Partial<EventRow> = {}) {
    return this.step(call, 'customer_seat.revoked', id, { status: 'revoked' }, more);
  }

  resize(call: Call, seats: number) {
    const data = { seats, previous_seats: this.pool.capacity };
    this.pool.capacity = seats;
    return this.event(call, 'subscription.seats_changed', null, data);
  }

  cancel() {
    const call = this.call('cancel', 200, { id: 'subscription' });
    for (const { id, status } of this.history.seats) {
      if (status !== 'revoked') this.revoke(call, id, { reason: 'subscription_ended' });
    }
    this.pool.status = 'canceled';
    return call;
  }

  seat(id: string) {
    const row = this.history.seats.find((seat) => seat.id === id);
    if (row === undefined) throw new Error(`There is no seat ${id}.`);
    return row;
  }

  fault(kind: Fault['kind'], at = this.now) {
    this.history.faults.push({ kind, at, until: at });
  }

  later(seconds: number) {
    this.now += seconds * 1000;
    return this.now;
  }

  /** Removes an event from the database and from everything that follows from it. */
  lose(event: EventRow) {
    const { history } = this;
    history.events.splice(history.events.indexOf(event), 1);
    history.listed.splice(history.listed.indexOf(event.id), 1);
    history.deliveries = history.deliveries.filter(({ id }) => id !== event.id);
    history.mails = history.mails.filter(({ messageId }) => !messageId.includes(event.id));
  }

  get firstEvent(): EventRow {
    return this.history.events[0] as EventRow;
  }

  get firstDelivery(): Delivery {
    return this.history.deliveries[0] as Delivery;
  }

  get broken(): Rule[] {
    return [...new Set(check(this.history).map(({ rule }) => rule))];
  }
}

describe('the audit of a crash run', () => {
  it('finds nothing in a history of every operation', () => {
    const forgery = new Forgery();
    forgery.assign('a', { key: 'k' });
    forgery.call('assign', 200, { id: 'a', email: 'a@example.com' }, { key: 'k', replayed: true });
    forgery.assign('b', {}, 'bulk');
    const full = forgery.call('assign', 400, { error: 'SeatNotAvailable' });
    forgery.event(full, 'seats.exhausted', null, {});
    const returned = { body: { if_assigned: 'return' } };
    forgery.call('assign', 200, { id: 'b', email: 'b@example.com' }, returned);
    const resend = forgery.call('resend', 200, { id: 'a' });
    forgery.step(resend, 'customer_seat.invitation_resent', 'a', {}, { invites: true });
    const claim = forgery.call('claim', 200, { seat: { id: 'a' } });
    forgery.step(claim, 'customer_seat.claimed', 'a', { status: 'claimed' });
    const change = forgery.call('change a seat', 200, { id: 'a' });
    forgery.step(change, 'customer_seat.updated', 'a', { metadata: { n: 1 } });
    const replace = forgery.call('replace', 200, { id: 'c', email: 'c@example.com' });
    forgery.give(replace, 'c');
    forgery.revoke(replace, 'b', { reason: 'replaced', replaced_by: 'c' });
    forgery.resize(forgery.call('resize', 200, { id: 'subscription', seats: 4 }), 4);
    forgery.call('put a purchase', 200, { id: 'subscription', seats: 4 });
    forgery.assign('d', {}, 'atomic bulk');
    forgery.revoke(forgery.call('revoke', 200, { id: 'c' }), 'c');
    forgery.call('revoke', 200, { id: 'c' });
    const bulk = forgery.call('bulk revoke', 200, { seats: [{ id: 'd' }], revoked_count: 1 });
    forgery.revoke(bulk, 'd');
    forgery.assign('e');
    const deletion = forgery.call('delete a member', 200, { id: 'member' });
    forgery.revoke(deletion, 'e', { reason: 'member_deleted' });
    forgery.call('create an object', 201, { id: 'product' });
    const path = 'products/product';
    forgery.call('change an object', 200, { id: 'product' }, { path, body: { metadata: {} } });
    forgery.cancel();
    expect(check(forgery.history)).toEqual([]);
  });

  it('accepts a pool that was made smaller than its people, as long as nothing is assigned', () => {
    const forgery = new Forgery();
    forgery.assign('a');
    forgery.assign('b');
    forgery.resize(forgery.call('resize', 200, { id: 'subscription', seats: 1 }), 1);
    expect(forgery.broken).toEqual([]);
    const replace = forgery.call('replace', 200, { id: 'c', email: 'c@example.com' });
    forgery.give(replace, 'c');
    forgery.revoke(replace, 'b', { reason: 'replaced', replaced_by: 'c' });
    expect(forgery.broken).toEqual([]);
  });

  it('accepts what a fault explains', () => {
    const forgery = new Forgery();
    forgery.assign('a');
    forgery.fault('PostgreSQL crashed');
    forgery.later(15);
    forgery.deliver(forgery.firstEvent);
    forgery.mail(forgery.firstEvent);
    forgery.call('assign', 'none');
    expect(forgery.broken).toEqual([]);
  });
});

/** A forged history for each rule. */
const FORGED: Record<Rule, ((forgery: Forgery) => void)[]> = {
  'no answer without a fault': [(forgery) => forgery.call('assign', 'none')],
  'a slow answer': [
    (forgery) => (forgery.assign('a').endedAt += 10_000),
    (forgery) => (forgery.call('assign', 503).endedAt += 10_000),
  ],
  'a server error': [(forgery) => forgery.call('assign', 500)],
  'a refused request has changed something': [
    (forgery) => (forgery.assign('a').status = 400),
    (forgery) => (forgery.assign('a').status = 409),
  ],
  'an answer is not in the database': [
    (forgery) => forgery.call('assign', 200, { id: 'a', email: 'a@example.com' }),
    (forgery) => (forgery.assign('a').answer.email = 'b@example.com'),
    (forgery) => forgery.call('bulk', 200, { seats: [{ id: 'a' }] }),
    (forgery) => forgery.call('atomic bulk', 200, { seats: [{ id: 'a' }] }),
    (forgery) => forgery.call('claim', 200, { seat: { id: 'a' } }),
    (forgery) => forgery.call('revoke', 200, { id: 'a' }),
    (forgery) => forgery.call('bulk revoke', 200, { seats: [], revoked_count: 1 }),
    (forgery) => forgery.call('bulk revoke', 200, { seats: [{ id: 'a' }], revoked_count: 0 }),
    (forgery) => {
      const replace = forgery.call('replace', 200, { id: 'c', email: 'c@example.com' });
      forgery.give(replace, 'c');
    },
    (forgery) => forgery.call('resend', 200, { id: 'a' }),
    (forgery) => forgery.call('change a seat', 200, { id: 'a' }),
    (forgery) => forgery.call('resize', 200, { id: 'subscription', seats: 9 }),
    (forgery) => forgery.resize(forgery.call('resize', 200, { id: 'subscription', seats: 9 }), 8),
    (forgery) => forgery.call('put a purchase', 201, { id: 'unknown', seats: 9 }),
    (forgery) => forgery.call('cancel', 200, { id: 'subscription' }),
    (forgery) => {
      forgery.assign('a');
      forgery.revoke(forgery.call('delete a member', 200, {}), 'a', { reason: 'requested' });
    },
    (forgery) => forgery.call('create an object', 201, { id: 'unknown' }),
    (forgery) => forgery.call('change an object', 200, { id: 'unknown' }),
  ],
  'a key was carried out twice': [
    (forgery) => {
      forgery.assign('a', { key: 'k' });
      forgery.assign('b', { key: 'k' });
    },
  ],
  'a key has two answers': [
    (forgery) => {
      forgery.assign('a', { key: 'k' });
      forgery.call('assign', 200, { id: 'b' }, { key: 'k', replayed: true });
    },
  ],
  'an event without a request': [
    (forgery) => {
      forgery.assign('a');
      forgery.firstEvent.request_id = null;
    },
    (forgery) => forgery.assign('a') && forgery.history.calls.pop(),
  ],
  'an event of another kind than its request': [
    (forgery) => {
      forgery.assign('a');
      forgery.revoke(forgery.call('resend', 'none'), 'a');
    },
  ],
  oversold: [
    (forgery) => ['a', 'b', 'c'].forEach((id) => forgery.assign(id)),
    (forgery) => {
      // In the end the pool fits again.
      ['a', 'b', 'c'].forEach((id) => forgery.assign(id));
      forgery.revoke(forgery.call('revoke', 200, { id: 'a' }), 'a');
    },
    (forgery) => {
      ['a', 'b'].forEach((id) => forgery.assign(id));
      forgery.resize(forgery.call('resize', 200, { id: 'subscription', seats: 1 }), 1);
      forgery.assign('c');
    },
  ],
  'a seat was given after the end': [
    (forgery) => {
      forgery.assign('a');
      forgery.cancel();
      forgery.assign('b');
    },
  ],
  'a size that does not follow': [
    (forgery) => {
      const resize = forgery.call('resize', 200, { id: 'subscription', seats: 3 });
      forgery.resize(resize, 3);
      forgery.resize(resize, 4).data.previous_seats = 2;
    },
  ],
  'a pool differs from its events': [
    (forgery) => forgery.assign('a') && (forgery.pool.taken = 0),
    (forgery) => {
      forgery.resize(forgery.call('resize', 200, { id: 'subscription', seats: 3 }), 3);
      forgery.pool.capacity = 4;
    },
  ],
  'a seat of an ended purchase': [
    (forgery) => {
      forgery.assign('a');
      forgery.pool.status = 'canceled';
    },
  ],
  'an impossible step of a seat': [
    (forgery) => {
      forgery.assign('a');
      const revoke = forgery.call('revoke', 200, { id: 'a' });
      forgery.revoke(revoke, 'a');
      forgery.event(revoke, 'customer_seat.revoked', 'a', { status: 'revoked' });
    },
    (forgery) => {
      forgery.assign('a');
      forgery.revoke(forgery.call('revoke', 200, { id: 'a' }), 'a');
      const claim = forgery.call('claim', 200, { seat: { id: 'a' } });
      forgery.event(claim, 'customer_seat.claimed', 'a', { status: 'claimed' });
    },
  ],
  'a seat differs from its events': [
    (forgery) => forgery.assign('a') && (forgery.seat('a').status = 'claimed'),
    (forgery) => forgery.assign('a') && (forgery.seat('a').email = 'b@example.com'),
    (forgery) => forgery.assign('a') && (forgery.seat('a').metadata = { n: 1 }),
    (forgery) => forgery.assign('a') && forgery.history.seats.pop(),
  ],
  'a seat without an event': [
    (forgery) => {
      forgery.assign('a');
      forgery.lose(forgery.firstEvent);
    },
  ],
  'a seat of a deleted member': [
    (forgery) => forgery.assign('a') && (forgery.seat('a').member_deleted = true),
  ],
  'a change of an object is lost': [
    (forgery) => {
      const body = { metadata: { n: 1 } };
      const path = 'products/product';
      forgery.call('change an object', 200, { id: 'product' }, { path, body });
    },
    (forgery) => {
      // The outcome of the first is unknown, but it cannot be carried out so late.
      forgery.fault('PostgreSQL crashed');
      const path = 'products/product';
      forgery.call('change an object', 'none', undefined, { path, body: { metadata: {} } });
      forgery.later(120);
      const body = { metadata: { n: 1 } };
      forgery.call('change an object', 200, { id: 'product' }, { path, body });
    },
  ],
  'the stream differs': [
    (forgery) => forgery.assign('a') && forgery.history.listed.pop(),
    (forgery) => {
      forgery.assign('a');
      forgery.assign('b');
      forgery.history.listed.reverse();
    },
  ],
  'the stream is out of order': [
    (forgery) => {
      forgery.assign('a');
      forgery.firstEvent.sequence = null;
    },
    (forgery) => {
      forgery.assign('a');
      forgery.assign('b');
      const [first, second] = forgery.history.events as [EventRow, EventRow];
      [first.sequence, second.sequence] = [2, 1];
      forgery.history.listed.reverse();
    },
  ],
  'an event behind a later request': [
    (forgery) => {
      const early = forgery.call('assign', 200, { id: 'b', email: 'b@example.com' });
      forgery.assign('a');
      forgery.give(early, 'b');
    },
  ],
  'an event was not delivered': [
    (forgery) => forgery.assign('a') && forgery.history.deliveries.pop(),
    (forgery) => forgery.assign('a') && (forgery.firstDelivery.accepted = false),
  ],
  'a delivery differs': [
    (forgery) => {
      forgery.assign('a');
      const delivery = forgery.firstDelivery;
      delivery.body = delivery.body.replace('pending', 'claimed');
    },
    (forgery) => {
      forgery.assign('a');
      const delivery = forgery.firstDelivery;
      delivery.body = delivery.body.replace('a@example.com', 'b@example.com');
    },
  ],
  'an unexplained repetition of a delivery': [
    (forgery) => {
      forgery.assign('a');
      forgery.deliver(forgery.firstEvent);
    },
    (forgery) => {
      // The fault was long before.
      forgery.fault('worker killed');
      forgery.later(60);
      forgery.assign('a');
      forgery.deliver(forgery.firstEvent);
    },
    (forgery) => {
      // A killed API explains no repetition.
      forgery.assign('a');
      forgery.fault('API killed');
      forgery.deliver(forgery.firstEvent);
    },
  ],
  'a delivery without an event': [
    (forgery) => {
      forgery.assign('a');
      const delivery = forgery.firstDelivery;
      forgery.history.deliveries.push({ ...delivery, id: 'event-9', accepted: true });
    },
  ],
  'an invitation was not mailed': [
    (forgery) => forgery.assign('a') && forgery.history.mails.pop(),
    (forgery) => {
      forgery.assign('a');
      forgery.history.mails.pop();
      forgery.history.effects = [{ event_id: 'event-1', outcome: 'outdated' }];
    },
    (forgery) => {
      forgery.assign('a');
      forgery.history.mails.pop();
      forgery.history.effects = [{ event_id: 'event-1', outcome: 'given up' }];
      forgery.revoke(forgery.call('revoke', 200, { id: 'a' }), 'a');
    },
  ],
  'a mail to another person': [
    (forgery) => {
      forgery.assign('a');
      (forgery.history.mails[0] as Mail).to = 'b@example.com';
    },
  ],
  'an unexplained repetition of a mail': [
    (forgery) => {
      forgery.assign('a');
      forgery.mail(forgery.firstEvent);
    },
  ],
  'a mail without an invitation': [
    (forgery) => {
      forgery.assign('a');
      forgery.firstEvent.invites = false;
    },
    (forgery) => forgery.history.mails.push({ messageId: '<x@y>', to: 'a', at: START }),
  ],
  'the outbox is not empty': [(forgery) => (forgery.history.open['mails to send'] = 1)],
};

describe.each(RULES)('the audit finds "%s"', (rule) => {
  it.each(FORGED[rule].map((forge, index) => [index + 1, forge] as const))(
    'in forged history %i',
    (_, forge) => {
      const forgery = new Forgery();
      forge(forgery);
      expect(forgery.broken).toContain(rule);
    },
  );
});
