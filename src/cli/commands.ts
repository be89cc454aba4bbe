import type { INestApplicationContext } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { KeyRotationService, type Rewritten } from '../key-rotation/key-rotation.service.js';
import { NAME_LENGTH, SLUG, SLUG_LENGTH, SLUG_RULE } from '../organizations/organization.js';
import type { OrganizationRow } from '../organizations/organizations.repository.js';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { missingScopes, SCOPES } from '../organizations/scopes.js';
import { TokenDto } from '../organizations/tokens.dto.js';
import { TokensService } from '../organizations/tokens.service.js';
import { Clock } from '../platform/clock.js';
import { isCommonTime } from '../platform/http/request-fields.js';
import { parseUuid } from '../platform/uuid.js';
import { hasHidden } from '../platform/text.js';
import { parseDuration } from './duration.js';

/** The result of a command, as JSON for programs and as text for people. */
export interface Result {
  json: unknown;
  text: string;
}

type Work = (app: INestApplicationContext) => Promise<Result>;

/** A command was used wrongly. The message says what to do. */
export class CommandError extends Error {}

/**
 * Builds the commands. A command passes its work to `run` instead of doing it, so that usage errors
 * are reported before a database is opened.
 */
export function buildProgram(run: (work: Work, json: boolean) => Promise<void>): Command {
  const program = new Command('seats')
    .description('Manages the organizations, access tokens and secret keys of this server.')
    .helpCommand(false)
    .showHelpAfterError(false);
  const add = (group: Command, name: string, description: string) =>
    group.command(name).description(description).option('--json', 'print JSON');

  const org = program.command('org').description('manage organizations');
  add(org, 'create', 'create an organization')
    .requiredOption('--slug <slug>', 'the name in URLs: a-z, 0-9 and hyphens', parseSlug)
    .requiredOption('--name <name>', 'the name that invitations show', parseName)
    .action((options: { slug: string; name: string; json?: boolean }) =>
      run((app) => createOrganization(app, options), options.json === true),
    );
  add(org, 'list', 'list all organizations').action((options: { json?: boolean }) =>
    run(listOrganizations, options.json === true),
  );

  const token = program.command('token').description('manage access tokens');
  add(token, 'create', 'create an access token and print it; it cannot be shown again')
    .requiredOption('--org <slug>', 'the slug of the organization')
    .option('--name <name>', 'a name that says what the token is for', parseName, 'cli')
    .option('--scopes <list>', 'the scopes of the token, separated by commas', parseScopes)
    .option('--all-scopes', 'give the token every scope (the default)')
    .option(
      '--expires-in <time>',
      'the lifetime of the token, such as 90d or 12h (default: no expiry)',
      parseTime,
    )
    .action((options: TokenOptions) =>
      run((app) => createToken(app, options), options.json === true),
    );
  add(token, 'list', 'list the access tokens of an organization')
    .requiredOption('--org <slug>', 'the slug of the organization')
    .action((options: { org: string; json?: boolean }) =>
      run((app) => listTokens(app, options.org), options.json === true),
    );
  add(token, 'revoke', 'revoke an access token')
    .argument('<id>', 'the id of the token, as `token list` shows it', parseId)
    .requiredOption('--org <slug>', 'the slug of the organization')
    .action((id: string, options: { org: string; json?: boolean }) =>
      run((app) => revokeToken(app, options.org, id), options.json === true),
    );

  const keys = program.command('keys').description('the keys of SECRET_KEYS');
  add(keys, 'status', 'count the secrets that depend on each key').action(
    (options: { json?: boolean }) => run(showKeys, options.json === true),
  );
  add(keys, 'reencrypt', 'move secrets to the first key').action((options: { json?: boolean }) =>
    run(reencrypt, options.json === true),
  );
  return program;
}

async function createOrganization(
  app: INestApplicationContext,
  { slug, name }: { slug: string; name: string },
): Promise<Result> {
  const row = await app.get(OrganizationsService).create({ slug, name });
  return { json: shown(row), text: `Created the organization ${row.slug} (${row.id}).` };
}

async function listOrganizations(app: INestApplicationContext): Promise<Result> {
  const rows = await app.get(OrganizationsService).all();
  return {
    json: rows.map(shown),
    text: rows.map((row) => `${row.id}  ${row.slug}  ${row.name}`).join('\n'),
  };
}

interface TokenOptions {
  org: string;
  name: string;
  scopes?: string[];
  allScopes?: boolean;
  expiresIn?: number;
  json?: boolean;
}

async function createToken(app: INestApplicationContext, options: TokenOptions): Promise<Result> {
  if (options.scopes && options.allScopes) {
    throw new CommandError('Give either --scopes or --all-scopes, not both.');
  }
  const organization = await findOrganization(app, options.org);
  const { expiresIn } = options;
  const now = app.get(Clock).now();
  const { row, token } = await app.get(TokensService).issue(organization.id, {
    name: options.name,
    scopes: options.scopes ?? SCOPES,
    expires_at: expiresIn === undefined ? null : inSeconds(now, expiresIn),
  });
  return { json: { ...TokenDto.from(row), token }, text: token };
}

function inSeconds(now: Date, seconds: number): Date {
  const time = new Date(now.getTime() + seconds * 1000);
  if (!isCommonTime(time))
    throw new CommandError('--expires-in must not be later than the year 9999.');
  return time;
}

async function listTokens(app: INestApplicationContext, slug: string): Promise<Result> {
  const { id } = await findOrganization(app, slug);
  const rows = await app.get(TokensService).all(id);
  const line = (row: (typeof rows)[number]) =>
    `${row.id}  ${row.name}  expires: ${row.expires_at?.toISOString() ?? 'never'}  ` +
    `last used: ${row.last_used_at?.toISOString() ?? 'never'}  ${row.scopes.join(',')}`;
  return { json: rows.map(TokenDto.from), text: rows.map(line).join('\n') };
}

async function revokeToken(
  app: INestApplicationContext,
  slug: string,
  id: string,
): Promise<Result> {
  const organization = await findOrganization(app, slug);
  await app.get(TokensService).revoke(organization.id, id);
  return { json: { id, revoked: true }, text: `Revoked the token ${id}.` };
}

async function showKeys(app: INestApplicationContext): Promise<Result> {
  const status = await app.get(KeyRotationService).status();
  const needs = (key: string | null) =>
    status.secrets
      .filter((each) => each.key === key)
      .map(({ kind, count }) => `${count} ${kind}`)
      .join(', ');
  const others = status.secrets.map(({ key }) => key).filter((key) => key !== null);
  const missing = [...new Set(others)].filter((key) => !status.keys.includes(key));
  const lines = [
    ...status.keys.map(
      (key, index) =>
        `${key}  ${index === 0 ? 'signs and encrypts' : 'verifies and decrypts'}  ` +
        `needed by: ${needs(key) || 'nothing known'}`,
    ),
    ...missing.map((key) => `${key}  not in SECRET_KEYS  needed by: ${needs(key)}`),
  ];
  const unknown = needs(null);
  if (unknown) lines.push(`of an unknown key: ${unknown}`);
  return { json: status, text: lines.join('\n') };
}

async function reencrypt(app: INestApplicationContext): Promise<Result> {
  const done = await app.get(KeyRotationService).reencrypt();
  const line = ({ kind, rewritten, unreadable }: Rewritten) =>
    `${kind}: ${rewritten} rewritten` +
    (unreadable > 0 ? `, ${unreadable} of a key that is not in SECRET_KEYS` : '');
  return { json: done, text: done.map(line).join('\n') };
}

async function findOrganization(
  app: INestApplicationContext,
  slug: string,
): Promise<OrganizationRow> {
  const row = await app.get(OrganizationsService).findBySlug(slug);
  if (row === null) {
    throw new CommandError(`There is no organization ${slug}. See: npm run -s cli -- org list`);
  }
  return row;
}

function shown({ id, slug, name }: OrganizationRow) {
  return { id, slug, name };
}

function parseSlug(text: string): string {
  if (!SLUG.test(text)) throw new InvalidArgumentError(`It ${SLUG_RULE}.`);
  return withLength(text, SLUG_LENGTH);
}

function parseName(text: string): string {
  if (hasHidden(text.trim())) {
    throw new InvalidArgumentError(
      'Input should not contain control or invisible format characters.',
    );
  }
  return withLength(text.trim(), NAME_LENGTH);
}

function withLength(text: string, max: number): string {
  if (text.length === 0 || text.length > max) {
    throw new InvalidArgumentError(`Input should have 1 to ${max} characters.`);
  }
  return text;
}

function parseScopes(text: string): string[] {
  const scopes = text.split(',').map((scope) => scope.trim());
  const unknown = missingScopes(scopes, SCOPES);
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `Unknown scope: ${unknown.join(', ')}. The scopes are: ${SCOPES.join(', ')}.`,
    );
  }
  return scopes;
}

function parseTime(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined)
    throw new InvalidArgumentError('Input should be like 90d, 12h or 30m.');
  return seconds;
}

function parseId(text: string): string {
  const id = parseUuid(text);
  if (id === undefined) throw new InvalidArgumentError('Input should be a UUID.');
  return id;
}
