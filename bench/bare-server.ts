/*
 * The cheapest server that does the same work: node:http, a pg pool, and the one statement of our
 * service. No token, no validation, no routing, no log; with BARE_TOKEN_HASH it looks that up, as a
 * service without a cache would do with the token of every request.
 *
 * The statement is taken out of the build: the repository is given a database that only writes
 * down what it is asked, with marks where a request's own values belong.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Pool } from 'pg';

interface Statement {
  text: string;
  values: unknown[];
}

const organizationId = process.env['BARE_ORGANIZATION'] as string;
const tokenHash = process.env['BARE_TOKEN_HASH'];
const pool = new Pool({
  connectionString: process.env['DATABASE_URL'],
  max: Number(process.env['DATABASE_POOL_SIZE']),
});

const NOW = new Date(0);
const MARKS = ['subscription', 'seat', 'email', 'nonce', 'hash', 'request'] as const;
type Values = Record<(typeof MARKS)[number], string>;

async function takeStatement(): Promise<Statement> {
  const module = new URL('../dist/seats/assignments.repository.js', import.meta.url).href;
  const { AssignmentsRepository } = await import(module);
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
    seatId: '<seat>',
    email: '<email>',
    metadata: {},
    invitation: { nonce: '<nonce>', hash: '<hash>', expiresIn: null },
    invites: true,
  };
  const ref = { subscription_id: '<subscription>' };
  await new AssignmentsRepository(database).assignByEmail(caller, ref, assignment, NOW);
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
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    void (async () => {
      try {
        if (tokenHash && !(await isKnown(tokenHash))) throw new Error('unknown token');
        const seat = await assign(JSON.parse(text));
        const body = JSON.stringify(seat ?? { error: 'no seat' });
        response.writeHead(seat === undefined ? 400 : 200, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        });
        response.end(body);
      } catch (error) {
        const body = String(error);
        response.writeHead(500, { 'content-length': Buffer.byteLength(body) }).end(body);
      }
    })();
  });
});
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('ready'));
