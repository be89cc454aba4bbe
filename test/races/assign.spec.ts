import { newEmail, poolOf, setOrganization, toldOf } from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import { expectNoFailures, oversold, parallel, startWire, tally, type Wire } from './wire.js';

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  // Connections enough: who waits too long for one is sent away with a 503, which is not the point.
  wire = await startWire({ DATABASE_POOL_SIZE: '40' });
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

const assign = (body: object) => wire.send(tenant, 'POST', 'customer-seats', body);
const count = (types: string[], type: string) => types.filter((each) => each === type).length;

/** Four times as many at once as a new pool has seats. */
async function expectExactly(seats: number, recipient: (index: number) => object): Promise<void> {
  const { id } = await tenant.subscription(seats);
  const answers = await parallel(4 * seats, (index) =>
    assign({ subscription_id: id, ...recipient(index) }),
  );
  expect(tally(answers)).toEqual({ 200: seats, '400 SeatNotAvailable': 3 * seats });
  expect(await poolOf(wire.api, id)).toMatchObject({ capacity: seats, taken: seats, held: seats });
  const told = await toldOf(wire.api, id);
  expect(count(told, 'customer_seat.assigned')).toBe(seats);
  expect(count(told, 'seats.exhausted')).toBe(1);
}

describe('many assigns at once', () => {
  test('200 on a pool of 50, by e-mail: 50 get a seat', () =>
    expectExactly(50, () => ({ email: newEmail() })));

  test('80 on a pool of 20, by an external id and an e-mail: 20 get a seat', () =>
    expectExactly(20, (index) => ({ external_member_id: `e-${index}`, email: newEmail() })));

  test('80 on a pool of 20, by e-mail without the member model: 20 get a seat', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    await expectExactly(20, () => ({ email: newEmail() }));
  });

  test('200 while the size goes up and down: never more than there are', async () => {
    const { id } = await tenant.subscription(50);
    const sizes = [60, 40, 55, 45, 52, 70, 30, 50];
    const working = Promise.all([
      parallel(200, () => assign({ subscription_id: id, email: newEmail() })),
      parallel(40, (index) =>
        wire.send(tenant, 'PATCH', `subscriptions/${id}`, { seats: sizes[index % sizes.length] }),
      ),
    ]);
    expect(await oversold(wire.api, id, working)).toEqual([]);
    const [answers, resizes] = await working;
    expectNoFailures([...answers, ...resizes]);
    const given = answers.filter(({ status }) => status === 200).length;
    const pool = await poolOf(wire.api, id);
    expect(pool).toMatchObject({ taken: given, held: given });
    expect(given).toBeLessThanOrEqual(pool.capacity);
    expect(count(await toldOf(wire.api, id), 'customer_seat.assigned')).toBe(given);
    const refused = resizes.filter(({ status }) => status !== 200);
    expect(
      Object.keys(tally(refused)).filter((name) => name !== '400 SeatsAlreadyAssigned'),
    ).toEqual([]);
  });
});

describe.each([true, false])('the same new person at once, member model %s', (enabled) => {
  beforeEach(() => setOrganization(wire.api, tenant, { member_model_enabled: enabled }));

  const people = async (email: string) =>
    wire.api.database.sql(
      `SELECT (SELECT count(*)::int FROM members m WHERE lower(m.email) = lower($2)
         AND m.organization_id = $1 AND m.role = 'member') AS members,
       (SELECT count(*)::int FROM customers c WHERE lower(c.email) = lower($2)
         AND c.organization_id = $1) AS customers`,
      [tenant.id, email],
    );

  test.each(['email', 'external_member_id'])(
    'by %s in many pools of one buyer: all get a seat, and one person exists',
    async (key) => {
      const { customer_id } = await tenant.subscription(1);
      const pools = await parallel(8, () => tenant.subscription(1, { customer_id }));
      const email = newEmail();
      const more = key === 'email' ? {} : { external_member_id: 'e-1' };
      const answers = await parallel(8, (index) =>
        assign({ subscription_id: pools[index].id, email, ...more }),
      );
      expect(tally(answers)).toEqual({ 200: 8 });
      expect(new Set(answers.map(({ body }) => body.member_id)).size).toBe(1);
      expect(new Set(answers.map(({ body }) => body.customer_id)).size).toBe(1);
      expect(await people(email)).toEqual([{ members: 1, customers: enabled ? 0 : 1 }]);
    },
  );

  test('in one pool, in any case: one gets a seat', async () => {
    const { id } = await tenant.subscription(20);
    const email = newEmail();
    const answers = await parallel(20, (index) =>
      assign({ subscription_id: id, email: index % 2 ? email : email.toUpperCase() }),
    );
    expect(tally(answers)).toEqual({ 200: 1, '400 SeatAlreadyAssigned': 19 });
    expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
  });

  test('an external id with different e-mails: one person has it, the others hear why', async () => {
    const { customer_id } = await tenant.subscription(1);
    const pools = await parallel(8, () => tenant.subscription(1, { customer_id }));
    const emails = await parallel(8, async () => newEmail());
    // Half of them exist already, so that they are linked instead of created.
    for (const email of emails.slice(4)) await tenant.create('members', { customer_id, email });
    const answers = await parallel(8, (index) =>
      assign({
        subscription_id: pools[index].id,
        external_member_id: 'e-1',
        email: emails[index],
      }),
    );
    expect(tally(answers)).toEqual({ 200: 1, '400 MemberEmailMismatch': 7 });
  });
});
