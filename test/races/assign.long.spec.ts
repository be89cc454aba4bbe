import { Client } from 'pg';
import { newEmail, poolOf, setOrganization, eventTypesOf } from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import {
  doneOrWaiting,
  expectNoFailures,
  oversold,
  parallel,
  startWire,
  tally,
  type Wire,
} from './wire.js';

let wire: Wire;
let tenant: Tenant;

beforeAll(async () => {
  // Enough connections, because a request that waits too long for one is answered with 503.
  wire = await startWire({ DATABASE_POOL_SIZE: '40' });
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
});
afterAll(() => wire?.api.close());

const assign = (body: object) => wire.send(tenant, 'POST', 'customer-seats', body);
const count = (types: string[], type: string) => types.filter((each) => each === type).length;

/** Sends four times as many concurrent assigns as a new pool has seats. */
async function expectExactly(seats: number, recipient: (index: number) => object): Promise<void> {
  const { id } = await tenant.subscription(seats);
  const answers = await parallel(4 * seats, (index) =>
    assign({ subscription_id: id, ...recipient(index) }),
  );
  expect(tally(answers)).toEqual({ 200: seats, '400 SeatNotAvailable': 3 * seats });
  expect(await poolOf(wire.api, id)).toMatchObject({ capacity: seats, taken: seats, held: seats });
  const told = await eventTypesOf(wire.api, id);
  expect(count(told, 'customer_seat.assigned')).toBe(seats);
  expect(count(told, 'seats.exhausted')).toBe(1);
}

describe('concurrent assigns', () => {
  it('give exactly 50 of 200 people a seat in a pool of 50, by e-mail', () =>
    expectExactly(50, () => ({ email: newEmail() })));

  it('give exactly 20 of 80 people a seat in a pool of 20, by external id and e-mail', () =>
    expectExactly(20, (index) => ({ external_member_id: `e-${index}`, email: newEmail() })));

  it('give exactly 20 of 80 people a seat in a pool of 20, without the member model', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    await expectExactly(20, () => ({ email: newEmail() }));
  });

  it('never exceed a pool whose size changes at the same time', async () => {
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
    expect(count(await eventTypesOf(wire.api, id), 'customer_seat.assigned')).toBe(given);
    const refused = resizes.filter(({ status }) => status !== 200);
    expect(
      Object.keys(tally(refused)).filter((name) => name !== '400 SeatsAlreadyAssigned'),
    ).toEqual([]);
  });
});

describe.each([true, false])(
  'concurrent assigns of the same new person (member model: %s)',
  (enabled) => {
    beforeEach(() => setOrganization(wire.api, tenant, { member_model_enabled: enabled }));

    const people = async (email: string) =>
      wire.api.database.sql(
        `SELECT (SELECT count(*)::int FROM members m WHERE lower(m.email) = lower($2)
         AND m.organization_id = $1 AND m.role = 'member') AS members,
       (SELECT count(*)::int FROM customers c WHERE lower(c.email) = lower($2)
         AND c.organization_id = $1) AS customers`,
        [tenant.id, email],
      );

    it.each(['email', 'external_member_id'])(
      'by %s in many pools of one buyer all succeed, and create one person',
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

    it('in one pool give one seat, regardless of case', async () => {
      const { id } = await tenant.subscription(20);
      const email = newEmail();
      const answers = await parallel(20, (index) =>
        assign({ subscription_id: id, email: index % 2 ? email : email.toUpperCase() }),
      );
      expect(tally(answers)).toEqual({ 200: 1, '400 SeatAlreadyAssigned': 19 });
      expect(await poolOf(wire.api, id)).toMatchObject({ taken: 1, held: 1 });
    });

    it('by one external id with different e-mails give one seat, and refuse the others', async () => {
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
  },
);

describe('an assign that writes nothing', () => {
  const seated = { email: newEmail(), external_member_id: 'e-1' };
  let other: Client;

  /** A pool that another transaction has locked, with the seated person. */
  async function lockedPool(seats: number): Promise<string> {
    const { id } = await tenant.subscription(seats);
    await assign({ subscription_id: id, ...seated });
    await other.query('SELECT FROM pools WHERE subscription_id = $1 FOR UPDATE', [id]);
    return id;
  }

  beforeEach(async () => {
    other = new Client(wire.api.database.url);
    await other.connect();
    await other.query('BEGIN');
  });
  afterEach(() => other.end());

  it.each([
    ['a person who has a seat', 2, { email: seated.email }, '400 SeatAlreadyAssigned'],
    ['their seat', 2, { email: seated.email, if_assigned: 'return' }, '200'],
    ['their seat, by external id', 1, { ...seated, if_assigned: 'return' }, '200'],
    ['a full pool', 1, { email: newEmail() }, '400 SeatNotAvailable'],
    ['an unknown member', 2, { external_member_id: 'e-2' }, '404 MemberNotFound'],
  ])('does not wait for the pool: %s', async (_, seats, body, expected) => {
    const id = await lockedPool(seats);
    const assigning = assign({ subscription_id: id, ...body });
    expect(await doneOrWaiting(wire.api, assigning)).toBe('done');
    expect(tally([await assigning])).toEqual({ [expected]: 1 });
  });

  it('waits for the pool if it must write an external id', async () => {
    const { id } = await tenant.subscription(2);
    const email = newEmail();
    await assign({ subscription_id: id, email });
    await other.query('SELECT FROM pools WHERE subscription_id = $1 FOR UPDATE', [id]);
    const assigning = assign({
      ...{ subscription_id: id, email, external_member_id: 'e-3', if_assigned: 'return' },
    });
    expect(await doneOrWaiting(wire.api, assigning)).toBe('waiting');
    await other.query('COMMIT');
    expect((await assigning).body.member.external_id).toBe('e-3');
  });
});
