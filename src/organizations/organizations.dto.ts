import {
  ShownBoolean,
  ShownDateTime,
  ShownEmail,
  ShownEnum,
  ShownInteger,
  ShownObject,
  ShownText,
  ShownUuid,
} from '../platform/http/answers.js';
import {
  BooleanField,
  EmailField,
  EnumField,
  IntegerField,
  ObjectField,
  TextField,
} from '../platform/http/fields.js';
import { Examples } from '../platform/http/docs.js';
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

const MAX_SECONDS = 2_147_483_647;
const URL_LENGTH = 2048;

const NAME = { description: 'What invitations call the organization.', example: 'Acme' };
const SLUG_FIELD = { description: 'Its name in URLs; unique on this server.', example: 'acme' };
const SEATS_ENABLED =
  'Whether seats can be used. When false every seat route answers 403 FeatureNotEnabled.';
const MEMBER_MODEL =
  'True: who gets a seat is a member of the buyer. False: a customer of their own.';
const EXPIRES_IN = 'Seconds an invitation can be claimed, unless the assignment says otherwise.';
const GRACE =
  'Seconds between the expiry of an invitation and the release of its seat; null keeps it for ever.';
const CLAIM_URL =
  'Where invitations lead, with `{token}` in the place of the invitation token. Null: the claim ' +
  'page of this server. https in production.';
const REPLY_TO = 'Where answers to the mails go. Null: nowhere in particular.';
const LOCALE = 'The language of the mails and the claim page.';
const COLOR = { description: 'Colour of buttons, as #rrggbb.', example: '#0f766e' };
const LOGO = {
  description: 'An https address of a logo.',
  example: 'https://example.com/logo.png',
};
const SUPPORT = {
  description: 'An https address where people find help.',
  example: 'https://example.com/help',
};

/** The brand within PATCH /v1/organization. */
export class UpdateBrand extends StrictBody {
  @TextField({ nullable: true, pattern: [/^#[0-9a-f]{6}$/i, 'Input should be #rrggbb'], ...COLOR })
  color?: string | null;

  @TextField({ nullable: true, max: URL_LENGTH, ...LOGO })
  logo_url?: string | null;

  @TextField({ nullable: true, max: URL_LENGTH, ...SUPPORT })
  support_url?: string | null;
}

/** The settings within PATCH /v1/organization. */
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
    description: 'How mails and the claim page look.',
  })
  brand?: UpdateBrand;

  @EnumField(LOCALES, { refuseNull: true, description: LOCALE, example: 'en' })
  locale?: string;
}

/** Body of PATCH /v1/organization. */
@Examples({
  'How invitations look': {
    settings: { brand: { color: '#0f766e', logo_url: LOGO.example }, locale: 'de' },
  },
  'How long invitations live': {
    settings: { invitation_expires_in: 604_800, expired_invitation_grace: 86_400 },
  },
})
export class UpdateOrganization extends StrictBody {
  @TextField({ refuseNull: true, max: NAME_LENGTH, ...NAME })
  name?: string;

  @TextField({ refuseNull: true, max: SLUG_LENGTH, pattern: [SLUG, SLUG_RULE], ...SLUG_FIELD })
  slug?: string;

  @ObjectField(() => UpdateSettings, {
    refuseNull: true,
    description: 'The settings to change; the rest stays.',
  })
  settings?: UpdateSettings;
}

/** How mails and the claim page look. */
export class BrandDto {
  @ShownText(COLOR.description, { nullable: true, example: COLOR.example })
  color: string | null;

  @ShownText(LOGO.description, { nullable: true, format: 'uri', example: LOGO.example })
  logo_url: string | null;

  @ShownText(SUPPORT.description, { nullable: true, format: 'uri', example: SUPPORT.example })
  support_url: string | null;
}

/** The settings of an organization. */
export class OrganizationSettingsDto {
  @ShownBoolean(SEATS_ENABLED)
  seats_enabled: boolean;

  @ShownBoolean(MEMBER_MODEL)
  member_model_enabled: boolean;

  @ShownInteger(EXPIRES_IN, { example: 86_400 })
  invitation_expires_in: number;

  @ShownInteger(GRACE, { nullable: true, example: 0 })
  expired_invitation_grace: number | null;

  @ShownText(CLAIM_URL, { nullable: true, example: null })
  claim_url_template: string | null;

  @ShownEmail(REPLY_TO, { nullable: true, example: 'support@acme.example' })
  reply_to: string | null;

  @ShownObject(BrandDto, 'How mails and the claim page look.')
  brand: BrandDto;

  @ShownEnum(LOCALES, LOCALE)
  locale: string;
}

/** An organization as the API shows it. */
export class OrganizationDto {
  @ShownUuid('Its id, a UUID v4.')
  id: string;

  @ShownDateTime('When it was created.')
  created_at: Date;

  @ShownDateTime('When it last changed; null until the first change.', { nullable: true })
  modified_at: Date | null;

  @ShownText(NAME.description, { example: NAME.example })
  name: string;

  @ShownText(SLUG_FIELD.description, { example: SLUG_FIELD.example })
  slug: string;

  @ShownObject(OrganizationSettingsDto, 'How the service behaves for it.')
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
