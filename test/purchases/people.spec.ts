import { InvitationsRepository } from '../../src/invitations/invitations.repository.js';
import { Database } from '../../src/platform/database/database.js';
import { eventsOf } from './fixtures.js';
import {
  assign,
  claim,
  claimed,
  newEmail,
  poolOf,
  resend,
  setOrganization,
  tokenOf,
  tryAssign,
} from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { PURCHASES, sell } from './fixtures.js';

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

describe.each(PURCHASES)('a member with a seat of one of the $path', (kind) => {
  const inContainer = (id: string, email: string) => ({ [kind.key]: id, email });

  it.each([true, false])(
    'can be invited again after being deleted (seats enabled: %p)',
    async (on) => {
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
    },
  );

  it('gets a new invitation at a new e-mail at once, and can have it resent', async () => {
    const { id } = await sell(tenant, kind, 3);
    const [before, after] = [newEmail(), newEmail()];
    const seat = await assign(tenant, inContainer(id, before));
    const token = await tokenOf(api, seat.id);
    api.clock.advance(10);
    const url = `/v1/members/${seat.member_id}`;
    await tenant.call('PATCH', url, { body: { email: after } });
    const renewed = await seatOf(seat.id);
    expect(renewed).toMatchObject({ status: 'pending', email: after, member: { email: after } });
    expect(Date.parse(renewed.invitation_token_expires_at)).toBeGreaterThanOrEqual(
      Date.parse(seat.invitation_token_expires_at as string) + 10_000,
    );
    expect((await claim(api, token)).body.error).toBe('InvalidInvitationToken');
    const [updated, resent] = (await eventsOf(api, id)).slice(-2);
    expect(updated).toMatchObject({ type: 'customer_seat.updated', data: { email: after } });
    expect(resent).toMatchObject({
      type: 'customer_seat.invitation_resent',
      data: { email: after },
    });
    expect((await resend(tenant, seat.id)).status).toBe(200);
    expect((await claimed(api, seat)).seat).toMatchObject({ status: 'claimed', email: after });
  });

  it('gets the mail of the last invitation only', async () => {
    const { id } = await sell(tenant, kind, 3);
    const after = newEmail();
    const seat = await assign(tenant, inContainer(id, newEmail()));
    api.clock.advance(10);
    await tenant.call('PATCH', `/v1/members/${seat.member_id}`, { body: { email: after } });
    const events = await api.database.sql(
      'SELECT id, type FROM events WHERE seat_id = $1 AND invites ORDER BY position',
      [seat.id],
    );
    const mails = new InvitationsRepository(api.app.get(Database));
    const sent: unknown[] = [];
    for (const event of events) {
      const found = await mails.findToSend([event['id']], api.clock.now());
      sent.push([event['type'], found.get(event['id'])?.email]);
    }
    expect(sent).toEqual([
      ['customer_seat.assigned', undefined],
      ['customer_seat.invitation_resent', after],
    ]);
  });

  it('keeps the invitation when only the case of the e-mail changes', async () => {
    const { id } = await sell(tenant, kind, 3);
    const email = newEmail();
    const seat = await assign(tenant, inContainer(id, email));
    const url = `/v1/members/${seat.member_id}`;
    await tenant.call('PATCH', url, { body: { email: `X${email}` } });
    const token = await tokenOf(api, seat.id);
    await tenant.call('PATCH', url, { body: { email: `x${email}` } });
    expect((await claim(api, token)).status).toBe(200);
  });

  it('cannot be assigned again by their new e-mail; the old one is free', async () => {
    const { id } = await sell(tenant, kind, 3);
    const [before, after] = [newEmail(), newEmail()];
    const seat = await assign(tenant, inContainer(id, before));
    await tenant.call('PATCH', `/v1/members/${seat.member_id}`, { body: { email: after } });
    const again = await tryAssign(tenant, inContainer(id, after));
    expect([again.status, again.body.error]).toEqual([400, 'SeatAlreadyAssigned']);
    expect((await tryAssign(tenant, inContainer(id, before))).status).toBe(200);
  });

  describe('that is a customer too', () => {
    beforeEach(() => setOrganization(api, tenant, { member_model_enabled: false }));

    const changeEmail = (customerId: string, email: string) =>
      tenant.call('PATCH', `/v1/customers/${customerId}`, { body: { email } });

    it('changes the e-mail of their seats with their own, with an event for each', async () => {
      const [one, two] = [await sell(tenant, kind, 2), await sell(tenant, kind, 2)];
      const [before, after] = [newEmail(), newEmail()];
      const seats = [
        await assign(tenant, inContainer(one.id, before)),
        await assign(tenant, inContainer(two.id, before)),
      ] as const;
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
      const token = await tokenOf(api, seats[0].id);
      expect((await api.call('GET', `/v1/customer-seats/claim/${token}`)).body).toMatchObject({
        customer_email: after,
      });
      for (const { id } of [one, two]) {
        const updated = (await eventsOf(api, id)).filter(
          ({ type }) => type === 'customer_seat.updated',
        );
        expect(updated.map(({ data }) => data.email)).toEqual([after]);
      }
    });

    it('gets the next invitation at the new e-mail, and cannot be assigned again by it', async () => {
      const { id } = await sell(tenant, kind, 3);
      const [before, after] = [newEmail(), newEmail()];
      const seat = await assign(tenant, inContainer(id, before));
      await changeEmail(seat.customer_id, after);
      expect((await resend(tenant, seat.id)).body.email).toBe(after);
      const again = await tryAssign(tenant, inContainer(id, after));
      expect(again.body.error).toBe('SeatAlreadyAssigned');
      expect((await tryAssign(tenant, inContainer(id, before))).status).toBe(200);
    });

    it('keeps the old e-mail if the buyer already has another member with the new one', async () => {
      const [one, two] = [await sell(tenant, kind, 2), await sell(tenant, kind, 2)];
      const [before, after] = [newEmail(), newEmail()];
      const kept = await assign(tenant, inContainer(one.id, before));
      const moved = await assign(tenant, inContainer(two.id, before));
      await tenant.create('members', { customer_id: one.customer_id, email: after });
      expect((await changeEmail(kept.customer_id, after)).status).toBe(200);
      expect(await seatOf(kept.id)).toMatchObject({ email: before, customer_email: before });
      expect(await seatOf(moved.id)).toMatchObject({ email: after, customer_email: after });
    });

    it('does not change a member who has no seat any more', async () => {
      const { id } = await sell(tenant, kind, 2);
      const before = newEmail();
      const seat = await assign(tenant, inContainer(id, before));
      await tenant.call('DELETE', `/v1/customer-seats/${seat.id}`);
      await changeEmail(seat.customer_id, newEmail());
      const { body } = await tenant.call('GET', `/v1/members/${seat.member_id}`);
      expect(body.email).toBe(before);
    });

    it('does not change the e-mail of people on the seats that they bought', async () => {
      await setOrganization(api, tenant, { member_model_enabled: true });
      const { id, customer_id } = await sell(tenant, kind, 2);
      const colleague = await assign(tenant, inContainer(id, newEmail()));
      await setOrganization(api, tenant, { member_model_enabled: false });
      await changeEmail(customer_id, newEmail());
      expect((await seatOf(colleague.id)).email).toBe(colleague.email);
    });
  });
});
