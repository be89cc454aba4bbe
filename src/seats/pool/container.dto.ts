import { TextField, UuidField } from '../../platform/http/request-fields.js';
import type { ContainerKeys } from '../seats.rules.js';

/** The container of a request. {@link containerProblem} defines which keys can be combined. */
export class ContainerDto implements ContainerKeys {
  @UuidField({
    description: 'The id of the subscription. Exactly one of the three container ids is required.',
  })
  subscription_id?: string;

  @UuidField({ description: 'The id of the order.' })
  order_id?: string;

  @UuidField({
    description:
      'The id of a succeeded checkout. Its subscription is used, or else its earliest order.',
  })
  checkout_id?: string;

  @TextField({
    description: 'The client secret of the checkout. If it is sent, it must match.',
    secret: true,
  })
  checkout_client_secret?: string;
}
