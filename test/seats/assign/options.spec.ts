import {
  assign,
  claim,
  errorOf,
  newEmail,
  newSeat,
  problems,
  revoke,
  SEAT_KEYS,
  type Seat,
  SEATS,
  setOrganization,
  tryAssign,
  wholeDatabase,
} from '../fixtures.js';
import { startApp, type Tenant, type TestApp } from '../../support/app.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
beforeEach(async () => {
  tenant = await api.tenant();
});
afterAll(() => api?.close());

const withInvitation = (path: string, body?: object) =>
  tenant.call('POST', `${SEATS}${path}?include=invitation`, { ...(body && { body }) });

const invitesOf = async (seatId: string) =>
  (await api.database.sql('SELECT invites FROM events WHERE seat_id = $1', [seatId])).map(
    (row) => row['invites'],
  );

/** How long the invitation of a new seat lasts, in seconds. */
const secondsOf = ({ invitation_token_expires_at, created_at }: Seat) =>
  (Date.parse(invitation_token_expires_at as string) - Date.parse(created_at)) / 1000;

describe('send_invitation', () => {
  it.each([
    [undefined, true],
    [null, true],
    [true, true],
    ['off', false],
    [false, false],
  ])('of %p requests a mail: %p', async (send_invitation, expected) => {
    const seat = await newSeat(tenant, { send_invitation });
    expect(seat.status).toBe('pending');
    expect(await invitesOf(seat.id)).toEqual([expected]);
  });

  it('of false does not keep a resend from sending a mail', async () => {
    const seat = await newSeat(tenant, { send_invitation: false });
    expect((await tenant.call('POST', `${SEATS}/${seat.id}/resend`)).status).toBe(200);
    expect(await invitesOf(seat.id)).toEqual([false, true]);
  });

  it('is refused when it is not a boolean', async () => {
    const { id } = await tenant.subscription(1);
    const body = { subscription_id: id, email: newEmail(), send_invitation: 'maybe' };
    expect(problems(await tryAssign(tenant, body))).toEqual([
      ['bool_parsing', 'body', 'send_invitation'],
    ]);
  });
});

describe('invitation_expires_in', () => {
  it.each([60, 3_600, 31_536_000])(
    'sets an expiry of %d seconds',
    async (invitation_expires_in) => {
      expect(secondsOf(await newSeat(tenant, { invitation_expires_in }))).toBe(
        invitation_expires_in,
      );
    },
  );

  it.each([
    [59, 'greater_than_equal'],
    [31_536_001, 'less_than_equal'],
    [60.5, 'int_parsing'],
    ['soon', 'int_parsing'],
  ])('is refused when it is %p', async (invitation_expires_in, type) => {
    const { id } = await tenant.subscription(1);
    const body = { subscription_id: id, email: newEmail(), invitation_expires_in };
    expect(problems(await tryAssign(tenant, body))).toEqual([
      [type, 'body', 'invitation_expires_in'],
    ]);
  });

  it("defaults to the organization's setting, by e-mail and by member id", async () => {
    await setOrganization(api, tenant, { invitation_expires_in: 7_200 });
    const { id, customer_id } = await tenant.subscription(2);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    for (const person of [{ email: newEmail() }, { member_id: member.id }]) {
      expect(secondsOf(await assign(tenant, { subscription_id: id, ...person }))).toBe(7_200);
    }
  });
});

describe('if_assigned: "return"', () => {
  it('returns the seat that the person has, and makes no new one', async () => {
    const { id } = await tenant.subscription(2);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const persons = [{ email: seat.email.toUpperCase() }, { member_id: seat.member_id }];
    for (const person of persons) {
      const answer = await tryAssign(tenant, {
        subscription_id: id,
        ...person,
        if_assigned: 'return',
        metadata: { other: true },
      });
      expect(answer).toMatchObject({ status: 200, body: seat });
    }
  });

  it('returns the seat even on a full pool, where a new person is refused', async () => {
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const body = { subscription_id: id, if_assigned: 'return' };
    expect((await tryAssign(tenant, { ...body, email: seat.email })).body).toEqual(seat);
    expect(errorOf(await tryAssign(tenant, { ...body, email: newEmail() }))).toEqual([
      400,
      'SeatNotAvailable',
    ]);
  });

  it('makes a new seat for a person whose seat was revoked', async () => {
    const seat = await newSeat(tenant);
    await revoke(tenant, seat.id);
    const again = await assign(tenant, {
      subscription_id: seat.subscription_id,
      email: seat.email,
      if_assigned: 'return',
    });
    expect(again.id).not.toBe(seat.id);
  });

  it('shows no invitation of the existing seat', async () => {
    const seat = await newSeat(tenant);
    const { subscription_id, email } = seat;
    const answer = await withInvitation('', { subscription_id, email, if_assigned: 'return' });
    expect(answer.body).toEqual({ ...seat, invitation: null });
  });

  it('is refused when the purchase gives no seats', async () => {
    const seat = await newSeat(tenant);
    const { subscription_id, email } = seat;
    const unpaid = { body: { status: 'unpaid' } };
    await tenant.call('PATCH', `/v1/subscriptions/${subscription_id}`, unpaid);
    const body = { subscription_id, email, if_assigned: 'return' };
    expect(errorOf(await tryAssign(tenant, body))).toEqual([400, 'SeatNotAvailable']);
    const bulk = { body: { subscription_id, seats: [{ email, if_assigned: 'return' }] } };
    const { failed } = (await tenant.call('POST', `${SEATS}/bulk`, bulk)).body;
    expect(failed).toMatchObject([{ index: 0, error: 'SeatNotAvailable' }]);
  });

  it('is refused when two keys name two people', async () => {
    const { id: subscription_id } = await tenant.subscription(2);
    const person = { email: newEmail(), external_member_id: 'one' };
    await assign(tenant, { subscription_id, ...person });
    for (const other of [{ email: newEmail() }, { external_member_id: 'two' }]) {
      const body = { subscription_id, ...person, ...other, if_assigned: 'return' };
      expect(errorOf(await tryAssign(tenant, body))).toEqual([400, 'MemberEmailMismatch']);
    }
  });

  it('links the external id that names the person', async () => {
    const seat = await newSeat(tenant);
    const { id, subscription_id, email } = seat;
    const person = { subscription_id, external_member_id: 'three', if_assigned: 'return' };
    const answer = await tryAssign(tenant, { ...person, email });
    expect(answer.body).toMatchObject({ id, member: { external_id: 'three' } });
    expect((await tryAssign(tenant, person)).body).toMatchObject({ id });
  });

  it('works without the member model', async () => {
    await setOrganization(api, tenant, { member_model_enabled: false });
    const { id } = await tenant.subscription(1);
    const seat = await assign(tenant, { subscription_id: id, email: newEmail() });
    const body = { subscription_id: id, customer_id: seat.customer_id, if_assigned: 'return' };
    expect((await tryAssign(tenant, body)).body).toEqual(seat);
  });
});

describe('if_assigned', () => {
  it('answers 400 to a duplicate when it is "error", and 422 when it is unknown', async () => {
    const { subscription_id, email } = await newSeat(tenant);
    const body = { subscription_id, email, if_assigned: 'error' };
    expect(errorOf(await tryAssign(tenant, body))).toEqual([400, 'SeatAlreadyAssigned']);
    expect(problems(await tryAssign(tenant, { ...body, if_assigned: 'ignore' }))).toEqual([
      ['enum', 'body', 'if_assigned'],
    ]);
  });
});

describe('include=invitation', () => {
  it('shows a token only in this response, and stores it nowhere', async () => {
    const { id } = await tenant.subscription(1);
    const { body } = await withInvitation('', { subscription_id: id, email: newEmail() });
    expect(Object.keys(body).sort()).toEqual([...SEAT_KEYS, 'invitation'].sort());
    const { token, url, expires_at } = body.invitation;
    expect(token).toMatch(/^[\w-]{43,}$/);
    expect(url).toBe(`${api.settings.publicUrl}/claim?token=${token}`);
    expect(expires_at).toBe(body.invitation_token_expires_at);
    expect(await wholeDatabase(api)).not.toContain(token);
    const seat = await tenant.call('GET', `${SEATS}/${body.id}?include=invitation`);
    expect('invitation' in seat.body).toBe(false);
    expect((await claim(api, token)).status).toBe(200);
  });

  it("shows a link to the organization's own page", async () => {
    await setOrganization(api, tenant, {
      claim_url_template: 'https://app.example.com/join?t={token}',
    });
    const { id, customer_id } = await tenant.subscription(2);
    const member = await tenant.create('members', { customer_id, email: newEmail() });
    for (const person of [{ email: newEmail() }, { member_id: member.id }]) {
      const { body } = await withInvitation('', { subscription_id: id, ...person });
      const { token, url } = body.invitation;
      expect(url).toBe(`https://app.example.com/join?t=${token}`);
    }
  });

  it('shows the new invitation of a resend', async () => {
    const seat = await newSeat(tenant);
    const { body } = await withInvitation(`/${seat.id}/resend`);
    expect((await claim(api, body.invitation.token)).body.seat.id).toBe(seat.id);
  });

  it('shows null for a seat that is claimed at once', async () => {
    const { id } = await tenant.subscription(1);
    const body = { subscription_id: id, email: newEmail(), immediate_claim: true };
    expect((await withInvitation('', body)).body.invitation).toBeNull();
  });

  it('answers 422 to another value', async () => {
    const { id } = await tenant.subscription(1);
    const body = { subscription_id: id, email: newEmail() };
    const answer = await tenant.call('POST', `${SEATS}?include=secrets`, { body });
    expect(problems(answer)).toEqual([['enum', 'query', 'include']]);
  });
});
