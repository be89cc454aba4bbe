import { ApiSchema } from '@nestjs/swagger';
import {
  BooleanProperty,
  DateTimeProperty,
  EmailProperty,
  EnumProperty,
  IntegerProperty,
  ObjectProperty,
  TextProperty,
  UuidProperty,
} from '../platform/http/response-properties.js';
import {
  BooleanField,
  EmailField,
  EnumField,
  IntegerField,
  NameField,
  ObjectField,
  TextField,
  UrlField,
} from '../platform/http/request-fields.js';
import { BodyExamples } from '../platform/http/openapi.decorators.js';
import { StrictBody } from '../platform/http/validation.pipe.js';
import {
  INVITATION_EXPIRES_IN,
  LOCALES,
  NAME_LENGTH,
  SLUG,
  SLUG_LENGTH,
  SLUG_RULE,
} from './organization.js';
import type { OrganizationRow } from './organizations.repository.js';
import { FIELD } from '../platform/sentences.js';
import { EXAMPLE } from '../platform/http/examples.js';

const MAX_SECONDS = 2_147_483_647;
const URL_LENGTH = 2048;

const NAME = {
  description: 'The name of the organization, as invitations show it.',
  example: 'Acme',
};
const SLUG_FIELD = {
  description: 'The name of the organization in URLs. It is unique on this server.',
  example: 'acme',
};
const SEATS_ENABLED =
  'Whether seats can be used. If false, every seat route returns 403 `FeatureNotEnabled`.';
const MEMBER_MODEL =
  'How a seat holder is stored: as a member of the buying customer (true), or as a separate ' +
  'customer (false).';
const EXPIRES_IN =
  'The number of seconds in which an invitation can be claimed. An assignment can set another one. ' +
  'New organizations have 604,800 (7 days).';
const GRACE =
  'The number of seconds between the expiry of an invitation and the release of its seat. Null ' +
  'means that the seat is never released.';
const CLAIM_URL =
  'The link in invitations, with `{token}` as the placeholder of the invitation token. Null means ' +
  'the claim page of this server. Must be https in production.';
const REPLY_TO = 'The reply address of mails. Null means that mails have no Reply-To header.';
const LOCALE = 'The language of mails and of the claim page.';
const COLOR = { description: 'The color of buttons, as #rrggbb.', example: '#0f766e' };
const LOGO = {
  description: 'The https address of the logo.',
  example: 'https://example.com/logo.png',
};
const SUPPORT = {
  description: 'The https address of a page where people find help.',
  example: 'https://example.com/help',
};

/** The brand within PATCH /v1/organization. */
@ApiSchema({ name: 'OrganizationBrandUpdate' })
export class UpdateBrand extends StrictBody {
  @TextField({
    nullable: true,
    pattern: [/^#[0-9a-f]{6}$/i, `${FIELD} must be a color, such as #1a73e8.`],
    ...COLOR,
  })
  color?: string | null;

  @UrlField({ nullable: true, ...LOGO })
  logo_url?: string | null;

  @UrlField({ nullable: true, ...SUPPORT })
  support_url?: string | null;
}

/** The settings within PATCH /v1/organization. */
@ApiSchema({ name: 'OrganizationSettingsUpdate' })
export class UpdateSettings extends StrictBody {
  @BooleanField({ refuseNull: true, description: SEATS_ENABLED })
  seats_enabled?: boolean;

  @BooleanField({ refuseNull: true, description: MEMBER_MODEL })
  member_model_enabled?: boolean;

  @IntegerField({ refuseNull: true, description: EXPIRES_IN, ...INVITATION_EXPIRES_IN })
  invitation_expires_in?: number;

  @IntegerField({ nullable: true, description: GRACE, min: 0, max: MAX_SECONDS })
  expired_invitation_grace?: number | null;

  @TextField({
    nullable: true,
    max: URL_LENGTH,
    description: CLAIM_URL,
    example: 'https://app.example.com/join?token={token}',
  })
  claim_url_template?: string | null;

  @EmailField({ nullable: true, description: REPLY_TO, example: 'support@example.com' })
  reply_to?: string | null;

  @ObjectField(() => UpdateBrand, {
    refuseNull: true,
    description: 'The look of mails and of the claim page.',
  })
  brand?: UpdateBrand;

  @EnumField(LOCALES, { refuseNull: true, description: LOCALE, example: 'en' })
  locale?: string;
}

/** Body of PATCH /v1/organization. */
@BodyExamples({
  'Language of mails': { settings: { locale: 'en' } },
  'Look of invitations': {
    settings: { brand: { color: COLOR.example, support_url: SUPPORT.example } },
  },
  'Lifetime of invitations': {
    settings: { invitation_expires_in: 604_800, expired_invitation_grace: 86_400 },
  },
})
@ApiSchema({ name: 'OrganizationUpdate' })
export class UpdateOrganization extends StrictBody {
  @NameField({ refuseNull: true, max: NAME_LENGTH, ...NAME })
  name?: string;

  @TextField({
    refuseNull: true,
    max: SLUG_LENGTH,
    pattern: [SLUG, `${FIELD} ${SLUG_RULE}.`],
    ...SLUG_FIELD,
  })
  slug?: string;

  @ObjectField(() => UpdateSettings, {
    refuseNull: true,
    description: 'The settings to change. Other settings keep their values.',
  })
  settings?: UpdateSettings;
}

/** The look of mails and of the claim page, as the API shows it. */
@ApiSchema({ name: 'OrganizationBrand', description: 'The look of mails and of the claim page.' })
export class BrandDto {
  @TextProperty(COLOR.description, { nullable: true, example: COLOR.example })
  color: string | null;

  @TextProperty(LOGO.description, { nullable: true, format: 'uri', example: LOGO.example })
  logo_url: string | null;

  @TextProperty(SUPPORT.description, { nullable: true, format: 'uri', example: SUPPORT.example })
  support_url: string | null;
}

/** The settings of an organization, as the API shows them. */
@ApiSchema({ name: 'OrganizationSettings' })
export class OrganizationSettingsDto {
  @BooleanProperty(SEATS_ENABLED)
  seats_enabled: boolean;

  @BooleanProperty(MEMBER_MODEL)
  member_model_enabled: boolean;

  @IntegerProperty(EXPIRES_IN, { example: 604_800 })
  invitation_expires_in: number;

  @IntegerProperty(GRACE, { nullable: true, example: 0 })
  expired_invitation_grace: number | null;

  @TextProperty(CLAIM_URL, { nullable: true, example: null })
  claim_url_template: string | null;

  @EmailProperty(REPLY_TO, { nullable: true, example: 'support@acme.example' })
  reply_to: string | null;

  @ObjectProperty(BrandDto, 'The look of mails and of the claim page.')
  brand: BrandDto;

  @EnumProperty(LOCALES, LOCALE)
  locale: string;
}

/** An organization as the API shows it. */
@ApiSchema({ name: 'Organization', description: 'Your organization and its settings.' })
export class OrganizationDto {
  @UuidProperty('The id of the organization, a UUID v4.', { example: EXAMPLE.organization })
  id: string;

  @DateTimeProperty('When the organization was created.')
  created_at: Date;

  @DateTimeProperty('When the organization last changed. Null until its first change.', {
    nullable: true,
  })
  modified_at: Date | null;

  @TextProperty(NAME.description, { example: NAME.example })
  name: string;

  @TextProperty(SLUG_FIELD.description, { example: SLUG_FIELD.example })
  slug: string;

  @ObjectProperty(OrganizationSettingsDto, 'The settings of the organization.')
  settings: OrganizationSettingsDto;

  static from(row: OrganizationRow): OrganizationDto {
    const { color = null, logo_url = null, support_url = null } = row.brand;
    return {
      id: row.id,
      created_at: row.created_at,
      modified_at: row.modified_at,
      name: row.name,
      slug: row.slug,
      settings: {
        seats_enabled: row.seats_enabled,
        member_model_enabled: row.member_model_enabled,
        invitation_expires_in: row.invitation_expires_in,
        expired_invitation_grace: row.expired_invitation_grace,
        claim_url_template: row.claim_url_template,
        reply_to: row.reply_to,
        brand: { color, logo_url, support_url },
        locale: row.locale,
      },
    };
  }
}
