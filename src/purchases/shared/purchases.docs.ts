/** The description of PUT …/external/{external_id}. */
export function putDescription(object: 'order' | 'subscription'): string {
  return (
    `Creates the ${object} with this external_id (201), or changes it where it differs from the ` +
    'body (200). Repeating the request changes nothing and writes no event; concurrent requests all ' +
    'succeed. `product` and `customer` may be given inline, and are created or changed by their ' +
    'external_id. Keys that are not sent, or null, stay as they are. The product can always be ' +
    'replaced by another one, the customer only while no seats are assigned. `on_overflow` decides ' +
    'what happens when `seats` is lower than the number of assigned seats.'
  );
}

/** The description of PATCH for the keys that orders and subscriptions share. */
export const PATCH_DESCRIPTION =
  'Keys that are not sent stay as they are; null clears a nullable key. `seats` changes the size ' +
  'of the pool. `on_overflow` decides what happens when it is lower than the number of assigned ' +
  'seats.';
