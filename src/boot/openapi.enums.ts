import { EVENT_TYPES } from '../events/event.js';
import { ACTOR_TYPES } from '../platform/caller.js';
import { type Json, schemaRef, type Schema } from '../platform/http/openapi.schema.js';
import { LOCALES } from '../organizations/organization.js';
import { SCOPES } from '../organizations/scopes.js';
import { CHECKOUT_STATUSES } from '../purchases/checkouts/checkout.js';
import { CUSTOMER_TYPES } from '../purchases/customers/customer.js';
import { MEMBER_ROLES } from '../purchases/members/member.js';
import { ORDER_STATUSES } from '../purchases/orders/order.js';
import { SUBSCRIPTION_STATUSES } from '../purchases/subscriptions/subscription.js';
import { OVERFLOWS } from '../seats/pool/pool.rules.js';
import { REVOKE_REASONS, SEAT_STATUSES } from '../seats/seat.js';

/** The sets of values that have a name in the API description, so that clients get a type for each. */
const NAMED: Record<string, { values: readonly string[]; description: string }> = {
  SeatStatus: {
    values: SEAT_STATUSES,
    description:
      '`pending`: the person is invited. `claimed`: the person uses the seat. `revoked`: the seat ' +
      'has ended.',
  },
  RevokeReason: { values: REVOKE_REASONS, description: 'Why a seat was revoked.' },
  EventType: { values: EVENT_TYPES, description: 'The type of an event.' },
  ActorType: { values: ACTOR_TYPES, description: 'The kind of author of a change.' },
  SubscriptionStatus: {
    values: SUBSCRIPTION_STATUSES,
    description: 'The state of a subscription.',
  },
  OrderStatus: { values: ORDER_STATUSES, description: 'The state of an order.' },
  CheckoutStatus: { values: CHECKOUT_STATUSES, description: 'The state of a checkout.' },
  OverflowPolicy: {
    values: OVERFLOWS,
    description: 'The action when a purchase shrinks below its assigned seats.',
  },
  MemberRole: { values: MEMBER_ROLES, description: 'The role of a person in the portal.' },
  CustomerType: { values: CUSTOMER_TYPES, description: 'A single person or a team.' },
  Scope: {
    values: SCOPES,
    description: 'A right of an access token. Write does not include read.',
  },
  Locale: { values: LOCALES, description: 'A language of mails and pages.' },
};

/** The schemas of the named sets of values. */
export function enumSchemas(): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(NAMED).map(([name, { values, description }]) => [
      name,
      { type: 'string', description, enum: [...values] },
    ]),
  );
}

const BY_VALUES = new Map(
  Object.entries(NAMED).map(([name, { values }]) => [values.join(), name] as const),
);

/** Replaces each set of values that has a name by a reference to its schema. */
export function withNamedEnums(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNamedEnums);
  if (typeof node !== 'object' || node === null) return node;
  const copy: Json = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, withNamedEnums(value)]),
  );
  const values = copy['enum'];
  const name = Array.isArray(values) ? BY_VALUES.get(values.join()) : undefined;
  if (name === undefined) return copy;
  const { type: _type, enum: _enum, ...rest } = copy;
  return { ...rest, ...schemaRef(name) };
}
