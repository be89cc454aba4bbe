import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import {
  NEWEST_FIRST,
  type Paginated,
  type PageQuery,
  skipAndTake,
} from '../../platform/http/pagination.js';
import type { Metadata, StoredMetadata } from './metadata.js';

type Table = 'checkouts' | 'customers' | 'orders' | 'products' | 'subscriptions';

interface ObjectRow {
  organization_id: string;
  id: string;
  metadata?: StoredMetadata;
}

interface NewObject {
  organization_id: string;
  id: string;
  metadata?: Metadata;
}

/**
 * The input for creating a row with Prisma, with the metadata typed the way this service types it.
 */
export type WithMetadata<CreateInput> = Omit<CreateInput, 'metadata'> & { metadata?: Metadata };

interface Where {
  organization_id: string;
  id?: string;
  external_id?: string;
  deleted_at?: null;
}

/** The calls of a Prisma model that this repository makes. */
interface Model<Row, NewRow> {
  create(query: { data: Omit<NewRow, 'metadata'> }): Promise<Row>;
  createManyAndReturn(query: {
    data: Omit<NewRow, 'metadata'>[];
    skipDuplicates: true;
  }): Promise<Row[]>;
  findFirst(query: { where: Where }): Promise<Row | null>;
  findMany(query: {
    where: Where;
    orderBy: typeof NEWEST_FIRST;
    skip: number;
    take: number;
  }): Promise<Row[]>;
  count(query: { where: Where }): Promise<number>;
  update(query: {
    where: { organization_id_id: { organization_id: string; id: string } };
    data: Omit<Partial<Row>, 'metadata'>;
  }): Promise<Row>;
}

/** The statements that the tables of purchases share. */
// Injectable makes Nest record the constructor's parameters, which subclasses inherit.
@Injectable()
export abstract class ObjectsRepository<Row extends ObjectRow, NewRow extends NewObject> {
  protected abstract readonly table: Table;

  /** The Prisma model of the table, in the caller's transaction. */
  protected abstract get model(): Model<Row, NewRow>;

  /** The condition on the rows that can be found. */
  protected readonly visible: Pick<Where, 'deleted_at'> = {};

  constructor(protected readonly database: Database) {}

  insert({ metadata, ...columns }: NewRow): Promise<Row> {
    return this.database.transaction(async () => {
      const row = await this.model.create({ data: columns });
      return this.writeMetadata(row, metadata);
    });
  }

  find(organizationId: string, id: string): Promise<Row | null> {
    const where = { organization_id: organizationId, id, ...this.visible };
    return this.model.findFirst({ where });
  }

  /** The row to which the caller gave this external_id. */
  findByExternalId(organizationId: string, externalId: string): Promise<Row | null> {
    const where = { organization_id: organizationId, external_id: externalId, ...this.visible };
    return this.model.findFirst({ where });
  }

  /**
   * The row, locked against changes until the transaction ends.
   * @throws {Error} outside of a transaction, like every method that takes a lock.
   */
  lock(organizationId: string, id: string): Promise<Row | null> {
    // Not FOR UPDATE: others may go on writing rows that refer to this one.
    return this.lockWith(sql`FOR NO KEY UPDATE`, organizationId, id);
  }

  /** As {@link lock}, by the external_id. */
  async lockByExternalId(organizationId: string, externalId: string): Promise<Row | null> {
    this.database.requireTransaction();
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND external_id = ${externalId}
      FOR NO KEY UPDATE`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

  update({ organization_id, id }: Row, { metadata, ...columns }: Partial<Row>): Promise<Row> {
    return this.database.transaction(async () => {
      const where = { organization_id_id: { organization_id, id } };
      const row = await this.model.update({ where, data: columns });
      return this.writeMetadata(row, metadata);
    });
  }

  /** A page of the organization's rows, newest first. */
  async list(organizationId: string, query: PageQuery): Promise<Paginated<Row>> {
    const where = { organization_id: organizationId, ...this.visible };
    const [rows, total] = await Promise.all([
      this.model.findMany({ where, orderBy: NEWEST_FIRST, ...skipAndTake(query) }),
      this.model.count({ where }),
    ]);
    return { rows, total };
  }

  protected async lockWith(
    strength: Prisma.Sql,
    organizationId: string,
    id: string,
  ): Promise<Row | null> {
    this.database.requireTransaction();
    await this.database.query(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid ${strength}`);
    return this.find(organizationId, id);
  }

  /**
   * Writes the metadata of a row by SQL, unless it is undefined. Prisma's model calls lose a key
   * named __proto__, and fail on one named __prismaRawParameters__.
   */
  private async writeMetadata(row: Row, metadata: StoredMetadata | undefined): Promise<Row> {
    if (metadata === undefined) return row;
    const [written] = await this.database.query<{ metadata: StoredMetadata }>(sql`
      UPDATE ${Prisma.raw(this.table)} SET metadata = ${JSON.stringify(metadata)}::jsonb
      WHERE organization_id = ${row.organization_id}::uuid AND id = ${row.id}::uuid
      RETURNING metadata`);
    return { ...row, ...written };
  }
}

/** The same for tables whose rows can be deleted. A deleted row is never found. */
export abstract class DeletableObjectsRepository<
  Row extends ObjectRow,
  NewRow extends NewObject,
> extends ObjectsRepository<Row, NewRow> {
  protected override readonly visible = { deleted_at: null };

  /** As {@link insert}, without metadata; null when a unique index has such a row already. */
  async insertIfAbsent(row: Omit<NewRow, 'metadata'>): Promise<Row | null> {
    const [inserted] = await this.model.createManyAndReturn({ data: [row], skipDuplicates: true });
    return inserted ?? null;
  }

  /** As {@link lock}; other transactions cannot write rows that refer to this one either. */
  lockForDeletion(organizationId: string, id: string): Promise<Row | null> {
    return this.lockWith(sql`FOR UPDATE`, organizationId, id);
  }

  /**
   * Locks the row against deletion until the transaction ends. Others may change it.
   * @returns false when there is no such row.
   */
  async lockAgainstDeletion(organizationId: string, id: string): Promise<boolean> {
    this.database.requireTransaction();
    const rows = await this.database.query(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL
      FOR KEY SHARE`);
    return rows.length > 0;
  }
}
