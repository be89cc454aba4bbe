import { eventsOf } from '../purchases/helpers.js';
import {
  assign,
  newEmail,
  poolOf,
  resend,
  setOrganization,
  tokenOf,
  tryAssign,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { PURCHASES, sell } from './helpers.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

const seatOf = async (id: string) => (await tenant.call('GET', `/v1/customer-seats/${id}`)).body;

describe.each(PURCHASES)('a person of $path', (kind) => {
  const inContainer = (id: string, email: string) => ({ [kind.key]: id, email });

  test.each([true, false])('who was deleted can be invited again (seats on: %p)', async (on) => {
    const { id } = await sell(tenant, kind, 1);
    const email = newEmail();
    const first = await assign(tenant, inContainer(id, email));
    await setOrganization(api, tenant, { seats_enabled: on });
    const deleted = await tenant.call('DELETE', `/v1/members/${first.member_id}`);
    expect([deleted.status, deleted.body.email]).toEqual([200, email]);
    await setOrganization(api, tenant, { seats_enabled: true });
    expect((await seatOf(first.id)).status).toBe('revoked');

    const second = await assign(tenant, inContainer(id, email));
    expect(second).toMatchObject({ status: 'pending', email });
    expect(second.id).not.toBe(first.id);
    expect(second.member_id).not.toBe(first.member_id);
    const told = (await eventsOf(api, id)).map(({ type, reason }) => [type, reason]);
    expect(told).toEqual([
      ['customer_seat.assigned', null],
      ['customer_seat.revoked', 'member_deleted'],
      ['customer_seat.assigned', null],
    ]);
    expect(await poolOf(api, id)).toMatchObject({ taken: 1, held: 1 });
  });

  test('who changes their e-mail is sent the next invitation there', async () => {
    const { id } = await sell(tenant, kind, 3);
    const [before, after] = [newEmail(), newEmail()];
    const seat = await assign(tenant, inContainer(id, before));
    const token = await tokenOf(api, seat.id);
    const url = `/v1/members/${seat.member_id}`;
    await tenant.call('PATCH', url, { body: { email: after } });
    expect(await seatOf(seat.id)).toMatchObject({ email: after, member: { email: after } });

    const sent = await resend(tenant, seat.id);
    expect([sent.status, sent.body.email]).toEqual([200, after]);
    expect(await tokenOf(api, seat.id)).not.toBe(token);
    const [event] = (await eventsOf(api, id)).slice(-1);
    expect(event).toMatchObject({
      type: 'customer_seat.invitation_resent',
      data: { email: after },
    });
  });

  test('who changed their e-mail is a duplicate by the new one, not by the old one', async () => {
    const { id } = await sell(tenant, kind, 3);
    const [before, after] = [newEmail(), newEmail()];
    const seat = await assign(tenant, inContainer(id, before));
    await tenant.call('PATCH', `/v1/members/${seat.member_id}`, { body: { email: after } });
    const again = await tryAssign(tenant, inContainer(id, after));
    expect([again.status, again.body.error]).toEqual([400, 'SeatAlreadyAssigned']);
    expect((await tryAssign(tenant, inContainer(id, before))).status).toBe(200);
  });

  describe('who is a customer of their own', () => {
    beforeEach(() => setOrganization(api, tenant, { member_model_enabled: false }));

    const changeEmail = (customerId: string, email: string) =>
      tenant.call('PATCH', `/v1/customers/${customerId}`, { body: { email } });

    test('and changes their e-mail, changes it on their seats, with an event for each', async () => {
      const [one, two] = [await sell(tenant, kind, 2), await sell(tenant, kind, 2)];
      const [before, after] = [newEmail(), newEmail()];
      const seats = [
        await assign(tenant, inContainer(one.id, before)),
        await assign(tenant, inContainer(two.id, before)),
      ];
      const bystander = await assign(tenant, inContainer(one.id, newEmail()));
      expect(seats[0].customer_id).toBe(seats[1].customer_id);
      expect((await changeEmail(seats[0].customer_id, after)).status).toBe(200);
      for (const { id, member_id } of seats) {
        expect(await seatOf(id)).toMatchObject({
          email: after,
          customer_email: after,
          member_id,
          member: { email: after },
        });
      }
      expect((await seatOf(bystander.id)).email).toBe(bystander.email);
      for (const { id } of [one, two]) {
        const updated = (await eventsOf(api, id)).filter(
          ({ type }) => type === 'customer_seat.updated',
        );
        expect(updated.map(({ data }) => data.email)).toEqual([after]);
      }
    });

    test('gets the next invitation there, and is a duplicate by the new e-mail', async () => {
      const { id } = await sell(tenant, kind, 3);
      const [before, after] = [newEmail(), newEmail()];
      const seat = await assign(tenant, inContainer(id, before));
      await changeEmail(seat.customer_id, after);
      expect((await resend(tenant, seat.id)).body.email).toBe(after);
      const again = await tryAssign(tenant, inContainer(id, after));
      expect(again.body.error).toBe('SeatAlreadyAssigned');
      expect((await tryAssign(tenant, inContainer(id, before))).status).toBe(200);
    });

    test('keeps the e-mail where the buyer has another member with the new one', async () => {
      const [one, two] = [await sell(tenant, kind, 2), await sell(tenant, kind, 2)];
      const [before, after] = [newEmail(), newEmail()];
      const kept = await assign(tenant, inContainer(one.id, before));
      const moved = await assign(tenant, inContainer(two.id, before));
      await tenant.create('members', { customer_id: one.customer_id, email: after });
      expect((await changeEmail(kept.customer_id, after)).status).toBe(200);
      expect(await seatOf(kept.id)).toMatchObject({ email: before, customer_email: after });
      expect(await seatOf(moved.id)).toMatchObject({ email: after, customer_email: after });
    });

    test('leaves members alone under which they hold no seat any more', async () => {
      const { id } = await sell(tenant, kind, 2);
      const before = newEmail();
      const seat = await assign(tenant, inContainer(id, before));
      await tenant.call('DELETE', `/v1/customer-seats/${seat.id}`);
      await changeEmail(seat.customer_id, newEmail());
      const { body } = await tenant.call('GET', `/v1/members/${seat.member_id}`);
      expect(body.email).toBe(before);
    });

    test('who buys as well, takes nobody along who sits in their own seats', async () => {
      await setOrganization(api, tenant, { member_model_enabled: true });
      const { id, customer_id } = await sell(tenant, kind, 2);
      const colleague = await assign(tenant, inContainer(id, newEmail()));
      await setOrganization(api, tenant, { member_model_enabled: false });
      await changeEmail(customer_id, newEmail());
      expect((await seatOf(colleague.id)).email).toBe(colleague.email);
    });
  });
});
