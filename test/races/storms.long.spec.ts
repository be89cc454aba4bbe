import { newEmail, poolOf, tokenOf } from '../seats/fixtures.js';
import type { CustomerSeatDto } from '../../src/seats/seats.dto.js';
import type { Answer, Tenant } from '../support/app.js';
import { expectNoFailures, oversold, parallel, startWire, tally, type Wire } from './wire.js';

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

const assign = (body: object) => wire.send(tenant, 'POST', 'customer-seats', body);
const revoke = (id: string) => wire.send(tenant, 'DELETE', `customer-seats/${id}`);
const resend = (id: string) => wire.send(tenant, 'POST', `customer-seats/${id}/resend`);
const claim = (invitation_token: string) =>
  wire.send(tenant, 'POST', 'customer-seats/claim', { invitation_token });

async function seatsOf(id: string): Promise<CustomerSeatDto[]> {
  return (await tenant.call('GET', `/v1/customer-seats?subscription_id=${id}`)).body.seats;
}

describe('concurrent calls', () => {
  it('claim a seat once, with one session and one event', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      const token = await tokenOf(wire.api, seat.id);
      const answers = await parallel(5, () => claim(token));
      expect(tally(answers)).toEqual({ 200: 1, '400 InvalidInvitationToken': 4 });
      const events = await wire.api.database.sql(
        `SELECT 1 FROM events WHERE seat_id = $1 AND type = 'customer_seat.claimed'`,
        [seat.id],
      );
      expect(events).toHaveLength(1);
    }
    const sessions = await wire.api.database.sql(
      'SELECT 1 FROM customer_sessions WHERE organization_id = $1',
      [tenant.id],
    );
    expect(sessions).toHaveLength(10);
  });

  it('revoke a seat once, with one event and the same answer for all', async () => {
    const { id } = await tenant.subscription(1);
    const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
    const answers = await parallel(20, () => revoke(seat.id));
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    const events = await wire.api.database.sql(
      `SELECT 1 FROM events WHERE seat_id = $1 AND type = 'customer_seat.revoked'`,
      [seat.id],
    );
    expect(events).toHaveLength(1);
  });

  it('leave the seat revoked after a claim and a revoke', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      const token = await tokenOf(wire.api, seat.id);
      const answers = await Promise.all([claim(token), revoke(seat.id)]);
      expectNoFailures(answers);
      expect(answers[1]?.status).toBe(200);
      expect(await seatsOf(id)).toMatchObject([{ status: 'revoked', email: null }]);
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    }
  });

  it('claim the seat with the old token, or end the token by a resend', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      const old = await tokenOf(wire.api, seat.id);
      const [claimed, resent] = await Promise.all([claim(old), resend(seat.id)]);
      expectNoFailures([claimed, resent]);
      const [now] = await seatsOf(id);
      expect(now?.status).toBe(claimed.status === 200 ? 'claimed' : 'pending');
      expect((await claim(old)).status).toBe(400);
    }
  });

  it('give a single place to one person after another', async () => {
    const { id } = await tenant.subscription(1);
    const answers: Answer[] = [];
    await parallel(10, async () => {
      for (let turn = 0; turn < 10; turn += 1) {
        const answer = await assign({ subscription_id: id, email: newEmail() });
        answers.push(answer);
        if (answer.status === 200) answers.push(await revoke(answer.body.id));
      }
    });
    expectNoFailures(answers);
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
  });

  it('of every kind keep the counter right, and never exceed the pool', async () => {
    const { id } = await tenant.subscription(6);
    const emails = await parallel(9, async () => newEmail());
    const answers: Answer[] = [];
    const work = async (worker: number) => {
      for (let turn = 0; turn < 15; turn += 1) {
        const email = emails[(worker + turn) % emails.length];
        const gave = await assign({ subscription_id: id, email });
        const [seat] = (await seatsOf(id)).filter((each) => each.status === 'pending');
        answers.push(gave);
        if (seat === undefined) continue;
        const token = await tokenOf(wire.api, seat.id).catch(() => 'already ended');
        const actions = [() => claim(token), () => resend(seat.id), () => revoke(seat.id)];
        const act = actions[(worker + turn) % actions.length] as () => Promise<Answer>;
        answers.push(...(await Promise.all([act(), revoke(gave.body.id ?? seat.id)])));
      }
    };
    expect(await oversold(wire.api, id, parallel(8, work))).toEqual([]);
    expectNoFailures(answers);
    // There were more seats than places, so places have passed from one person to another.
    expect((await seatsOf(id)).length).toBeGreaterThan(6);
    const twice = await wire.api.database.sql(
      `SELECT member_id FROM seats WHERE organization_id = $1 AND status <> 'revoked'
     GROUP BY 1 HAVING count(*) > 1`,
      [tenant.id],
    );
    expect(twice).toEqual([]);
  });
});
