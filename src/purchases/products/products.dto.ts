import {
  BooleanProperty,
  MetadataProperty,
  TextProperty,
  UuidProperty,
} from '../../platform/http/response-properties.js';
import {
  BooleanField,
  MetadataField,
  NameField,
  TextField,
} from '../../platform/http/request-fields.js';
import { ChosenIdField, ExternalIdField, ObjectDto } from '../../platform/http/objects.dto.js';
import { PageOf } from '../../platform/http/pagination.js';
import { StrictBody } from '../../platform/http/validation.pipe.js';
import type { Metadata, StoredMetadata } from '../shared/metadata.js';
import type { ProductRow } from './products.repository.js';
import { EXAMPLE } from '../../platform/http/examples.js';
import { BodyExamples } from '../../platform/http/openapi.decorators.js';

const NAME = {
  description: 'The name of the product, which invitations show.',
  example: 'Pro plan',
};
const ARCHIVED = 'Whether it is no longer sold. Existing subscriptions and orders go on.';

/** Body of POST /v1/products. */
export class CreateProduct {
  @ChosenIdField()
  id?: string;

  @NameField({ required: true, ...NAME })
  name: string;

  @ExternalIdField()
  external_id?: string;

  @MetadataField()
  metadata?: Metadata;

  @BooleanField({ description: ARCHIVED, default: false })
  is_archived?: boolean;
}

/** Body of PATCH /v1/products/{id}. */
@BodyExamples({ 'Name and metadata': { name: 'Team plan', metadata: { team: 'engineering' } } })
export class UpdateProduct extends StrictBody {
  @NameField({ refuseNull: true, ...NAME })
  name?: string;

  @ExternalIdField({ nullable: true })
  external_id?: string | null;

  @MetadataField({ nullable: true })
  metadata?: Metadata | null;

  @BooleanField({ refuseNull: true, description: ARCHIVED })
  is_archived?: boolean;
}

/** A product in the body of a purchase: created, or changed, by its external_id. */
export class InlineProduct {
  @TextField({
    required: true,
    description:
      'Your own id for the product. A product that does not exist, or was deleted, is created.',
    example: 'pro',
  })
  external_id: string;

  @NameField({ required: true, ...NAME })
  name: string;
}

/** A product as the API shows it. */
export class ProductDto extends ObjectDto {
  @UuidProperty('The id of the product.', { example: EXAMPLE.product })
  declare id: string;

  @TextProperty(NAME.description, { example: NAME.example })
  name: string;

  @MetadataProperty()
  metadata: StoredMetadata;

  @BooleanProperty(ARCHIVED)
  is_archived: boolean;

  static from(row: ProductRow): ProductDto {
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      name: row.name,
      external_id: row.external_id,
      metadata: row.metadata,
      is_archived: row.is_archived,
    };
  }
}

export class ProductPage extends PageOf(ProductDto) {}
