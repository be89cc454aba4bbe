import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { emailKey } from '../../../src/platform/email.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

const FUNCTION = 'prisma/migrations/20261128401000_email_key/migration.sql';
const INDEXES = 'prisma/migrations/20261128402000_email_key_indexes/migration.sql';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

describe('email_key', () => {
  it('is the same function in the service and in the database, for every character', async () => {
    const letters: string[] = [];
    for (let code = 1; code < 0x110000; code += 1) {
      const letter = code < 0xd800 || code > 0xdfff ? String.fromCodePoint(code) : '';
      // The planes above have no upper and lower case.
      if (code < 0x20000) letters.push(letter);
      else if (emailKey(letter) !== letter) throw new Error(`Compare ${letter} as well.`);
    }
    const texts = Array.from({ length: 32 }, (_, n) => letters.slice(n * 4096, (n + 1) * 4096));
    const rows = await database.sql(
      'SELECT email_key(text) AS key FROM unnest($1::text[]) AS text',
      [texts.map((each) => each.join(''))],
    );
    expect(rows.map(({ key }) => key)).toEqual(texts.map((each) => emailKey(each.join(''))));
    const folded = letters.filter((each) => each > '\x7f' && /[\0-\x7f]/.test(emailKey(each)));
    expect(folded).toEqual([]);
  });

  it.each([
    ['ÄDA@example.com', 'äda@example.com'],
    ['Γιώργος@example.com', 'γιώργος@example.com'],
    ['İbo@example.com', 'İbo@example.com'],
  ])('reads %s as %s in a database that knows only ASCII letters', async (email, key) => {
    const url = new URL(process.env['TEST_POSTGRES_URL'] as string);
    const server = new Client(url.href);
    const name = `test_${randomBytes(6).toString('hex')}`;
    await server.connect();
    try {
      await server.query(
        `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'`,
      );
      url.pathname = `/${name}`;
      const client = new Client(url.href);
      await client.connect();
      await client.query(await readFile(FUNCTION, 'utf8'));
      const { rows } = await client.query('SELECT lower($1), email_key($1) AS key', [email]);
      await client.end();
      expect([rows[0].key, emailKey(email)]).toEqual([key, key]);
    } finally {
      await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.end();
    }
  });

  it("is not added by the migration while two members' e-mails differ only in case", async () => {
    const old = await testDatabase();
    try {
      await old.sql(`DROP INDEX members_email, members_email_keys, customers_email_keys,
        seats_email_keys`);
      await old.sql(`WITH o AS (INSERT INTO organizations (id, created_at, slug, name)
          VALUES (gen_random_uuid(), now(), 'o', 'O') RETURNING id),
        c AS (INSERT INTO customers (organization_id, id, created_at)
          SELECT id, gen_random_uuid(), now() FROM o RETURNING *)
        INSERT INTO members (organization_id, id, created_at, customer_id, email)
        SELECT organization_id, gen_random_uuid(), now(), id, person.email
        FROM c, unnest('{Äda@example.com,äda@example.com}'::text[]) AS person(email)`);
      await expect(old.sql(await readFile(INDEXES, 'utf8'))).rejects.toMatchObject({
        detail: expect.stringContaining('äda@example.com'),
      });
    } finally {
      await old.drop();
    }
  });
});
