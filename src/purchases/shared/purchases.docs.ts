/** What PUT …/external/{external_id} does, said of an order or a subscription. */
export function putDescription(object: 'order' | 'subscription'): string {
  return (
    `Makes the ${object} with this external_id be as the body says: created if there is none ` +
    '(201), else changed where it differs (200). Repeating the request changes nothing and tells ' +
    'nobody; requests at the same time all succeed. `product` and `customer` may be given inline, ' +
    'and are created or changed by their external_id. Keys that are not sent, or null, stay as ' +
    `they are. The ${object} can pass to another product, and to another customer while none of ` +
    'its seats are assigned. `seats` below the assigned: see `on_overflow`.'
  );
}

/** What PATCH does with the keys that an order and a subscription share. */
export const PATCH_DESCRIPTION =
  'Keys that are not sent stay as they are; null clears a key that may be null. `seats` changes ' +
  'the size of the pool, below what is assigned as `on_overflow` says.';
