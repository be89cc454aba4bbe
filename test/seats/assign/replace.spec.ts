import { expectNoFailures, parallel, startWire, type Wire } from '../../races/wire.js';
import {
  assign,
  claim,
  claimed,
  errorOf,
  newEmail,
  newSeat,
  UNKNOWN_ID,
  poolOf,
  problems,
  revoke,
  type Seat,
  SEAT_KEYS,
  SEATS,
  setOrganization,
  tokenOf,
} from '../fixtures.js';
import type { Answer, Tenant } from '../../support/app.js';

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

const replace = (id: string, body: object, query = '') =>
  tenant.call('POST', `${SEATS}/${id}/replace${query}`, { body });

const seatOf = async (id: string) => (await tenant.call('GET', `${SEATS}/${id}`)).body;

describe('POST /v1/customer-seats/{seat_id}/replace', () => {
  it('gives the new person a new seat, and revokes the old one, which keeps its metadata', async () => {
    const old = await newSeat(tenant, { metadata: { desk: 1 } });
    const answer = await replace(old.id, { email: newEmail(), metadata: { desk: 2 } });
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'pending', modified_at: null, seat_metadata: { desk: 2 } },
    });
    expect(Object.keys(answer.body).sort()).toEqual(SEAT_KEYS.toSorted());
    expect(answer.body.id).not.toBe(old.id);
    expect(await seatOf(answer.body.id)).toEqual(answer.body);
    expect(await seatOf(old.id)).toEqual({
      ...old,
      status: 'revoked',
      customer_id: null,
      member_id: null,
      member: null,
      email: null,
      customer_email: null,
      invitation_token_expires_at: null,
      modified_at: expect.any(String),
      revoked_at: expect.any(String),
    });
  });

  it('keeps claimed_at of the old seat', async () => {
    const old = await newSeat(tenant);
    const { seat } = await claimed(wire.api, old);
    await replace(old.id, { email: newEmail(), immediate_claim: true });
    expect(await seatOf(old.id)).toMatchObject({ status: 'revoked', claimed_at: seat.claimed_at });
  });

  it('writes a revoked event with the old person and the new seat id, and an assigned event', async () => {
    const old = await newSeat(tenant);
    const { body: next } = await replace(old.id, { email: newEmail() });
    const events = (await tenant.call('GET', `${SEATS}/${old.id}/events`)).body.items;
    expect(events.at(-1)).toMatchObject({
      type: 'customer_seat.revoked',
      reason: 'replaced',
      replaced_by: next.id,
      data: { id: old.id, status: 'revoked', email: old.email, member_id: old.member_id },
    });
    const [first, ...others] = (await tenant.call('GET', `${SEATS}/${next.id}/events`)).body.items;
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      type: 'customer_seat.assigned',
      reason: null,
      replaced_by: null,
      data: next,
    });
  });

  it('ends the old invitation and makes a new one that works', async () => {
    const old = await newSeat(tenant);
    const token = await tokenOf(wire.api, old.id);
    const { body } = await replace(old.id, { email: newEmail() }, '?include=invitation');
    expect(errorOf(await claim(wire.api, token))).toEqual([400, 'InvalidInvitationToken']);
    expect((await claim(wire.api, body.invitation.token)).body.seat.id).toBe(body.id);
  });

  it('makes a claimed seat with immediate_claim', async () => {
    const old = await newSeat(tenant);
    const { body } = await replace(old.id, { email: newEmail(), immediate_claim: true });
    expect(body).toMatchObject({ status: 'claimed', invitation_token_expires_at: null });
  });

  it('keeps the count of the pool and the order of the list', async () => {
    const { id } = await tenant.order(2);
    const one = await assign(tenant, { order_id: id, email: newEmail() });
    wire.api.clock.advance(1);
    const two = await assign(tenant, { order_id: id, email: newEmail() });
    wire.api.clock.advance(1);
    const { body: three } = await replace(one.id, { email: newEmail() });
    const list = (await tenant.call('GET', `${SEATS}?order_id=${id}`)).body;
    expect(list.seats.map(({ id }: Seat) => id)).toEqual([one.id, two.id, three.id]);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 2, held: 2 });
  });

  it('answers 404 for an unknown seat', async () => {
    expect(errorOf(await replace(UNKNOWN_ID, { email: newEmail() }))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });

  it('answers 404 for a seat of another tenant', async () => {
    const seat = await newSeat(await wire.api.tenant());
    expect(errorOf(await replace(seat.id, { email: newEmail() }))).toEqual([
      404,
      'ResourceNotFound',
    ]);
  });

  it('answers 403 when seats are switched off, even for a revoked seat', async () => {
    const seat = await newSeat(tenant);
    await revoke(tenant, seat.id);
    await setOrganization(wire.api, tenant, { seats_enabled: false });
    expect(errorOf(await replace(seat.id, { email: newEmail() }))).toEqual([
      403,
      'FeatureNotEnabled',
    ]);
  });

  it('answers SeatAlreadyRevoked for a revoked seat, even when its container gives no seats', async () => {
    const order = await tenant.order(1);
    const seat = await assign(tenant, { order_id: order.id, email: newEmail() });
    await tenant.call('PATCH', `/v1/orders/${order.id}`, { body: { status: 'refunded' } });
    expect(errorOf(await replace(seat.id, { email: newEmail() }))).toEqual([
      400,
      'SeatAlreadyRevoked',
    ]);
  });

  it('answers SeatNotAvailable when the container gives no seats, even for an unknown person', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    await tenant.call('PATCH', `/v1/subscriptions/${id}`, { body: { status: 'unpaid' } });
    expect(errorOf(await replace(seat.id, { member_id: UNKNOWN_ID }))).toEqual([
      400,
      'SeatNotAvailable',
    ]);
  });

  it('answers 404 for an unknown person', async () => {
    const seat = await newSeat(tenant);
    expect(errorOf(await replace(seat.id, { member_id: UNKNOWN_ID }))).toEqual([
      404,
      'MemberNotFound',
    ]);
  });

  it('refuses the same person, and changes nothing', async () => {
    const seat = await newSeat(tenant);
    for (const person of [{ email: seat.email.toUpperCase() }, { member_id: seat.member_id }]) {
      expect(errorOf(await replace(seat.id, person))).toEqual([400, 'SeatAlreadyAssigned']);
    }
    expect(await seatOf(seat.id)).toEqual(seat);
  });

  it('refuses a person who has another seat, and changes nothing', async () => {
    const { id } = await tenant.subscription(2);
    const one = await assign(tenant, { subscription_id: id, email: newEmail() });
    const two = await assign(tenant, { subscription_id: id, email: newEmail() });
    expect(errorOf(await replace(one.id, { email: two.email }))).toEqual([
      400,
      'SeatAlreadyAssigned',
    ]);
    expect(await seatOf(one.id)).toEqual(one);
  });

  it.each([
    [{}, ['value_error', 'body']],
    [{ email: 'a@example.com', member_id: UNKNOWN_ID }, ['value_error', 'body']],
    [{ email: 'nobody' }, ['value_error', 'body', 'email']],
    [{ email: 'a@example.com', metadata: 1 }, ['dict_type', 'body', 'metadata']],
  ])('answers 422 for %j', async (body, expected) => {
    const seat = await newSeat(tenant);
    expect(problems(await replace(seat.id, body))).toEqual([expected]);
  });

  it('works without the member model', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const seat = await newSeat(tenant);
    const customer = await tenant.create('customers', { email: newEmail() });
    const { body } = await replace(seat.id, { customer_id: customer.id });
    expect(body).toMatchObject({ customer_id: customer.id, email: customer.email });
    expect(errorOf(await replace(body.id, { customer_id: customer.id }))).toEqual([
      400,
      'SeatAlreadyAssigned',
    ]);
  });

  it('works in a pool with more people than places, and gives no new place', async () => {
    const { id } = await tenant.subscription(3);
    const [first] = await parallel(3, () =>
      assign(tenant, { subscription_id: id, email: newEmail() }),
    );
    await wire.api.database.sql('UPDATE pools SET capacity = 1 WHERE subscription_id = $1', [id]);
    expect((await replace((first as Seat).id, { email: newEmail() })).status).toBe(200);
    expect(await poolOf(wire.api, id)).toMatchObject({ capacity: 1, taken: 3, held: 3 });
  });

  it('never fails in a full pool, and never lets a concurrent assign take the place', async () => {
    const { id } = await tenant.subscription(5);
    const seats = await parallel(5, () =>
      assign(tenant, { subscription_id: id, email: newEmail() }),
    );
    const send = (path: string, body: object) =>
      wire.send(tenant, 'POST', `customer-seats${path}`, body);
    let replacing = true;
    const storm = parallel(4, async () => {
      const answers: Answer[] = [];
      while (replacing) answers.push(await send('', { subscription_id: id, email: newEmail() }));
      return answers;
    });
    const chains = parallel(5, async (index) => {
      let { id: seatId } = seats[index] as Seat;
      const statuses: number[] = [];
      for (let round = 0; round < 15; round += 1) {
        const { status, body } = await send(`/${seatId}/replace`, { email: newEmail() });
        statuses.push(status);
        seatId = body.id;
      }
      return statuses;
    });
    const replaced = (await chains).flat();
    replacing = false;
    const refused = (await storm).flat();
    expect(new Set(replaced)).toEqual(new Set([200]));
    expect(new Set(refused.map(({ body }) => body.error))).toEqual(new Set(['SeatNotAvailable']));
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 5, held: 5 });
  });

  it('succeeds once when many calls replace the same seat at the same time', async () => {
    const seat = await newSeat(tenant);
    const answers = await parallel(10, () =>
      wire.send(tenant, 'POST', `customer-seats/${seat.id}/replace`, { email: newEmail() }),
    );
    expectNoFailures(answers);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 200);
    expect(new Set(others.map(({ body }) => body.error))).toEqual(new Set(['SeatAlreadyRevoked']));
    expect(await poolOf(wire.api, seat.subscription_id)).toMatchObject({ taken: 1, held: 1 });
  });
});
