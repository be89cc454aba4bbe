import {
  EXAMPLE,
  EXAMPLE_EXTERNAL_ID,
  EXAMPLE_MEMBER,
  EXAMPLE_TOKEN,
  SPARE,
} from '../platform/http/examples.js';

/*
 * The examples of the parameters, by route. The docs page fills them in. An optional parameter has an
 * example only where the route needs one of several.
 */

const PARAMETERS: Record<string, Record<string, string>> = {
  'get /v1/customer-seats': { subscription_id: EXAMPLE.subscription },
  'get /v1/customer-seats/{seat_id}': { seat_id: EXAMPLE.seat },
  'patch /v1/customer-seats/{seat_id}': { seat_id: EXAMPLE.seat },
  'delete /v1/customer-seats/{seat_id}': { seat_id: SPARE.revokedSeat },
  'post /v1/customer-seats/{seat_id}/replace': { seat_id: SPARE.replacedSeat },
  'post /v1/customer-seats/{seat_id}/resend': { seat_id: SPARE.resentSeat },
  'get /v1/customer-seats/{seat_id}/events': { seat_id: EXAMPLE.seat },
  'get /v1/customer-seats/claim/{invitation_token}': { invitation_token: EXAMPLE_TOKEN },
  'get /v1/customer-seats/claim/{invitation_token}/stream': { invitation_token: EXAMPLE_TOKEN },
  'get /v1/access': { product_id: EXAMPLE.product, email: EXAMPLE_MEMBER.email },

  'get /v1/customer-portal/seats': { subscription_id: EXAMPLE.subscription },
  'delete /v1/customer-portal/seats/{seat_id}': { seat_id: SPARE.revokedSeatOfPortal },
  'post /v1/customer-portal/seats/{seat_id}/resend': { seat_id: SPARE.resentSeatOfPortal },

  'get /v1/webhooks/endpoints/{id}': { id: EXAMPLE.endpoint },
  'patch /v1/webhooks/endpoints/{id}': { id: EXAMPLE.endpoint },
  'delete /v1/webhooks/endpoints/{id}': { id: SPARE.deletedEndpoint },
  'patch /v1/webhooks/endpoints/{id}/secret': { id: EXAMPLE.endpoint },
  'post /v1/webhooks/endpoints/{id}/test': { id: EXAMPLE.endpoint },
  'post /v1/webhooks/events/{id}/redeliver': { id: EXAMPLE.event },

  ...ofKind('products', EXAMPLE.product),
  'delete /v1/products/{id}': { id: SPARE.deletedProduct },
  ...ofKind('customers', EXAMPLE.customer),
  'delete /v1/customers/{id}': { id: SPARE.deletedCustomer },
  ...ofKind('members', EXAMPLE.member),
  'get /v1/members/external/{external_id}': {
    external_id: EXAMPLE_MEMBER.external_id,
    customer_id: EXAMPLE.customer,
  },
  'delete /v1/members/{id}': { id: SPARE.deletedMember },
  ...ofKind('subscriptions', EXAMPLE.subscription),
  'put /v1/subscriptions/external/{external_id}': { external_id: 'sub_1042' },
  'delete /v1/subscriptions/{id}': { id: SPARE.canceledSubscription },
  ...ofKind('orders', EXAMPLE.order),
  'put /v1/orders/external/{external_id}': { external_id: 'order_1042' },
  ...ofKind('checkouts', EXAMPLE.checkout),
  'delete /v1/organization-access-tokens/{id}': { id: SPARE.revokedToken },
};

/** The reads and the change of an object that the demo keeps. */
function ofKind(plural: string, id: string): Record<string, Record<string, string>> {
  return {
    [`get /v1/${plural}/external/{external_id}`]: { external_id: EXAMPLE_EXTERNAL_ID },
    [`get /v1/${plural}/{id}`]: { id },
    [`patch /v1/${plural}/{id}`]: { id },
  };
}

/** Bodies for the routes that share a request class with another route, by the route. */
const BODIES: Record<string, Record<string, object>> = {
  'post /v1/customer-portal/seats': {
    'By e-mail': { subscription_id: EXAMPLE.subscription, email: 'evelyn@example.com' },
  },
};

interface DescribedOperation {
  parameters?: { name: string; example?: unknown; schema: object }[];
}

/** Sets the examples of the parameters of a route, and removes those of the others. */
export function addParameterExamples(
  method: string,
  path: string,
  { parameters = [] }: DescribedOperation,
): void {
  const examples = PARAMETERS[`${method} ${path}`] ?? {};
  for (const parameter of parameters) {
    // A class of parameters can belong to several routes, whose examples differ.
    parameter.schema = withoutExample(parameter.schema);
    const example = examples[parameter.name];
    if (example !== undefined) parameter.example = example;
  }
}

function withoutExample({ example: _, ...schema }: { example?: unknown }): object {
  return schema;
}

/** The bodies that a route shows instead of those of its request class, by their titles. */
export function bodyExamplesOfRoute(
  method: string,
  path: string,
): Record<string, object> | undefined {
  return BODIES[`${method} ${path}`];
}
