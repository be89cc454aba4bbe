import { ShownDateTime, ShownText, ShownUuid } from './answers.js';
import { type FieldOptions, TextField, UuidField } from './fields.js';

/** The id that the caller chose for a new object. */
export function ChosenIdField() {
  return UuidField({
    version4: true,
    description: 'An id of your own choosing, a UUID v4; made by us if absent. 409 if it is taken.',
  });
}

/** The caller's own name for an object. */
export function ExternalIdField(options: Partial<FieldOptions> = {}) {
  return TextField({
    description: 'Your own id for it, of which there can be only one; 409 if it is taken.',
    example: 'crm-4711',
    ...options,
  });
}

/** Path of an object: its id. */
export class IdParams {
  @UuidField({ required: true, version4: true, description: 'The id of the object.' })
  id: string;
}

/** Path of an object: the caller's own name for it. */
export class ExternalIdParams {
  @ExternalIdField({ required: true, description: 'The external_id of the object.' })
  external_id: string;
}

/** What every answer begins with. */
export abstract class ObjectDto {
  @ShownUuid('Its id, a UUID v4.')
  id: string;

  @ShownDateTime('When it was created.')
  created_at: Date;

  @ShownDateTime('When it last changed; null until the first change.', {
    nullable: true,
    example: null,
  })
  modified_at: Date | null;

  @ShownText('Your own id for it.', { nullable: true, example: 'crm-4711' })
  external_id: string | null;
}
