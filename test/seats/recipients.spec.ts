import type { Tenant, TestApp } from '../support/app.js';
import { startApp } from '../support/app.js';
import {
  assign,
  errorOf,
  newEmail,
  NOBODY,
  problems,
  revoke,
  setOrganization,
  tryAssign,
} from './fixtures.js';

let api: TestApp;
let tenant: Tenant;
let subscription: any;

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
    customer_id: NOBODY,
    external_customer_id: 'c',
    member_id: NOBODY,
    external_member_id: 'm',
  };
  const names = Object.keys(VALUES);
  const pairs = names.flatMap((one, index) => names.slice(index + 1).map((two) => [one, two]));
  const pick = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, VALUES[key]]));
  const forbidden = pairs.filter((pair) => pair.join() !== 'email,external_member_id');

  test.each(forbidden)('%s and %s exclude each other', async (...pair) => {
    expect(problems(await give(pick(...pair)))).toEqual([['value_error', 'body']]);
  });

  test('email and external_member_id go together', async () => {
    expect((await give(pick('email', 'external_member_id'))).status).toBe(200);
  });

  test('three are too many', async () => {
    const answer = await give(pick('email', 'external_member_id', 'member_id'));
    expect(problems(answer)).toEqual([['value_error', 'body']]);
  });

  test.each([[{}], [{ email: null, member_id: null }]])('%j names nobody', async (recipient) => {
    expect(problems(await give(recipient))).toEqual([['value_error', 'body']]);
  });

  test('a null beside a key is not there', async () => {
    expect((await give({ email: newEmail(), customer_id: null })).status).toBe(200);
  });
});

describe.each([true, false])('with member_model_enabled %s', (enabled) => {
  beforeEach(() => setOrganization(api, tenant, { member_model_enabled: enabled }));

  /** Whose the seat is: the buyer's, or that of the person as a customer. */
  const isTheirs = (row: any) => expect(row.customer_id === subscription.customer_id).toBe(enabled);

  test('a new e-mail becomes a member of the buyer', async () => {
    const row = await seat({ email: 'new@example.com' });
    isTheirs(row);
    expect(row.email).toBe('new@example.com');
    expect(row.member).toMatchObject({
      id: row.member_id,
      customer_id: subscription.customer_id,
      email: 'new@example.com',
      role: 'member',
      external_id: null,
    });
  });

  test('customer_email is the e-mail of the customer in customer_id', async () => {
    const row = await seat({ email: 'new@example.com' });
    const shown = await tenant.call('GET', `/v1/customers/${row.customer_id}`);
    expect(row.customer_email).toBe(shown.body.email);
  });

  test('a known e-mail finds the member, whatever its case', async () => {
    const known = await member({ email: 'Ada@example.com' });
    const row = await seat({ email: 'aDA@EXAMPLE.com' });
    isTheirs(row);
    expect(row).toMatchObject({ member_id: known.id, email: 'Ada@example.com' });
  });

  test('the e-mail of the buyer gives a seat to the owner', async () => {
    const buyer = (await tenant.call('GET', `/v1/customers/${subscription.customer_id}`)).body;
    const row = await seat({ email: buyer.email });
    expect(row).toMatchObject({ customer_id: buyer.id, member: { role: 'owner' } });
  });

  test('a member_id finds the member', async () => {
    const known = await member();
    const row = await seat({ member_id: known.id });
    isTheirs(row);
    expect(row).toMatchObject({ member_id: known.id, email: known.email });
  });

  test('an external_member_id finds the member', async () => {
    const known = await member({ external_id: 'e-1' });
    const row = await seat({ external_member_id: 'e-1' });
    isTheirs(row);
    expect(row).toMatchObject({ member_id: known.id, email: known.email });
    expect(row.member.external_id).toBe('e-1');
  });

  test('an unknown external_member_id with an e-mail creates the member', async () => {
    const row = await seat({ external_member_id: 'e-1', email: 'new@example.com' });
    isTheirs(row);
    expect(row.member).toMatchObject({ external_id: 'e-1', email: 'new@example.com' });
  });

  test('an unknown external_member_id links the member with the e-mail', async () => {
    const known = await member();
    const row = await seat({ external_member_id: 'e-1', email: known.email.toUpperCase() });
    expect(row.member).toMatchObject({ id: known.id, external_id: 'e-1' });
  });

  test('a known external_member_id goes with its own e-mail in any case', async () => {
    const known = await member({ external_id: 'e-1' });
    const row = await seat({ external_member_id: 'e-1', email: known.email.toUpperCase() });
    expect(row.member_id).toBe(known.id);
  });

  test('a known external_member_id does not go with another e-mail', async () => {
    await member({ external_id: 'e-1' });
    const answer = await give({ external_member_id: 'e-1', email: newEmail() });
    expect(errorOf(answer)).toEqual([400, 'MemberEmailMismatch']);
  });

  test('a member with another external_member_id is not linked', async () => {
    const known = await member({ external_id: 'e-2' });
    const answer = await give({ external_member_id: 'e-1', email: known.email });
    expect(errorOf(answer)).toEqual([400, 'MemberEmailMismatch']);
  });

  test.each([
    ['member_id', NOBODY],
    ['external_member_id', 'unknown'],
  ])('an unknown %s is not found', async (key, value) => {
    expect(errorOf(await give({ [key]: value }))).toEqual([404, 'MemberNotFound']);
  });

  test('a member of somebody else is not found', async () => {
    const other = await customer();
    const stranger = await member({ customer_id: other.id, external_id: 'e-1' });
    const byId = await give({ member_id: stranger.id });
    const byExternal = await give({ external_member_id: 'e-1' });
    expect([errorOf(byId), errorOf(byExternal)]).toEqual([
      [404, 'MemberNotFound'],
      [404, 'MemberNotFound'],
    ]);
  });

  test('a customer is seated by id and by external id', async () => {
    const [one, two] = [await customer({ name: 'One' }), await customer({ external_id: 'c-2' })];
    const rows = [await seat({ customer_id: one.id }), await seat({ external_customer_id: 'c-2' })];
    rows.forEach(isTheirs);
    expect(rows.map((row) => row.email)).toEqual([one.email, two.email]);
    expect(rows[0].member).toMatchObject({ email: one.email, name: 'One' });
    expect(rows[0].member.customer_id).toBe(subscription.customer_id);
  });

  test.each([
    ['customer_id', NOBODY],
    ['external_customer_id', 'unknown'],
  ])('an unknown %s is refused', async (key, value) => {
    const expected = enabled ? [400, 'InvalidSeatAssignmentRequest'] : [404, 'CustomerNotFound'];
    expect(errorOf(await give({ [key]: value }))).toEqual(expected);
  });

  test('a customer of another tenant is unknown', async () => {
    const other = await (await api.tenant()).create('customers', { email: newEmail() });
    const unknown = await give({ customer_id: NOBODY });
    const foreign = await give({ customer_id: other.id });
    expect([foreign.status, foreign.body]).toEqual([unknown.status, unknown.body]);
  });

  test('a customer without an e-mail cannot be seated', async () => {
    const { id } = await tenant.create('customers', { external_id: 'c-1' });
    const answer = await give({ customer_id: id });
    expect(errorOf(answer)).toEqual([400, 'InvalidSeatAssignmentRequest']);
  });

  test.each(['email', 'member_id', 'external_member_id', 'customer_id', 'external_customer_id'])(
    'who has a seat cannot get another one by %s',
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

  test('the same person may have a seat of each container', async () => {
    const order = await tenant.order(1, { customer_id: subscription.customer_id });
    const one = await seat({ email: 'ada@example.com' });
    const two = await assign(tenant, { order_id: order.id, email: 'ada@example.com' });
    expect(two.member_id).toBe(one.member_id);
    expect(two.customer_id).toBe(one.customer_id);
  });

  test('a deleted member loses the seat and may be assigned again', async () => {
    const first = await seat({ email: 'ada@example.com' });
    await tenant.call('DELETE', `/v1/members/${first.member_id}`);
    expect((await revoke(tenant, first.id)).body.status).toBe('revoked');
    const second = await seat({ email: 'ada@example.com' });
    expect(second.member_id).not.toBe(first.member_id);
    expect(errorOf(await give({ member_id: first.member_id }))).toEqual([404, 'MemberNotFound']);
  });

  test('a deleted customer is unknown, and may come back by e-mail', async () => {
    const person = await customer({ email: 'ada@example.com' });
    await tenant.call('DELETE', `/v1/customers/${person.id}`);
    expect((await give({ customer_id: person.id })).status).toBe(enabled ? 400 : 404);
    expect((await seat({ email: 'ada@example.com' })).customer_id).not.toBe(person.id);
  });

  test('the external id of a deleted member is free again', async () => {
    const known = await member({ external_id: 'e-1' });
    await tenant.call('DELETE', `/v1/members/${known.id}`);
    const row = await seat({ external_member_id: 'e-1', email: known.email });
    expect(row.member_id).not.toBe(known.id);
  });
});

describe('without the member model', () => {
  beforeEach(() => setOrganization(api, tenant, { member_model_enabled: false }));

  test('a known customer with the e-mail is the person', async () => {
    const person = await customer({ email: 'Ada@example.com' });
    expect(await seat({ email: 'ada@example.com' })).toMatchObject({
      customer_id: person.id,
      customer_email: 'Ada@example.com',
    });
  });

  test('the same person in two pools of two buyers is one customer and two members', async () => {
    const other = await tenant.subscription(1);
    const one = await seat({ email: 'ada@example.com' });
    const two = await assign(tenant, { subscription_id: other.id, email: 'ada@example.com' });
    expect(two.customer_id).toBe(one.customer_id);
    expect(two.member_id).not.toBe(one.member_id);
  });

  test('a customer who changed the e-mail cannot be seated twice', async () => {
    const person = await customer();
    await seat({ customer_id: person.id });
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body: { email: newEmail() } });
    expect(errorOf(await give({ customer_id: person.id }))).toEqual([400, 'SeatAlreadyAssigned']);
  });

  test('a customer who kept a seat under the old e-mail cannot be seated twice', async () => {
    const person = await customer();
    await seat({ customer_id: person.id });
    // The buyer knows somebody else by the new one, so the seat stays with the old one.
    const { email } = await member();
    await tenant.call('PATCH', `/v1/customers/${person.id}`, { body: { email } });
    expect(errorOf(await give({ customer_id: person.id }))).toEqual([400, 'SeatAlreadyAssigned']);
  });

  test('the buyer of many seats from before can still be seated once', async () => {
    await setOrganization(api, tenant, { member_model_enabled: true });
    for (let count = 0; count < 3; count += 1) await seat({ email: newEmail() });
    await setOrganization(api, tenant, { member_model_enabled: false });
    const buyer = { customer_id: subscription.customer_id };
    expect(await seat(buyer)).toMatchObject({ ...buyer, member: { role: 'owner' } });
    expect(errorOf(await give(buyer))).toEqual([400, 'SeatAlreadyAssigned']);
  });
});
