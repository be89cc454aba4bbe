import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { type PoolConfig, Pool } from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  type ArgType,
  ColumnTypeEnum,
  type ColumnType,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
  type SqlQueryable,
  type Transaction,
} from '@prisma/driver-adapter-utils';
import type { Prisma } from '../../generated/prisma/client.js';

interface Slot {
  connection?: SqlQueryable;
}

/**
 * Prisma's adapter for `pg`. Prisma's client runs its queries of models and its transactions on it.
 * The SQL of the repositories goes through {@link rowsOf} straight to the adapter: the client would
 * encode each value and decode each row again (docs/adr/0015-sql-on-prismas-driver-adapter.md).
 */
export class Driver implements SqlDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName: string;
  private readonly factory: PrismaPg;
  private readonly names = new StatementNames();
  private readonly slots = new AsyncLocalStorage<Slot>();
  private adapter: Promise<SqlDriverAdapter> | undefined;

  constructor(config: PoolConfig) {
    this.factory = new PrismaPg(new Pool(config), {
      disposeExternalPool: true,
      // Named prepared statements: each connection plans each shape of statement once.
      statementNameGenerator: ({ sql }) => this.names.of(sql),
    });
    this.adapterName = this.factory.adapterName;
  }

  /** The adapter, with one pool of connections however often it is called. */
  connect(): Promise<SqlDriverAdapter> {
    this.adapter ??= this.open();
    return this.adapter;
  }

  /**
   * Runs a function that starts an interactive transaction of Prisma's client.
   * @param start gets a function that returns the connection of the transaction, once it has begun.
   */
  withConnection<T>(start: (connection: () => SqlQueryable) => Promise<T>): Promise<T> {
    const slot: Slot = {};
    return this.slots.run(slot, () =>
      start(() => {
        if (slot.connection === undefined) throw new Error('The transaction has ended.');
        return slot.connection;
      }),
    );
  }

  private async open(): Promise<SqlDriverAdapter> {
    const adapter = await this.factory.connect();
    const startTransaction = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = async (level) => {
      const transaction = await startTransaction(level);
      const slot = this.slots.getStore();
      if (slot !== undefined) lend(transaction, slot);
      return transaction;
    };
    return adapter;
  }
}

/**
 * Puts the connection of a transaction into a slot until the transaction ends. Afterwards it belongs to
 * another transaction, so a late query must not find it.
 */
function lend(transaction: Transaction, slot: Slot): void {
  slot.connection = transaction;
  const executeRaw = transaction.executeRaw.bind(transaction);
  transaction.executeRaw = (query) => {
    if (query.sql === 'COMMIT' || query.sql === 'ROLLBACK') delete slot.connection;
    return executeRaw(query);
  };
}

const SCALAR: ArgType = { scalarType: 'unknown', arity: 'scalar' };
const LIST: ArgType = { scalarType: 'unknown', arity: 'list' };

/** Runs a statement. @returns its rows, with the values as Prisma's `$queryRaw` returns them. */
export async function rowsOf<Row>(connection: SqlQueryable, sql: Prisma.Sql): Promise<Row[]> {
  const { columnNames, columnTypes, rows } = await connection.queryRaw({
    sql: textOf(sql),
    args: sql.values,
    argTypes: sql.values.map((value) => (Array.isArray(value) ? LIST : SCALAR)),
  });
  const read = columnTypes.map((type) => READERS[type]);
  return rows.map((values) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const reader = read[index];
      row[columnNames[index] as string] =
        value === null || reader === undefined ? value : reader(value as string);
    }
    return row as Row;
  });
}

/**
 * The text of a statement, with `$1`, `$2` … for its values. Prisma's `sql.text` is the same text,
 * but in many pieces, which the driver would have to join for each of its look-ups.
 */
function textOf({ strings }: Prisma.Sql): string {
  return strings.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join('');
}

/** How to read the values that the adapter leaves as text. */
const READERS: Partial<Record<ColumnType, (text: string) => unknown>> = {
  [ColumnTypeEnum.Int64]: BigInt,
  [ColumnTypeEnum.DateTime]: (text) => new Date(text),
  [ColumnTypeEnum.Json]: (text) => JSON.parse(text) as unknown,
};

const MAX_NAMES = 1_000;

/** Names each shape of statement, and remembers the names. */
class StatementNames {
  private readonly known = new Map<string, string>();

  of(text: string): string {
    let name = this.known.get(text);
    if (name === undefined) {
      name = createHash('sha1').update(text).digest('base64url');
      // Lists of different lengths keep producing new shapes. Clearing the map bounds the memory.
      if (this.known.size >= MAX_NAMES) this.known.clear();
      this.known.set(text, name);
    }
    return name;
  }
}
