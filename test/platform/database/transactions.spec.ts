import type { Caller } from '../../../src/platform/caller.js';
import { OrganizationsRepository } from '../../../src/organizations/organizations.repository.js';
import { MembersRepository } from '../../../src/purchases/members/members.repository.js';
import { ProductsRepository } from '../../../src/purchases/products/products.repository.js';
import { SubscriptionsRepository } from '../../../src/purchases/subscriptions/subscriptions.repository.js';
import { AssignRepository } from '../../../src/seats/assign/assign.repository.js';
import { RecipientsService } from '../../../src/seats/assign/recipients.service.js';
import { PoolsRepository } from '../../../src/seats/pool/pools.repository.js';
import { PoolsService } from '../../../src/seats/pool/pools.service.js';
import { RevokeRepository } from '../../../src/seats/revoke/revoke.repository.js';
import type { PoolRow } from '../../../src/seats/seats.sql.js';
import { startApp, type TestApp } from '../../support/app.js';

const ID = '00000000-0000-4000-8000-000000000000';
const CALLER: Caller = {
  organizationId: ID,
  actor: { type: 'system', id: null },
  requestId: null,
};
const SUBSCRIPTION = { subscription_id: ID };
const NOW = new Date();

describe('a method that joins the transaction of its caller', () => {
  let app: TestApp;
  const get = <T>(type: new (...parameters: never[]) => T): T =>
    app.app.get(type, { strict: false });
  const pools = () => get(PoolsService);

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);
  afterAll(() => app.close());

  it.each<[string, () => Promise<unknown>]>([
    [
      'openPool',
      () =>
        pools().openPool(CALLER, {
          ...SUBSCRIPTION,
          product_id: ID,
          customer_id: ID,
          seats: 1,
          active: true,
        }),
    ],
    ['resize', () => pools().resize(CALLER, SUBSCRIPTION, 1)],
    ['passOn', () => pools().passOn(CALLER, SUBSCRIPTION, { product_id: ID, customer_id: ID })],
    ['setActive', () => pools().setActive(CALLER, SUBSCRIPTION, true)],
    ['revokeAll', () => pools().revokeAll(CALLER, SUBSCRIPTION, 'subscription_ended')],
    ['lockOfMember', () => pools().lockOfMember(CALLER, ID)],
    ['lockOfCustomer', () => pools().lockOfCustomer(CALLER, ID)],
    ['lockLinking', () => pools().lockLinking(ID)],
    ['revokeOfMember', () => pools().revokeOfMember(CALLER, ID, 'member_deleted')],
    ['revokeOfCustomer', () => pools().revokeOfCustomer(CALLER, ID, 'customer_deleted')],
    ['changeEmail', () => pools().changeEmail(CALLER, ID, 'a@example.com', 'b@example.com')],
    ['lockPool', () => get(PoolsRepository).lockPool(ID, SUBSCRIPTION)],
    ['changeCapacity', () => get(PoolsRepository).changeCapacity(CALLER, {} as PoolRow, 1, NOW)],
    [
      'changeOwner',
      () => get(PoolsRepository).changeOwner(ID, ID, { product_id: ID, customer_id: ID }),
    ],
    [
      'decide',
      () => get(RecipientsService).decide(CALLER, {} as PoolRow, [], { places: 1, atomic: false }),
    ],
    ['lockPeople', () => get(AssignRepository).lockPeople('members', ID, [])],
    ['replaceSeat', () => get(AssignRepository).replaceSeat(CALLER, ID, {} as never, NOW)],
    [
      'revokeNewest',
      () => get(RevokeRepository).revokeNewest(CALLER, ID, 1, { pendingOnly: false }, NOW),
    ],
    ['the lock of a product', () => get(ProductsRepository).lock(ID, ID)],
    ['the lock by an external id', () => get(ProductsRepository).lockByExternalId(ID, 'a')],
    ['the lock for a deletion', () => get(ProductsRepository).lockForDeletion(ID, ID)],
    ['the lock against deletion', () => get(ProductsRepository).lockAgainstDeletion(ID, ID)],
    ['the lock of a due subscription', () => get(SubscriptionsRepository).lockDue(ID, ID, NOW)],
    ['the lock of a member', () => get(MembersRepository).lock(ID, ID)],
    ["the lock of a customer's members", () => get(MembersRepository).lockByCustomer(ID, ID)],
    [
      'the lock of seated members',
      () => get(MembersRepository).lockSeatedMembers(ID, ID, 'ada@example.com'),
    ],
    ['the lock of an organization', () => get(OrganizationsRepository).lock(ID)],
  ])('is refused without one: %s', async (_, work) => {
    await expect((async () => work())()).rejects.toThrow('needs a transaction');
  });
});
