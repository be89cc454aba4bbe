import { eventsOf } from './fixtures.js';
import { claim, newEmail, poolOf, setOrganization, tokenOf, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { fill, patch, PURCHASES, sell, statesOf } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

describe.each(PURCHASES)('$path with fewer seats than are assigned', (kind) => {
  const changed = `${kind.path.slice(0, -1)}.seats_changed`;

  it.each([{}, { on_overflow: 'reject' }])(
    'is a 400 that changes nothing, with %j',
    async (how) => {
      const { id } = await sell(tenant, kind, 3);
      const seats = await fill(tenant, kind, id, 'pcp');
      const body = { seats: 2, metadata: { a: 1 }, ...how };
      const refused = await patch(tenant, kind, id, body);
      expect([refused.status, refused.body.error]).toEqual([400, 'SeatsAlreadyAssigned']);
      expect(refused.body.detail).toBe(
        'The number of seats cannot be reduced to 2: 3 are assigned. ' +
          'Revoke seats first, or send on_overflow.',
      );
      expect(await statesOf(api, seats)).toBe('pcp');
      const { body: after } = await tenant.call('GET', `/v1/${kind.path}/${id}`);
      expect(after).toMatchObject({ seats: 3, metadata: {}, modified_at: null });
    },
  );

  it('keeps all seats with keep, and refuses assignments until a seat is free', async () => {
    const { id } = await sell(tenant, kind, 3);
    const seats = await fill(tenant, kind, id, 'pcp');
    const kept = await patch(tenant, kind, id, { seats: 1, on_overflow: 'keep' });
    expect(kept.body).toMatchObject({ seats: 1, assigned_seats: 3, available_seats: 0 });
    expect(await statesOf(api, seats)).toBe('pcp');
    const [told] = (await eventsOf(api, id)).slice(3);
    expect(told).toMatchObject({
      type: changed,
      data: { seats: 1, previous_seats: 3, assigned_seats: 3, available_seats: 0 },
    });

    const seat = () => tryAssign(tenant, { [kind.key]: id, email: newEmail() });
    for (const seatId of seats) {
      expect((await seat()).body.error).toBe('SeatNotAvailable');
      await tenant.call('DELETE', `/v1/customer-seats/${seatId}`);
    }
    expect((await seat()).status).toBe(200);
    expect((await seat()).body.error).toBe('SeatNotAvailable');
  });

  it('is a 200 without an event when the same number is sent again after keep', async () => {
    const { id } = await sell(tenant, kind, 2);
    await fill(tenant, kind, id, 'pp');
    const kept = await patch(tenant, kind, id, { seats: 1, on_overflow: 'keep' });
    const events = await eventsOf(api, id);
    for (const how of [{}, { on_overflow: 'keep' }, { on_overflow: 'reject' }]) {
      const again = await patch(tenant, kind, id, { seats: 1, ...how });
      expect([again.status, again.body]).toEqual([200, kept.body]);
    }
    expect(await eventsOf(api, id)).toEqual(events);
  });

  it('revokes seats when revoke_newest follows keep with the same number, without a seats_changed event', async () => {
    const { id } = await sell(tenant, kind, 3);
    const seats = await fill(tenant, kind, id, 'ccc');
    await patch(tenant, kind, id, { seats: 1, on_overflow: 'keep' });
    const { body } = await patch(tenant, kind, id, { seats: 1, on_overflow: 'revoke_newest' });
    expect(body).toMatchObject({ seats: 1, assigned_seats: 1, available_seats: 0 });
    expect(await statesOf(api, seats)).toBe('crr');
    const types = (await eventsOf(api, id)).slice(4).map(({ type }) => type);
    expect(types).toEqual(Array(2).fill('customer_seat.revoked'));
  });

  it.each([
    ['revoke_pending', 'pcppc', 4, 'pcprc'],
    ['revoke_pending', 'pcppc', 3, 'pcrrc'],
    ['revoke_pending', 'pcppc', 2, 'rcrrc'],
    ['revoke_newest', 'pcppc', 4, 'pcppr'],
    ['revoke_newest', 'pcppc', 2, 'pcrrr'],
    ['revoke_newest', 'ccccc', 1, 'crrrr'],
  ])(
    'with %s, changes the seats %s to %i seats: %s',
    async (on_overflow, before, number, after) => {
      const { id } = await sell(tenant, kind, 5);
      const seats = await fill(tenant, kind, id, before);
      const { status, body } = await patch(tenant, kind, id, { seats: number, on_overflow });
      expect([status, body.seats, body.assigned_seats, body.available_seats]).toEqual([
        ...[200, number, number, 0],
      ]);
      expect(await statesOf(api, seats)).toBe(after);
      const events = (await eventsOf(api, id)).slice(5);
      expect(events.map(({ type, reason }) => [type, reason])).toEqual([
        ...Array(5 - number).fill(['customer_seat.revoked', 'overflow']),
        [changed, null],
      ]);
      expect(events.at(-1).data).toMatchObject({ assigned_seats: number, available_seats: 0 });
    },
  );

  it('is a 400 that changes nothing when there are too few pending seats for revoke_pending', async () => {
    const { id } = await sell(tenant, kind, 4);
    const seats = await fill(tenant, kind, id, 'pccc');
    const events = await eventsOf(api, id);
    const body = { seats: 2, on_overflow: 'revoke_pending' };
    const refused = await patch(tenant, kind, id, body);
    expect([refused.status, refused.body.error]).toEqual([400, 'SeatsAlreadyAssigned']);
    expect(await statesOf(api, seats)).toBe('pccc');
    expect(await eventsOf(api, id)).toEqual(events);
    expect(await poolOf(api, id)).toMatchObject({ capacity: 4, taken: 4, held: 4 });
  });

  it('gives up free seats before it revokes any', async () => {
    const { id } = await sell(tenant, kind, 5);
    const seats = await fill(tenant, kind, id, 'ppp');
    const { body } = await patch(tenant, kind, id, { seats: 3, on_overflow: 'revoke_newest' });
    expect(body).toMatchObject({ assigned_seats: 3, available_seats: 0 });
    expect(await statesOf(api, seats)).toBe('ppp');
  });

  it('revokes seats even with seats disabled', async () => {
    const { id } = await sell(tenant, kind, 3);
    const seats = await fill(tenant, kind, id, 'ppp');
    await setOrganization(api, tenant, { seats_enabled: false });
    await patch(tenant, kind, id, { seats: 1, on_overflow: 'revoke_newest' });
    expect(await statesOf(api, seats)).toBe('prr');
  });

  it.each(['shrink', null, 1])('is a 422 with on_overflow %p', async (on_overflow) => {
    const { id } = await sell(tenant, kind, 3);
    const { status, body } = await patch(tenant, kind, id, { seats: 1, on_overflow });
    expect([status, body.detail[0].type, body.detail[0].loc]).toEqual([
      ...[422, 'enum', ['body', 'on_overflow']],
    ]);
  });

  it('changes nothing when on_overflow is sent alone, even after the end', async () => {
    const { id } = await sell(tenant, kind, 3);
    const ended = await patch(tenant, kind, id, kind.end);
    const again = await patch(tenant, kind, id, { on_overflow: 'keep' });
    expect([again.status, again.body]).toEqual([200, ended.body]);
  });

  it('follows on_overflow in a PUT as well', async () => {
    const url = `/v1/${kind.path}/external/x`;
    const { product_id, customer_id } = await sell(tenant, kind, 1);
    const ids = { product_id, customer_id };
    const { id } = (await tenant.call('PUT', url, { body: { ...ids, seats: 3 } })).body;
    const seats = await fill(tenant, kind, id, 'cpp');
    const refused = await tenant.call('PUT', url, { body: { ...ids, seats: 1 } });
    expect([refused.status, refused.body.error]).toEqual([400, 'SeatsAlreadyAssigned']);
    const body = { ...ids, seats: 1, on_overflow: 'revoke_pending' };
    expect((await tenant.call('PUT', url, { body })).body).toMatchObject({ assigned_seats: 1 });
    expect(await statesOf(api, seats)).toBe('crr');
  });

  it('keeps an exact count when seats are assigned during revoke_newest', async () => {
    const { id } = await sell(tenant, kind, 60);
    const seat = () => tryAssign(tenant, { [kind.key]: id, email: newEmail() });
    const shrink = (seats: number) =>
      patch(tenant, kind, id, { seats, on_overflow: 'revoke_newest' });
    const answers = await Promise.all([
      ...Array.from({ length: 40 }, seat),
      shrink(20),
      ...Array.from({ length: 40 }, seat),
      shrink(7),
      ...Array.from({ length: 20 }, seat),
    ]);
    const strange = answers.filter((each) => ![200, 400].includes(each.status));
    expect(strange).toEqual([]);
    const pool = await poolOf(api, id);
    expect(pool.taken).toBe(pool.held);
    expect([7, 20]).toContain(pool.capacity);
    expect(pool.taken).toBeLessThanOrEqual(pool.capacity);
  });

  it('revokes no claimed seat when seats are claimed during revoke_pending', async () => {
    const { id } = await sell(tenant, kind, 10);
    const seats = await fill(tenant, kind, id, 'pppppppppp');
    const tokens = await Promise.all(seats.map((seat) => tokenOf(api, seat)));
    const claims = tokens.map((token) => () => claim(api, token));
    const [shrunk, ...claimed] = await Promise.all([
      patch(tenant, kind, id, { seats: 5, on_overflow: 'revoke_pending' }),
      ...claims.map((each) => each()),
    ]);
    expect([200, 400]).toContain(shrunk.status);
    const states = await statesOf(api, seats);
    const won = claimed.map(({ status }) => status === 200);
    expect([...states].map((state) => state === 'c')).toEqual(won);
    const pool = await poolOf(api, id);
    expect(pool.taken).toBe(pool.held);
    expect(pool.capacity).toBe(shrunk.status === 200 ? 5 : 10);
  });
});
