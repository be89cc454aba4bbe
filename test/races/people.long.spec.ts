import { Client } from 'pg';
import { assign, errorOf, newEmail, setOrganization } from '../seats/fixtures.js';
import type { Tenant } from '../support/app.js';
import { doneOrWaiting, lockWaiters, startWire, tally, type Wire } from './wire.js';

/*
 * People who change or are deleted while they are being seated. Another connection makes the service
 * wait at exactly that moment.
 */

let wire: Wire;
let tenant: Tenant;
let other: Client;

beforeAll(async () => {
  wire = await startWire();
});
beforeEach(async () => {
  tenant = await wire.api.tenant();
  other = new Client(wire.api.database.url);
  await other.connect();
  await other.query('BEGIN');
});
afterEach(() => other.end());
afterAll(() => wire?.api.close());

const seat = (subscription_id: string, person: object) =>
  wire.send(tenant, 'POST', 'customer-seats', { subscription_id, ...person });

/** Inserts a member of the buyer in the other transaction, which has not committed yet. */
const insertMember = (customer_id: string, email: string, external_id: string | null = null) =>
  other.query(
    `INSERT INTO members (organization_id, id, created_at, customer_id, email, external_id)
     VALUES ($1, gen_random_uuid(), now(), $2, $3, $4)`,
    [tenant.id, customer_id, email, external_id],
  );

describe.each(['email', 'customer_id'])('an assign by %s without the member model', (key) => {
  it('does not seat a person who is deleted meanwhile', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const { id, customer_id } = await tenant.subscription(2);
    const person = await tenant.create('customers', { email: newEmail() });
    const member = await tenant.create('members', { customer_id, email: person.email });
    await other.query(`SELECT 1 FROM members WHERE id = '${member.id}' FOR UPDATE`);
    const named = { email: person.email, customer_id: person.id }[key];
    const assigning = seat(id, { [key]: named });
    await lockWaiters(wire.api, 1);
    const deleting = wire.send(tenant, 'DELETE', `customers/${person.id}`);
    await Promise.race([deleting, lockWaiters(wire.api, 2)]);
    await other.query('COMMIT');
    expect((await assigning).status).toBeLessThan(500);
    expect((await deleting).status).toBe(200);
    const left = await wire.api.database.sql(
      `SELECT FROM seats WHERE customer_id = $1 AND status <> 'revoked'`,
      [person.id],
    );
    expect(left).toEqual([]);
  });
});

describe('an assign that waits for another transaction', () => {
  it('by customer_id uses an e-mail that has changed meanwhile', async () => {
    const { id, customer_id } = await tenant.subscription(2);
    const person = await tenant.create('customers', { email: newEmail() });
    await insertMember(customer_id, person.email);
    const assigning = seat(id, { customer_id: person.id });
    await lockWaiters(wire.api, 1);
    const email = newEmail();
    await wire.send(tenant, 'PATCH', `customers/${person.id}`, { email });
    await other.query('ROLLBACK');
    expect(await assigning).toMatchObject({ status: 200, body: { email } });
  });

  it.each(['COMMIT', 'ROLLBACK'])(
    'by an e-mail that the other transaction inserts seats one person after its %s',
    async (end) => {
      const { id, customer_id } = await tenant.subscription(2);
      const email = newEmail();
      await insertMember(customer_id, email);
      const assigning = seat(id, { email });
      await lockWaiters(wire.api, 1);
      await other.query(end);
      const { status, body } = await assigning;
      expect(status).toBe(200);
      const { items } = (await tenant.call('GET', `/v1/members?email=${email}`)).body;
      expect(items.map(({ id }: { id: string }) => id)).toEqual([body.member_id]);
    },
  );

  it('is refused when its member gets another external id', async () => {
    const { id, customer_id } = await tenant.subscription(1);
    const { id: memberId, email } = await tenant.create('members', {
      customer_id,
      email: newEmail(),
    });
    await other.query(`UPDATE members SET external_id = 'theirs' WHERE id = $1`, [memberId]);
    const assigning = seat(id, { external_member_id: 'ours', email });
    await lockWaiters(wire.api, 1);
    await other.query('COMMIT');
    expect(errorOf(await assigning)).toEqual([400, 'MemberEmailMismatch']);
    const { body } = await tenant.call('GET', `/v1/members/${memberId}`);
    expect(body.external_id).toBe('theirs');
  });

  it('is refused when its external id goes to another e-mail', async () => {
    const { id, customer_id } = await tenant.subscription(1);
    await insertMember(customer_id, newEmail(), 'e-1');
    const assigning = seat(id, { external_member_id: 'e-1', email: newEmail() });
    await lockWaiters(wire.api, 1);
    await other.query('COMMIT');
    expect(errorOf(await assigning)).toEqual([400, 'MemberEmailMismatch']);
  });

  it('creates one customer when two buyers invite the same new person', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const pools = [await tenant.subscription(1), await tenant.subscription(1)];
    const email = newEmail();
    // The other transaction blocks both assigns, and its rollback lets them go on at the same time.
    await other.query(
      `INSERT INTO customers (organization_id, id, created_at, email)
     VALUES ($1, gen_random_uuid(), now(), $2)`,
      [tenant.id, email],
    );
    const assigning = Promise.all(pools.map(({ id }) => seat(id, { email })));
    await lockWaiters(wire.api, 2);
    await other.query('ROLLBACK');
    const answers = await assigning;
    expect(tally(answers)).toEqual({ 200: 2 });
    expect(answers[0]?.body.customer_id).toBe(answers[1]?.body.customer_id);
  });
});

describe('the external id of a member', () => {
  it.each<[string, (customer_id: string) => Promise<[method: string, path: string, body: object]>]>(
    [
      ['created', async (customer_id) => ['POST', 'members', { customer_id, email: newEmail() }]],
      [
        'changed',
        async (customer_id) => {
          const member = await tenant.create('members', { customer_id, email: newEmail() });
          return ['PATCH', `members/${member.id}`, {}];
        },
      ],
    ],
  )('waits for an assign that links external ids when the member is %s', async (_, request) => {
    const { customer_id } = await tenant.subscription(1);
    const [method, path, body] = await request(customer_id);
    const name = JSON.stringify(['linking', customer_id]);
    await other.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
    const writing = wire.send(tenant, method, path, { ...body, external_id: 'ada' });
    const first = await doneOrWaiting(wire.api, writing);
    await other.query('COMMIT');
    expect(first).toBe('waiting');
    expect(await writing).toMatchObject({ body: { external_id: 'ada' } });
  });
});

describe('the name of an existing customer', () => {
  it('is not shown to a buyer who assigns a seat by the e-mail', async () => {
    await setOrganization(wire.api, tenant, { member_model_enabled: false });
    const { id } = await tenant.subscription(2);
    const stranger = await tenant.create('customers', { email: newEmail(), name: 'A Name' });
    expect((await assign(tenant, { subscription_id: id, email: stranger.email })).member.name).toBe(
      null,
    );
  });
});
