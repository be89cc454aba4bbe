import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientTypes } from '../../tools/client.js';
import { installPackages } from '../../tools/packages.js';
import { ROOT } from '../support/guides.js';

/*
 * The code that other people's generators make of openapi.json. It compiles under strict, its names
 * are pleasant, unions narrow, and a misspelt name of an error does not compile: `@ts-expect-error`
 * is an error itself where the next line compiles.
 */

const LINT = join(ROOT, 'tools/spec-lint');
// In the project, so that the code finds its packages.
const FOLDER = join(ROOT, 'node_modules/.cache/seats-generators');

const OPENAPI_TYPESCRIPT = `
import createClient from 'openapi-fetch';
import type { CustomerSeat, paths, StreamEvent, WebhookPayload } from './schema.js';

const client = createClient<paths>({ baseUrl: 'http://localhost:3000' });

export async function assign(subscription_id: string, email: string): Promise<CustomerSeat> {
  const { data, error, response } = await client.POST('/v1/customer-seats', {
    body: { subscription_id, email },
  });
  if (data) return data;
  if (error.error === 'SeatNotAvailable') throw new Error(error.detail);
  if (error.error === 'RequestValidationError') throw new Error(error.detail[0]?.msg);
  if (error.error === 'invalid_token') throw new Error(error.error_description);
  // @ts-expect-error: the name is misspelt.
  if (error.error === 'SeatNotAvailabel') throw new Error('never');
  // @ts-expect-error: another route has this error.
  if (error.error === 'BulkAssignmentFailed') throw new Error('never');
  throw new Error(String(response.status));
}

export function show(event: StreamEvent | WebhookPayload): string {
  switch (event.type) {
    case 'customer_seat.revoked':
      return \`\${event.data.email} \${event.data.status}\`;
    case 'subscription.seats_changed':
      return String(event.data.previous_seats);
    // @ts-expect-error: there is no such type.
    case 'customer_seat.revokd':
      return '';
    default:
      return event.type;
  }
}

export function reason(event: StreamEvent): 'overflow' | 'other' {
  if (event.type !== 'customer_seat.revoked') return 'other';
  // @ts-expect-error: the reason is misspelt.
  if (event.reason === 'overflown') return 'other';
  return event.reason === 'overflow' ? 'overflow' : 'other';
}
`;

const HEY_API = `
import { type AssignSeatError, assignSeat, checkAccess, listSeats, type StreamEvent } from './sdk/index.js';

export async function assign(subscription_id: string, email: string): Promise<string> {
  const { data, error } = await assignSeat({ body: { subscription_id, email } });
  if (data) return data.status;
  return nameOf(error as AssignSeatError);
}

export function nameOf(error: AssignSeatError): string {
  if (error.error === 'SeatNotAvailable') return error.detail;
  // @ts-expect-error: the name is misspelt.
  if (error.error === 'SeatNotAvailabel') return 'never';
  return error.error;
}

export function show(event: StreamEvent): string {
  if (event.type === 'customer_seat.revoked') return \`\${event.data.email} \${event.reason}\`;
  if (event.type === 'seats.exhausted') return String(event.data.total_seats);
  return event.type;
}

export const others = [checkAccess, listSeats];
`;

/** Compiles the files of a folder under strict. @returns what the compiler reports. */
async function compile(name: string): Promise<string> {
  const folder = join(FOLDER, name);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    noUnusedLocals: true,
    skipLibCheck: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2024', 'dom', 'dom.iterable'],
    types: [],
  };
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['**/*.ts'] }),
  );
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  return spawnSync(tsc, ['-p', folder], { encoding: 'utf8' }).stdout;
}

beforeAll(async () => {
  installPackages(LINT);
  await rm(FOLDER, { recursive: true, force: true });
  for (const name of ['types', 'hey']) await mkdir(join(FOLDER, name), { recursive: true });
}, 300_000);
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

it('openapi-typescript makes types that narrow', async () => {
  const schema = clientTypes(await readFile(join(ROOT, 'openapi.json'), 'utf8'));
  await writeFile(join(FOLDER, 'types/schema.ts'), schema);
  await writeFile(join(FOLDER, 'types/use.ts'), OPENAPI_TYPESCRIPT);
  expect(await compile('types')).toBe('');
});

it('@hey-api/openapi-ts makes functions with pleasant names, whose errors narrow', async () => {
  const program = join(LINT, 'node_modules/.bin/openapi-ts');
  const args = ['-i', join(ROOT, 'openapi.json'), '-o', join(FOLDER, 'hey/sdk'), '--silent'];
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: LINT });
  expect([status, stderr]).toEqual([0, '']);
  await writeFile(join(FOLDER, 'hey/use.ts'), HEY_API);
  expect(await compile('hey')).toBe('');
});
