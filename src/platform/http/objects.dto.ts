import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
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

/** A key of an answer that holds a text or null. */
export function NullableText(
  description: string,
  options: { format?: string; example?: string } = {},
) {
  return applyDecorators(ApiProperty({ type: String, nullable: true, description, ...options }));
}

/** A key of an answer that holds a point in time or null. */
export function NullableTime(description: string) {
  return NullableText(description, { format: 'date-time' });
}

/** A key of an answer that holds metadata. */
export function ShownMetadata() {
  return ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Your own data.',
    example: { team: 'engineering' },
  });
}

/** What every answer begins with. */
export abstract class ObjectDto {
  @ApiProperty({ format: 'uuid', description: 'Its id, a UUID v4.' })
  id: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'When it was created.' })
  created_at: Date;

  @NullableTime('When it last changed; null until the first change.')
  modified_at: Date | null;

  @NullableText('Your own id for it.', { example: 'crm-4711' })
  external_id: string | null;
}
