/*
 * A bare server that assigns seats with the service's own statement, and looks the token up in the
 * same table. It shows what the framework costs alone.
 *
 * The statement comes from the build: the repository runs on a fake database that records the
 * statement. Placeholders in its values mark where the values of each request belong.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { Pool } from 'pg';
import { built } from '../../tools/built.ts';

interface Statement {
  text: string;
  values: unknown[];
}

const organizationId = process.env['BARE_ORGANIZATION'] as string;
const tokenHash = process.env['BARE_TOKEN_HASH'] as string;
const pool = new Pool({
  connectionString: process.env['DATABASE_URL'],
  max: Number(process.env['DATABASE_POOL_SIZE']),
});

const NOW = new Date(0);
const MARKS = ['subscription', 'seat', 'email', 'nonce', 'hash', 'request'] as const;
type Values = Record<(typeof MARKS)[number], string>;

async function takeStatement(): Promise<Statement> {
  const { AssignRepository } = await built<any>('seats/assign/assign.repository.js');
  let taken: Statement | undefined;
  const database = {
    query: (statement: Statement) => {
      taken = statement;
      return Promise.resolve([]);
    },
  };
  const caller = {
    organizationId,
    actor: { type: 'token', id: randomUUID() },
    requestId: '<request>',
  };
  const assignment = {
    id: '<seat>',
    email: '<email>',
    metadata: {},
    invitation: { nonce: '<nonce>', hash: '<hash>' },
    immediateClaim: false,
    sendInvitation: true,
    expiresIn: null,
    returnAssigned: false,
  };
  const ref = { subscription_id: '<subscription>' };
  await new AssignRepository(database).assignByEmail(caller, ref, assignment, NOW);
  if (taken === undefined) throw new Error('assignByEmail has sent no statement');
  return { text: taken.text, values: taken.values };
}

const statement = await takeStatement();

function fill(values: Values): unknown[] {
  const now = new Date();
  return statement.values.map((value) => {
    if (value === NOW) return now;
    const mark = MARKS.find((name) => value === `<${name}>`);
    return mark === undefined ? value : values[mark];
  });
}

const hmac = (text: string) => createHmac('sha256', 'a key').update(text).digest('base64url');

async function assign(body: { subscription_id: string; email: string }): Promise<unknown> {
  const seat = randomUUID();
  const nonce = randomBytes(16).toString('base64url');
  const hash = hmac(hmac(`${seat}.${nonce}`));
  const { subscription_id: subscription, email } = body;
  const values = fill({ subscription, email, seat, nonce, hash, request: randomUUID() });
  const { rows } = await pool.query({ name: 'assign', text: statement.text, values });
  return rows[0];
}

async function isKnown(hash: string): Promise<boolean> {
  const { rows } = await pool.query({
    name: 'token',
    text: 'SELECT id, scopes FROM access_tokens WHERE token_hash = $1 AND revoked_at IS NULL',
    values: [hash],
  });
  return rows.length === 1;
}

const server = createServer((request, response) => {
  const send = (status: number, body: string) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  };
  const answer = async () => {
    if (!(await isKnown(tokenHash))) throw new Error('unknown token');
    return assign(JSON.parse(await readAll(request)));
  };
  answer().then(
    (seat) => send(seat ? 200 : 400, JSON.stringify(seat ?? { error: 'refused' })),
    (error: unknown) => send(500, String(error)),
  );
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
