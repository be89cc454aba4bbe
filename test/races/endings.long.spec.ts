import { Client } from 'pg';
import { newEmail, poolOf, tokenOf } from '../seats/fixtures.js';
import type { Answer, Tenant } from '../support/app.js';
import { expectNoFailures, lockWaiters, parallel, startWire, type Wire } from './wire.js';

const ROUNDS = 8;

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

async function seatsOfTheDeleted(): Promise<object[]> {
  return wire.api.database.sql(
    `SELECT s.id FROM seats s
     JOIN members m ON m.organization_id = s.organization_id AND m.id = s.member_id
     WHERE s.organization_id = $1 AND s.status <> 'revoked' AND m.deleted_at IS NOT NULL`,
    [tenant.id],
  );
}

describe('while a container ends', () => {
  it.each([
    ['a subscription that is canceled', 'subscriptions', { status: 'canceled' }],
    ['an order that is refunded', 'orders', { status: 'refunded' }],
  ])('no active seat remains in %s', async (_, path, change) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const isOrder = path === 'orders';
      const { id } = await (isOrder ? tenant.order(30) : tenant.subscription(30));
      const key = isOrder ? 'order_id' : 'subscription_id';
      const [answers, ended] = await Promise.all([
        parallel(12, () => assign({ [key]: id, email: newEmail() })),
        wire.send(tenant, 'PATCH', `${path}/${id}`, change),
      ]);
      expectNoFailures([...answers, ended]);
      expect(ended.status).toBe(200);
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0, active: false });
    }
  });

  it('a claim fails, or its seat is revoked', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      const invitation_token = await tokenOf(wire.api, seat.id);
      const answers = await Promise.all([
        wire.send(tenant, 'POST', 'customer-seats/claim', { invitation_token }),
        wire.send(tenant, 'DELETE', `subscriptions/${id}`),
      ]);
      expectNoFailures(answers);
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    }
  });
});

describe('while a member is deleted', () => {
  it.each(['email', 'member_id', 'external_member_id'])(
    'an assign by %s leaves no seat of the deleted member, and no client gets a 5xx',
    async (key) => {
      const answers: Answer[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const { id, customer_id } = await tenant.subscription(5);
        const other = await tenant.subscription(5, { customer_id });
        const email = newEmail();
        const external_id = `e-${round}`;
        const member = await tenant.create('members', { customer_id, email, external_id });
        await assign({ subscription_id: id, email });
        const keys: Record<string, string> = {
          email,
          member_id: member.id,
          external_member_id: external_id,
        };
        const give = (subscription_id: string) => assign({ subscription_id, [key]: keys[key] });
        answers.push(
          ...(await Promise.all([
            give(id),
            give(other.id),
            wire.send(tenant, 'DELETE', `members/${member.id}`),
            give(other.id),
            give(id),
          ])),
        );
      }
      expectNoFailures(answers);
      expect(await seatsOfTheDeleted()).toEqual([]);
    },
  );

  it('an assign that has already found the member is refused', async () => {
    const { id, customer_id } = await tenant.subscription(1);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    const other = new Client(wire.api.database.url);
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM members WHERE id = $1 FOR UPDATE', [member.id]);
      const answering = assign({ subscription_id: id, member_id: member.id });
      await lockWaiters(wire.api, 1);
      await other.query('UPDATE members SET deleted_at = now() WHERE id = $1', [member.id]);
      await other.query('COMMIT');
      const answer = await answering;
      expect([answer.status, answer.body.error]).toEqual([404, 'MemberNotFound']);
      expect(await seatsOfTheDeleted()).toEqual([]);
    } finally {
      await other.end();
    }
  });

  it('a claim fails or its seat is revoked, and no client gets a 5xx', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      const invitation_token = await tokenOf(wire.api, seat.id);
      const answers = await Promise.all([
        wire.send(tenant, 'POST', 'customer-seats/claim', { invitation_token }),
        wire.send(tenant, 'DELETE', `members/${seat.member_id}`),
      ]);
      expectNoFailures(answers);
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 0, held: 0 });
    }
  });

  it('a revoke and a resend leave no seat of the deleted member, and no client gets a 5xx', async () => {
    const answers: Answer[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await tenant.subscription(1);
      const seat = (await assign({ subscription_id: id, email: newEmail() })).body;
      answers.push(
        ...(await Promise.all([
          wire.send(tenant, 'POST', `customer-seats/${seat.id}/resend`),
          wire.send(tenant, 'DELETE', `members/${seat.member_id}`),
          wire.send(tenant, 'DELETE', `customer-seats/${seat.id}`),
        ])),
      );
    }
    expectNoFailures(answers);
    expect(await seatsOfTheDeleted()).toEqual([]);
  });
});

describe("while a member's e-mail changes", () => {
  it('a new seat gets the new e-mail', async () => {
    const answers: Answer[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id, customer_id } = await tenant.subscription(2);
      const member = await tenant.create('members', { customer_id, email: newEmail() });
      const email = newEmail();
      answers.push(
        ...(await Promise.all([
          assign({ subscription_id: id, member_id: member.id }),
          wire.send(tenant, 'PATCH', `members/${member.id}`, { email }),
          assign({ subscription_id: id, email: member.email }),
        ])),
      );
    }
    expectNoFailures(answers);
    const different = await wire.api.database.sql(
      `SELECT s.email, m.email AS of_member FROM seats s
     JOIN members m ON m.organization_id = s.organization_id AND m.id = s.member_id
     WHERE s.organization_id = $1 AND s.status <> 'revoked' AND s.email <> m.email`,
      [tenant.id],
    );
    expect(different).toEqual([]);
  });
});
