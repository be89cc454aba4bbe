import { PeriodEndsService } from '../../src/purchases/subscriptions/period-ends.service.js';
import { eventsOf } from './fixtures.js';
import { assign, newEmail, poolOf, setOrganization, tryAssign } from '../seats/fixtures.js';
import { startApp, type Tenant, type TestApp } from '../support/app.js';
import { startWorker, type TestWorker } from '../support/worker.js';
import { fill, patch, PURCHASES, sell, statesOf } from './fixtures.js';

let api: TestApp;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());
beforeEach(async () => {
  tenant = await api.tenant();
});

describe.each(PURCHASES)('the end of one of the $path', (kind) => {
  it('revokes every seat in the same transaction, even with seats disabled', async () => {
    const { id } = await sell(tenant, kind, 3);
    const seats = await fill(tenant, kind, id, 'pc');
    await setOrganization(api, tenant, { seats_enabled: false });
    const ended = await patch(tenant, kind, id, kind.end);
    expect(ended.body).toMatchObject({ ...kind.end, assigned_seats: 0 });
    expect(await statesOf(api, seats)).toBe('rr');
    const told = (await eventsOf(api, id)).slice(2).map(({ type, reason }) => [type, reason]);
    expect(told).toEqual(Array(2).fill(['customer_seat.revoked', kind.reason]));
  });

  it('revokes seats that a process with a fast clock has just assigned', async () => {
    const { id } = await sell(tenant, kind, 1);
    api.clock.advance(60);
    const seats = await fill(tenant, kind, id, 'p');
    api.clock.advance(-60);
    await patch(tenant, kind, id, kind.end);
    expect(await statesOf(api, seats)).toBe('r');
  });

  it('allows fewer seats in the same request', async () => {
    const { id } = await sell(tenant, kind, 3);
    await fill(tenant, kind, id, 'pc');
    const { status, body } = await patch(tenant, kind, id, { ...kind.end, seats: 1 });
    expect([status, body.seats, body.assigned_seats]).toEqual([200, 1, 0]);
  });
});

describe('an order', () => {
  it('revokes its seats when it becomes void, even with seats disabled', async () => {
    const { id } = await tenant.order(2);
    await assign(tenant, { order_id: id, email: newEmail() });
    await setOrganization(api, tenant, { seats_enabled: false });
    const { body } = await tenant.call('PATCH', `/v1/orders/${id}`, { body: { status: 'void' } });
    expect(body.assigned_seats).toBe(0);
  });
});

describe('cancel_at_period_end', () => {
  let worker: TestWorker;
  beforeAll(async () => {
    worker = await startWorker({ DATABASE_URL: api.database.url });
  });
  afterAll(() => worker.close());

  const endDue = () => worker.app.get(PeriodEndsService).endDue();
  const inSeconds = (seconds: number) =>
    new Date(worker.clock.now().getTime() + seconds * 1000).toISOString();
  const ending = (seconds: number, more = {}) =>
    tenant.subscription(3, {
      cancel_at_period_end: true,
      current_period_end: inSeconds(seconds),
      ...more,
    });
  const get = async (id: string) => (await tenant.call('GET', `/v1/subscriptions/${id}`)).body;

  // Ends subscriptions that other tests of this file left due.
  beforeEach(endDue);

  it('ends the subscription when its period is over, and not earlier', async () => {
    const { id } = await ending(3600);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    expect(await endDue()).toBe(0);
    expect(await get(id)).toMatchObject({ status: 'active', assigned_seats: 1, ended_at: null });

    worker.clock.advance(3601);
    expect(await endDue()).toBe(1);
    expect(await get(id)).toMatchObject({
      status: 'canceled',
      cancel_at_period_end: true,
      assigned_seats: 0,
      ended_at: expect.any(String),
      modified_at: expect.any(String),
    });
    expect(await endDue()).toBe(0);
  });

  it('revokes the seats on behalf of the system, even with seats disabled', async () => {
    const { id } = await ending(60);
    await assign(tenant, { subscription_id: id, email: newEmail() });
    await setOrganization(api, tenant, { seats_enabled: false });
    worker.clock.advance(61);
    await endDue();
    const told = await api.database.sql(
      `SELECT type, reason, actor_type, actor_id FROM events
       WHERE subscription_id = $1 ORDER BY position DESC LIMIT 1`,
      [id],
    );
    expect(told).toEqual([
      {
        type: 'customer_seat.revoked',
        reason: 'subscription_ended',
        actor_type: 'system',
        actor_id: null,
      },
    ]);
    await setOrganization(api, tenant, { seats_enabled: true });
    const late = await tryAssign(tenant, { subscription_id: id, email: newEmail() });
    expect(late.body.error).toBe('SeatNotAvailable');
  });

  it('keeps the time of the cancellation request', async () => {
    const { id, canceled_at } = await ending(60);
    worker.clock.advance(61);
    await endDue();
    expect((await get(id)).canceled_at).toBe(canceled_at);
  });

  it('ends nothing after it was withdrawn', async () => {
    const { id } = await ending(60);
    const body = { cancel_at_period_end: false };
    await tenant.call('PATCH', `/v1/subscriptions/${id}`, { body });
    worker.clock.advance(61);
    expect(await endDue()).toBe(0);
    expect((await get(id)).status).toBe('active');
  });

  it('does nothing when the subscription has ended earlier', async () => {
    const { id } = await ending(60);
    const { body } = await tenant.call('DELETE', `/v1/subscriptions/${id}`);
    worker.clock.advance(61);
    expect(await endDue()).toBe(0);
    expect(await get(id)).toEqual(body);
  });

  it('ends the other subscriptions when one fails, and tries that one again', async () => {
    const [one, two, three] = [await ending(60), await ending(61), await ending(62)];
    worker.clock.advance(63);
    await api.database.sql(
      `CREATE TRIGGER no_end BEFORE UPDATE ON subscriptions FOR EACH ROW
       WHEN (NEW.id = '${two.id}') EXECUTE FUNCTION refuse('on purpose')`,
    );
    const statuses = async () =>
      Promise.all([one, two, three].map(async ({ id }) => (await get(id)).status));
    try {
      expect(await endDue()).toBe(2);
      expect(await statuses()).toEqual(['canceled', 'active', 'canceled']);
    } finally {
      await api.database.sql('DROP TRIGGER no_end ON subscriptions');
    }
    expect(await endDue()).toBe(1);
    expect(await statuses()).toEqual(['canceled', 'canceled', 'canceled']);
  });

  it('ends each subscription once when several workers run at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ending(60)));
    worker.clock.advance(61);
    const counts = await Promise.all([endDue(), endDue(), endDue()]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(20);
  });

  it('leaves no seats when seats are assigned at the same time', async () => {
    const { id } = await ending(60, { seats: 50 });
    const seat = () => tryAssign(tenant, { subscription_id: id, email: newEmail() });
    worker.clock.advance(61);
    await Promise.all([seat(), seat(), endDue(), seat(), seat()]);
    expect(await poolOf(api, id)).toMatchObject({ taken: 0, held: 0, active: false });
  });
});
