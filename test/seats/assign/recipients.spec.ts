import { startApp, type Tenant, type TestApp } from '../../support/app.js';
import {
  anonymous,
  assign,
  errorOf,
  newEmail,
  UNKNOWN_ID,
  problems,
  revoke,
  type Seat,
  setOrganization,
  tryAssign,
} from '../fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: { id: string; customer_id: string };

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
  subscription = await tenant.subscription(5);
});
afterAll(() => api?.close());

const give = (recipient: object) =>
  tryAssign(tenant, { subscription_id: subscription.id, ...recipient });
const seat = (recipient: object) =>
  assign(tenant, { subscription_id: subscription.id, ...recipient });
const member = (more: object = {}) =>
  tenant.create('members', { customer_id: subscription.customer_id, email: newEmail(), ...more });
const customer = (more: object = {}) => tenant.create('customers', { email: newEmail(), ...more });

describe('the keys that name a person', () => {
  const VALUES: Record<string, string> = {
    email: 'ada@example.com',
    customer_id: UNKNOWN_ID,
    external_customer_id: 'c',
    member_id: UNKNOWN_ID,
    external_member_id: 'm',
  };
  const names = Object.keys(VALUES);
  const pairs = names.flatMap((one, index) => names.slice(index + 1).map((two) => [one, two]));
  const pick = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, VALUES[key]]));
  const forbidden = pairs.filter((pair) => pair.join() !== 'email,external_member_id');

  it.each(forbidden)('cannot be %s and %s together', async (...pair) => {
    expect(problems(await give(pick(...pair)))).toEqual([['value_error', 'body']]);
  });

  it('can be email and external_member_id together', async () => {
    expect((await give(pick('email', 'external_member_id'))).status).toBe(200);
  });

  it('cannot be three', async () => {
    const answer = await give(pick('email', 'external_member_id', 'member_id'));
    expect(problems(answer)).toEqual([['value_error', 'body']]);
  });

  it.each([[{}], [{ email: null, member_id: null }]])(
    'cannot be missing: %j',
    async (recipient) => {
      expect(problems(await give(recipient))).toEqual([['value_error', 'body']]);
    },
  );

  it('are ignored when they are null', async () => {
    expect((await give({ email: newEmail(), customer_id: null })).status).toBe(200);
  });
});

describe.each([true, false])('an assign with member_model_enabled %s', (enabled) => {
  beforeEach(() => setOrganization(api, tenant, { member_model_enabled: enabled }));

  /** With the member model the seat has the buyer as its customer, without it the person. */
  const expectCustomer = ({ customer_id }: Seat) =>
    expect(customer_id === subscription.customer_id).toBe(enabled);

  it('creates a member of the buyer for a new e-mail', async () => {
    const row = await seat({ email: 'new@example.com' });
    expectCustomer(row);
    expect(row.email).toBe('new@example.com');
    expect(row.member).toMatchObject({
      id: row.member_id,
      customer_id: subscription.customer_id,
      email: 'new@example.com',
      role: 'member',
      external_id: null,
    });
  });

  it('shows in customer_email the e-mail of the person, not of the buyer, in events too', async () => {
    const row = await seat({ email: 'new@example.com' });
    expect(row.customer_email).toBe('new@example.com');
    const { body } = await tenant.call('GET', `/v1/customer-seats/${row.id}/events`);
    expect(body.items[0].data.customer_email).toBe('new@example.com');
  });

  it("shows the person's e-mail in an event of the previous release", async () => {
    const row = await seat({ email: 'new@example.com' });
    await api.database.sql(
      `UPDATE events SET data = data || '{"customer_email": "buyer@example.com"}' WHERE seat_id = $1`,
      [row.id],
    );
    const { body } = await tenant.call('GET', `/v1/customer-seats/${row.id}/events`);
    expect(body.items[0].data.customer_email).toBe('new@example.com');
  });

  it('finds the member by an e-mail, regardless of case', async () => {
    const known = await member({ email: 'Ada@example.com' });
    const row = await seat({ email: 'aDA@EXAMPLE.com' });
    expectCustomer(row);
    expect(row).toMatchObject({ member_id: known.id, email: 'Ada@example.com' });
  });

  it('seats the owner by the e-mail of the buyer', async () => {
    const buyer = (await tenant.call('GET', `/v1/customers/${subscription.customer_id}`)).body;
    const row = await seat({ email: buyer.email });
    expect(row).toMatchObject({ customer_id: buyer.id, member: { role: 'owner' } });
  });

  it('finds the member by member_id', async () => {
    const known = await member();
    const row = await seat({ member_id: known.id });
    expectCustomer(row);
    expect(row).toMatchObject({ member_id: known.id, email: known.email });
  });

  it('finds the member by external_member_id', async () => {
    const known = await member({ external_id: 'e-1' });
    const row = await seat({ external_member_id: 'e-1' });
    expectCustomer(row);
    expect(row).toMatchObject({ member_id: known.id, email: known.email });
    expect(row.member.external_id).toBe('e-1');
  });

  it('creates a member for an unknown external_member_id with an e-mail', async () => {
    const row = await seat({ external_member_id: 'e-1', email: 'new@example.com' });
    expectCustomer(row);
    expect(row.member).toMatchObject({ external_id: 'e-1', email: 'new@example.com' });
  });

  it('links an unknown external_member_id to the member with the e-mail', async () => {
    const known = await member();
    const row = await seat({ external_member_id: 'e-1', email: known.email.toUpperCase() });
    expect(row.member).toMatchObject({ id: known.id, external_id: 'e-1' });
  });

  it('accepts a known external_member_id with its own e-mail, regardless of case', async () => {
    const known = await member({ external_id: 'e-1' });
    const row = await seat({ external_member_id: 'e-1', email: known.email.toUpperCase() });
    expect(row.member_id).toBe(known.id);
  });

  it('refuses a known external_member_id with another e-mail', async () => {
    await member({ external_id: 'e-1' });
    const answer = await give({ external_member_id: 'e-1', email: newEmail() });
    expect(errorOf(answer)).toEqual([400, 'MemberEmailMismatch']);
  });

  it('refuses to link a member who has another external_member_id', async () => {
    const known = await member({ external_id: 'e-2' });
    const answer = await give({ external_member_id: 'e-1', email: known.email });
    expect(errorOf(answer)).toEqual([400, 'MemberEmailMismatch']);
  });

  it.each([
    ['member_id', UNKNOWN_ID],
    ['external_member_id', 'unknown'],
  ])('answers 404 to an unknown %s', async (key, value) => {
    expect(errorOf(await give({ [key]: value }))).toEqual([404, 'MemberNotFound']);
  });

  it('answers 404 to a member of another buyer', async () => {
    const other = await customer();
    const stranger = await member({ customer_id: other.id, external_id: 'e-1' });
    const byId = await give({ member_id: stranger.id });
    const byExternal = await give({ external_member_id: 'e-1' });
    expect([errorOf(byId), errorOf(byExternal)]).toEqual([
      [404, 'MemberNotFound'],
      [404, 'MemberNotFound'],
    ]);
  });

  it('seats a customer by id and by external id', async () => {
    const [one, two] = [await customer({ name: 'One' }), await customer({ external_id: 'c-2' })];
    const rows = [
      await seat({ customer_id: one.id }),
      await seat({ external_customer_id: 'c-2' }),
    ] as const;
    rows.forEach(expectCustomer);
    expect(rows.map((row) => row.email)).toEqual([one.email, two.email]);
    expect(rows[0].member).toMatchObject({ email: one.email, name: 'One' });
    expect(rows[0].member.customer_id).toBe(subscription.customer_id);
  });

  it.each([
    ['customer_id', UNKNOWN_ID],
    ['external_customer_id', 'unknown'],
  ])('refuses an unknown %s', async (key, value) => {
    const expected = enabled ? [400, 'InvalidSeatAssignmentRequest'] : [404, 'CustomerNotFound'];
    expect(errorOf(await give({ [key]: value }))).toEqual(expected);
  });

  it('answers the same to a customer of another tenant and an unknown one', async () => {
    const other = await (await api.tenant()).create('customers', { email: newEmail() });
    const unknown = await give({ customer_id: UNKNOWN_ID });
    const foreign = await give({ customer_id: other.id });
    expect(foreign.status).toBe(unknown.status);
    expect(anonymous(foreign, other.id)).toEqual(anonymous(unknown));
  });

  it('refuses a customer without an e-mail', async () => {
    const { id } = await tenant.create('customers', { external_id: 'c-1' });
    const answer = await give({ customer_id: id });
    expect(errorOf(answer)).toEqual([400, 'InvalidSeatAssignmentRequest']);
  });

  it.each(['email', 'member_id', 'external_member_id', 'customer_id', 'external_customer_id'])(
    'refuses a second seat for the same person by %s',
    async (key) => {
      const person = await customer({ external_id: 'c-1' });
      const known = await member({ email: person.email, external_id: 'm-1' });
      await seat({ email: person.email });
      const keys: Record<string, string> = {
        email: person.email.toUpperCase(),
        member_id: known.id,
        external_member_id: 'm-1',
        customer_id: person.id,
        external_customer_id: 'c-1',
      };
      const answer = await give({ [key]: keys[key] });
      expect(errorOf(answer)).toEqual([400, 'SeatAlreadyAssigned']);
    },
  );

  it('gives the same person a seat of each container', async () => {
    const order = await tenant.order(1, { customer_id: subscription.customer_id });
    const one = await seat({ email: 'ada@example.com' });
    const two = await assign(tenant, { order_id: order.id, email: 'ada@example.com' });
    expect(two.member_id).toBe(one.member_id);
    expect(two.customer_id).toBe(one.customer_id);
  });

  it('seats a deleted member, who has lost the seat, as a new member', async () => {
    const first = await seat({ email: 'ada@example.com' });
    await tenant.call('DELETE', `/v1/members/${first.member_id}`);
    expect((await revoke(tenant, first.id)).body.status).toBe('revoked');
    const second = await seat({ email: 'ada@example.com' });
    expect(second.member_id).not.toBe(first.member_id);
    expect(errorOf(await give({ member_id: first.member_id }))).toEqual([404, 'MemberNotFound']);
  });

  it('refuses a deleted customer by id, and seats a new customer by the same e-mail', async () => {
    const person = await customer({ email: 'ada@example.com' });
    await tenant.call('DELETE', `/v1/customers/${person.id}`);
    expect((await give({ customer_id: person.id })).status).toBe(enabled ? 400 : 404);
    expect((await seat({ email: 'ada@example.com' })).customer_id).not.toBe(person.id);
  });

  it('gives the external id of a deleted member to a new one', async () => {
    const known = await member({ external_id: 'e-1' });
    await tenant.call('DELETE', `/v1/members/${known.id}`);
    const row = await seat({ external_member_id: 'e-1', email: known.email });
    expect(row.member_id).not.toBe(known.id);
  });
});

describe('an assign without the member model', () => {
  beforeEach(() => setOrganization(api, tenant, { member_model_enabled: false }));

  it('seats the existing customer with the e-mail', async () => {
    const person = await customer({ email: 'Ada@example.com' });
    expect(await seat({ email: 'ada@example.com' })).toMatchObject({
      customer_id: person.id,
      customer_email: 'Ada@example.com',
    });
  });

  it('seats a person in the pools of two buyers as one customer and two members', async () => {
    const other = await tenant.subscription(1);
    const one = await seat({ email: 'ada@example.com' });
    const two = await assign(tenant, { subscription_id: other.id, email: 'ada@example.com' });
    expect(two.customer_id).toBe(one.customer_id);
    expect(two.member_id).not.toBe(one.member_id);
  });

  it('refuses a second seat for a customer who has changed their e-mail', async () => {
    const person = await customer();
    await seat({ customer_id: person.id });
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body: { email: newEmail() } });
    expect(errorOf(await give({ customer_id: person.id }))).toEqual([400, 'SeatAlreadyAssigned']);
  });

  it('refuses a second seat for a customer whose seat has kept the old e-mail', async () => {
    const person = await customer();
    await seat({ customer_id: person.id });
    // Another member of the buyer has the new e-mail, so the seat keeps the old one.
    const { email } = await member();
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body: { email } });
    expect(errorOf(await give({ customer_id: person.id }))).toEqual([400, 'SeatAlreadyAssigned']);
  });

  it('seats the buyer once, although older seats have the buyer as their customer', async () => {
    await setOrganization(api, tenant, { member_model_enabled: true });
    for (let count = 0; count < 3; count += 1) await seat({ email: newEmail() });
    await setOrganization(api, tenant, { member_model_enabled: false });
    const buyer = { customer_id: subscription.customer_id };
    expect(await seat(buyer)).toMatchObject({ ...buyer, member: { role: 'owner' } });
    expect(errorOf(await give(buyer))).toEqual([400, 'SeatAlreadyAssigned']);
  });
});
