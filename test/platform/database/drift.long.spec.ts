import { schemaSql } from '../../../tools/schema-sql.js';
import { testDatabase, type TestDatabase } from '../../support/database.js';

describe('the migrations and prisma/schema.prisma', () => {
  let migrated: TestDatabase;
  let schema: unknown[];
  beforeAll(async () => {
    const printed = await testDatabase('template0');
    await printed.sql(await schemaSql());
    schema = await catalog(printed);
    await printed.drop();
  });
  beforeEach(async () => {
    migrated = await testDatabase();
  });
  afterEach(() => migrated.drop());

  it('describe the same tables', async () => {
    expect(schema.length).toBeGreaterThan(0);
    expect(await catalog(migrated)).toEqual(schema);
  });

  it.each([
    ['a column', 'ALTER TABLE seats ADD COLUMN extra text'],
    ['a type', 'ALTER TABLE events ALTER COLUMN reason TYPE varchar(9)'],
    ['a default', 'ALTER TABLE organizations ALTER COLUMN locale SET DEFAULT 1'],
    ['a nullability', 'ALTER TABLE seats ALTER COLUMN status DROP NOT NULL'],
    ['a table', 'CREATE TABLE extra ()'],
    ['an index', 'DROP INDEX seats_pool_id_created_at_id_idx'],
    ['a foreign key', 'ALTER TABLE effects DROP CONSTRAINT effects_event_id_fkey'],
  ])('differ when %s differs', async (_what, change) => {
    await migrated.sql(change);
    expect(await catalog(migrated)).not.toEqual(schema);
  });
});

describe('the migrations', () => {
  it('create the indexes that Prisma cannot describe', async () => {
    const database = await testDatabase();
    const rows = await database.sql(
      `SELECT indexname FROM pg_indexes
     WHERE schemaname = 'public' AND indexname !~ '_(pkey|key|idx)$' ORDER BY 1`,
    );
    await database.drop();
    expect(rows.map(({ indexname }) => indexname)).toEqual([
      ...['checkouts_external_id', 'customers_email', 'customers_email_keys'],
      ...['customers_external_id', 'effects_open'],
      ...['event_stream_of_order', 'event_stream_of_seat', 'event_stream_of_subscription'],
      ...['events_exhausted', 'events_outbox'],
      ...[
        'events_stream',
        'events_stream_of_order',
        'events_stream_of_subscription',
        'events_unnumbered',
      ],
      ...['members_by_email', 'members_by_name', 'members_email', 'members_email_keys'],
      ...['members_external_id', 'members_newest', 'members_of_customer', 'orders_external_id'],
      ...['organizations_graces', 'pools_of_orders'],
      ...[
        'products_external_id',
        'seats_email_keys',
        'seats_expiring',
        'seats_invitation_hash',
        'seats_of_customer',
      ],
      ...['seats_one_per_email', 'seats_one_per_member', 'subscriptions_due'],
      ...['subscriptions_external_id', 'webhook_messages_due'],
    ]);
  });
});

/**
 * The part of a database's catalog that Prisma's schema describes. The migrations also add checks,
 * triggers and indexes by hand. The names of Prisma's indexes end in _pkey, _key or _idx; the others
 * do not.
 */
async function catalog({ sql }: TestDatabase): Promise<unknown[]> {
  const columns = await sql(
    `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid) AS default
     FROM pg_class c
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND c.relname <> '_prisma_migrations'
     ORDER BY 1, 2`,
  );
  const keys = await sql(
    `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype = 'f' ORDER BY 1, 2`,
  );
  const indexes = await sql(
    `SELECT tablename, indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
       AND indexname ~ '_(pkey|key|idx)$' ORDER BY 1, 2`,
  );
  return [...columns, ...keys, ...indexes];
}
