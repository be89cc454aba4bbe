import { DateTimeProperty, TextProperty, UuidProperty } from './response-properties.js';
import { type FieldOptions, TextField, UuidField } from './request-fields.js';

/** The id that the caller chooses for a new object. */
export function ChosenIdField() {
  return UuidField({
    version4: true,
    description: 'An id of your own choosing, a UUID v4; made by us if absent. 409 if it is taken.',
  });
}

/** The caller's own id for an object. */
export function ExternalIdField(options: Partial<FieldOptions> = {}) {
  return TextField({
    description: 'Your own id for the object. It must be unique; 409 if it is taken.',
    example: 'crm-4711',
    ...options,
  });
}

/** Path of an object: its id. */
export class IdParams {
  @UuidField({ required: true, version4: true, description: 'The id of the object.' })
  id: string;
}

/** Path of an object: the caller's own id for it. */
export class ExternalIdParams {
  @ExternalIdField({ required: true, description: 'The external_id of the object.' })
  external_id: string;
}

/** The properties that every object has. */
export abstract class ObjectDto {
  @UuidProperty('Its id, a UUID v4.')
  id: string;

  @DateTimeProperty('When it was created.')
  created_at: Date;

  @DateTimeProperty('When it last changed; null until the first change.', {
    nullable: true,
    example: null,
  })
  modified_at: Date | null;

  @TextProperty('Your own id for it.', { nullable: true, example: 'crm-4711' })
  external_id: string | null;
}
