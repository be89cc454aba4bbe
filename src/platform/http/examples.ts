/*
 * The objects that the examples of the API description name. The demo organization has all of them,
 * so every printed example works there as it is.
 */

/** The id of one object of each kind, which the examples read and change. */
export const EXAMPLE = {
  organization: 'abdaf644-f56f-4458-8545-28a8d5b72d7f',
  product: '0c248a8f-4d42-44e8-9f5c-d68be68c740f',
  customer: 'a4de5380-2435-4cbb-8e1e-00881c3b21ce',
  member: '68154f43-6092-4f03-b0ff-3c6beebd92e0',
  subscription: '90e263b4-bcab-485e-9fde-35501499f260',
  order: 'cf8d3500-3e2e-4e43-af5c-7a5c50ca8f0c',
  checkout: '06de25be-47e9-4ac2-8da5-cb9429d979d2',
  seat: 'c4c03484-6ac1-42dc-895c-49507516cf99',
  endpoint: '40e73362-60c0-4ee3-b899-fde5bea57408',
  event: '3a693205-280c-4791-a73d-0a051eb92b32',
  token: 'f557a54a-1792-43b9-870b-2236ed24c4b9',
  session: 'cac2c347-c8b4-417a-a39c-b72c2219ffcb',
  delivery: '522e549b-140f-4bbc-bae1-54727577d421',
} as const;

/**
 * Objects for the examples that use up what they name. Each of these examples has an object of its
 * own, so that none spoils another.
 */
export const SPARE = {
  deletedProduct: '639174c3-168f-4937-9bd5-0f06d5e78e0e',
  deletedCustomer: '7cdd1155-438e-4cfb-94d2-28005355da14',
  deletedMember: '288bf2c7-e6a1-463c-a700-f55234c6b18d',
  canceledSubscription: '66e5c544-9c43-4eed-acb2-11c62daeeecf',
  deletedEndpoint: '67474ca3-2525-4c1e-ba90-77d68a41183d',
  revokedToken: '586e0751-f5cf-4de0-8b0c-ea993c1b636c',
  claimedSeat: 'cfc74275-f1ca-49dd-bad3-1d8d9b5a61ec',
  resentSeat: 'fbaab16a-de02-493a-8aac-d854945c05e0',
  replacedSeat: '4222ec0c-3de8-433d-882d-1528b30e2b14',
  revokedSeat: 'fb10d1bf-4b10-4949-b1a4-c70fac7b2ccc',
  bulkRevokedSeat: 'bf2f817b-504e-40b3-9524-1981993bf4c2',
  resentSeatOfPortal: 'b83dd8e5-b2b6-4250-99ac-511f7cec26ea',
  revokedSeatOfPortal: '04a4e145-60d6-4147-b339-353a126f9d35',
} as const;

/** The `external_id` of every object of {@link EXAMPLE} that has one, except the member. */
export const EXAMPLE_EXTERNAL_ID = 'demo';

/** The member of {@link EXAMPLE}, who holds its seat. */
export const EXAMPLE_MEMBER = {
  email: 'barbara@example.com',
  name: 'Barbara Liskov',
  external_id: 'employee_7',
} as const;

/** The people whose seats the example of a bulk revocation names by their e-mails. */
export const LEAVERS = ['niklaus@example.com', 'donald@example.com'];

/** The nonce of the invitation to {@link SPARE.claimedSeat}. */
export const EXAMPLE_NONCE = 'the-docs-example';

/**
 * The token of that invitation under the key that development uses without SECRET_KEYS. Another key
 * makes another token, so this one is worthless outside of a demo.
 */
export const EXAMPLE_TOKEN = 'DnFuN2EhwvBIwhtewk8Jq8XgCa3cx_0yBuF323GTlYQ';

const KEYS: Record<string, string> = {
  product_id: EXAMPLE.product,
  customer_id: EXAMPLE.customer,
  member_id: EXAMPLE.member,
  subscription_id: EXAMPLE.subscription,
  order_id: EXAMPLE.order,
  checkout_id: EXAMPLE.checkout,
  seat_id: EXAMPLE.seat,
  replaced_by: SPARE.replacedSeat,
  organization_id: EXAMPLE.organization,
  endpoint_id: EXAMPLE.endpoint,
  event_id: EXAMPLE.event,
};

/** The example for a key that names an object; undefined for `id`, which does not tell the kind. */
export function exampleIdOf(key: string | symbol): string | undefined {
  return KEYS[String(key)];
}
