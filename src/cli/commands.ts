import type { INestApplicationContext } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { NAME_LENGTH, SLUG, SLUG_LENGTH, SLUG_RULE } from '../organizations/organization.js';
import type { OrganizationRow } from '../organizations/organizations.repository.js';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { missingScopes, SCOPES } from '../organizations/scopes.js';
import { TokenDto } from '../organizations/tokens.dto.js';
import { TokensService } from '../organizations/tokens.service.js';
import { Clock } from '../platform/clock.js';
import { isCommonTime, parseUuid } from '../platform/http/fields.js';
import { parseDuration } from './duration.js';

/** What a command answers: the same as JSON, and as text for a person. */
export interface Result {
  json: unknown;
  text: string;
}

type Work = (app: INestApplicationContext) => Promise<Result>;

/** A failure of the person at the keyboard. The message says what to do. */
export class CommandError extends Error {}

/**
 * The commands. Each one hands over its work instead of doing it, so that wrong usage is told
 * before a database is opened.
 */
export function buildProgram(run: (work: Work, json: boolean) => Promise<void>): Command {
  const program = new Command('seats')
    .description('Organizations and access tokens of this server.')
    .helpCommand(false)
    .showHelpAfterError(false);
  const add = (group: Command, name: string, description: string) =>
    group.command(name).description(description).option('--json', 'print JSON');

  const org = program.command('org').description('organizations');
  add(org, 'create', 'create an organization')
    .requiredOption('--slug <slug>', 'its name in URLs: a-z, 0-9 and hyphens', parseSlug)
    .requiredOption('--name <name>', 'what invitations call it', parseName)
    .action((options: { slug: string; name: string; json?: boolean }) =>
      run((app) => createOrganization(app, options), options.json === true),
    );
  add(org, 'list', 'list the organizations').action((options: { json?: boolean }) =>
    run(listOrganizations, options.json === true),
  );

  const token = program.command('token').description('access tokens');
  add(token, 'create', 'create an access token; it is shown once')
    .requiredOption('--org <slug>', 'the organization')
    .option('--name <name>', 'what it is for', parseName, 'cli')
    .option('--scopes <list>', 'what it may do, separated by commas', parseScopes)
    .option('--all-scopes', 'it may do everything (the default)')
    .option('--expires-in <time>', 'when it stops working, such as 90d or 12h', parseTime)
    .action((options: TokenOptions) =>
      run((app) => createToken(app, options), options.json === true),
    );
  add(token, 'list', 'list the access tokens of an organization')
    .requiredOption('--org <slug>', 'the organization')
    .action((options: { org: string; json?: boolean }) =>
      run((app) => listTokens(app, options.org), options.json === true),
    );
  add(token, 'revoke', 'end an access token')
    .argument('<id>', 'its id, as the list shows it', parseId)
    .requiredOption('--org <slug>', 'the organization')
    .action((id: string, options: { org: string; json?: boolean }) =>
      run((app) => revokeToken(app, options.org, id), options.json === true),
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
  if (!isCommonTime(time)) throw new CommandError('--expires-in leads beyond the year 9999.');
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
  if (!SLUG.test(text)) throw new InvalidArgumentError(`${SLUG_RULE}.`);
  return withLength(text, SLUG_LENGTH);
}

function parseName(text: string): string {
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
      `There is no scope ${unknown.join(', ')}. There are: ${SCOPES.join(', ')}.`,
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
