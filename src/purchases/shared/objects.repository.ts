import { Injectable } from '@nestjs/common';
import { Prisma } from '../../generated/prisma/client.js';
import { Database, sql } from '../../platform/database/database.js';
import { NEWEST_FIRST, type Page, type PageQuery, sliceOf } from '../../platform/http/pages.js';
import { storable } from './metadata.js';

type Table = 'checkouts' | 'customers' | 'orders' | 'products' | 'subscriptions';

interface ObjectRow {
  organization_id: string;
  id: string;
}

/** What is used of Prisma's model of a table. Each model has types of its own for these. */
interface Model<Row> {
  create(query: { data: object }): Promise<Row>;
  createManyAndReturn(query: { data: object[]; skipDuplicates: true }): Promise<Row[]>;
  findFirst(query: { where: object }): Promise<Row | null>;
  findMany(query: object): Promise<Row[]>;
  count(query: { where: object }): Promise<number>;
  update(query: { where: object; data: object }): Promise<Row>;
}

/** The SQL that the tables of purchases share. */
// Injectable, so that Nest knows what the constructor takes; it is those that extend it that it makes.
@Injectable()
export abstract class ObjectsRepository<Row extends ObjectRow, NewRow extends object> {
  protected abstract readonly table: Table;

  /** Which rows there are, as far as anybody is told. */
  protected readonly alive: object = {};

  constructor(protected readonly database: Database) {}

  protected get model(): Model<Row> {
    return this.database.db[this.table] as unknown as Model<Row>;
  }

  insert(row: NewRow): Promise<Row> {
    return this.model.create({ data: storable(row) });
  }

  find(organizationId: string, id: string): Promise<Row | null> {
    const where = { organization_id: organizationId, id, ...this.alive };
    return this.model.findFirst({ where });
  }

  /** The row that the caller gave this name. */
  findExternal(organizationId: string, externalId: string): Promise<Row | null> {
    const where = { organization_id: organizationId, external_id: externalId, ...this.alive };
    return this.model.findFirst({ where });
  }

  /** The row, with nobody else changing it until the transaction ends. */
  lock(organizationId: string, id: string): Promise<Row | null> {
    // Not FOR UPDATE: what refers to the row may be written meanwhile.
    return this.lockWith(sql`FOR NO KEY UPDATE`, organizationId, id);
  }

  /** As {@link lock}, by the caller's own name for it. */
  async lockExternal(organizationId: string, externalId: string): Promise<Row | null> {
    const [row] = await this.database.query<{ id: string }>(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND external_id = ${externalId}
      FOR NO KEY UPDATE`);
    return row === undefined ? null : this.find(organizationId, row.id);
  }

  async update({ organization_id, id }: Row, changes: Partial<Row>): Promise<Row> {
    const where = { organization_id_id: { organization_id, id } };
    return this.model.update({ where, data: storable(changes) });
  }

  async page(organizationId: string, query: PageQuery): Promise<Page<Row>> {
    const where = { organization_id: organizationId, ...this.alive };
    const [rows, total] = await Promise.all([
      this.model.findMany({ where, orderBy: NEWEST_FIRST, ...sliceOf(query) }),
      this.model.count({ where }),
    ]);
    return { rows, total };
  }

  protected async lockWith(
    strength: Prisma.Sql,
    organizationId: string,
    id: string,
  ): Promise<Row | null> {
    await this.database.query(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid ${strength}`);
    return this.find(organizationId, id);
  }
}

/** The same of tables whose rows can be deleted. Deleted ones are not seen by any of it. */
export abstract class DeletableObjectsRepository<
  Row extends ObjectRow,
  NewRow extends object,
> extends ObjectsRepository<Row, NewRow> {
  protected override readonly alive = { deleted_at: null };

  /** As {@link insert}; null when a unique index has such a row, perhaps since just now. */
  async insertUnlessThere(row: NewRow): Promise<Row | null> {
    const data = [storable(row)];
    const [inserted] = await this.model.createManyAndReturn({ data, skipDuplicates: true });
    return inserted ?? null;
  }

  /** As {@link lock}; nor is anything written meanwhile that refers to the row. */
  lockForDeletion(organizationId: string, id: string): Promise<Row | null> {
    return this.lockWith(sql`FOR UPDATE`, organizationId, id);
  }

  /** Whether the row is there; then it cannot be deleted until the transaction ends. */
  async hold(organizationId: string, id: string): Promise<boolean> {
    const rows = await this.database.query(sql`
      SELECT id FROM ${Prisma.raw(this.table)}
      WHERE organization_id = ${organizationId}::uuid AND id = ${id}::uuid AND deleted_at IS NULL
      FOR KEY SHARE`);
    return rows.length > 0;
  }
}
