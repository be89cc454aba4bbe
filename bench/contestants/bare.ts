/*
 * The limit: node:http and a pg pool, one prepared statement for each request on a lean schema. It
 * looks tokens up, locks and checks the pool, and writes member, seat and event. It has no
 * validation, routing, errors or logging beyond that.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Pool } from 'pg';
import { ACCESS, ASSIGN, CLAIM, hashOf, LIST } from './bare-statements.ts';

const pool = new Pool({
  connectionString: process.env['DATABASE_URL'],
  max: Number(process.env['DATABASE_POOL_SIZE']),
});

async function ask(name: string, statement: string, values: unknown[]): Promise<any[]> {
  return (await pool.query({ name, text: statement, values })).rows;
}

/** A seat as the service shows it. */
function show(row: any): object {
  return {
    id: row.id,
    pool_id: row.pool_id,
    status: row.status,
    email: row.email,
    created_at: row.created_at,
    invitation_token_expires_at: row.invitation_expires_at,
    claimed_at: row.claimed_at,
    customer_id: row.customer_id,
    member_id: row.member_id,
    member: {
      id: row.member_id,
      email: row.email,
      created_at: row.member_created_at,
      customer_id: row.customer_id,
    },
  };
}

/** Undefined: there is no such seat or place. */
async function answer(request: IncomingMessage): Promise<object | undefined> {
  const url = new URL(request.url as string, 'http://localhost');
  if (url.pathname === '/v1/customer-seats/claim') {
    const { invitation_token } = JSON.parse(await text(request));
    const session = randomBytes(24).toString('base64url');
    const [seat] = await ask('claim', CLAIM, [hashOf(invitation_token), hashOf(session)]);
    return seat && { seat: show(seat), customer_session_token: session };
  }
  const hash = hashOf((request.headers.authorization ?? '').slice('Bearer '.length));
  const query = url.searchParams;
  if (url.pathname === '/v1/access') {
    const [seat] = await ask('access', ACCESS, [hash, query.get('product_id'), query.get('email')]);
    return { has_access: seat !== undefined, seat: seat ? show(seat) : null };
  }
  if (request.method === 'GET') {
    const limit = Number(query.get('limit'));
    const rows = await ask('list', LIST, [hash, query.get('subscription_id'), limit + 1]);
    const { capacity, taken } = rows[0];
    return {
      seats: rows.slice(0, limit).map(show),
      available_seats: capacity - taken,
      total_seats: capacity,
      next_cursor: rows.length > limit ? rows[limit].id : null,
    };
  }
  const { subscription_id, email } = JSON.parse(await text(request));
  const invitation = hashOf(randomBytes(16).toString('base64url'));
  const [seat] = await ask('assign', ASSIGN, [
    hash,
    subscription_id,
    email,
    randomUUID(),
    invitation,
  ]);
  return seat && show(seat);
}

const server = createServer((request, response) => {
  const send = (status: number, body: string) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  };
  answer(request).then(
    (result) => send(result ? 200 : 400, JSON.stringify(result ?? { error: 'refused' })),
    (error: unknown) => send(500, String(error)),
  );
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
