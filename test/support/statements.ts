import { relative } from 'node:path';
import pg from 'pg';
import ts from 'typescript';
import type { Prisma } from '../../src/generated/prisma/client.js';
import { Database } from '../../src/platform/database/database.js';

/*
 * A statement is known by the place of its Database.query call, as `src/file.ts:line`. The kinds of
 * a column are string, number, bigint, boolean, Date, json, null and unknown.
 */

/** The kinds that Prisma makes of PostgreSQL's types, by the OID of the type. */
const KINDS: Record<number, string> = {
  ...{ 16: 'boolean', 20: 'bigint', 21: 'number', 23: 'number', 25: 'string', 114: 'json' },
  ...{ 701: 'number', 1009: 'json', 1043: 'string', 1114: 'Date', 1184: 'Date' },
  ...{ 2950: 'string', 2951: 'json', 3802: 'json' },
};

/** A statement as it ran: the kind of each column, and the columns that were null in some row. */
export interface Ran {
  columns: Record<string, string>;
  nulls: Set<string>;
}

/** Records the statements of every {@link Database} of this process, from now on. */
export class StatementRecorder {
  private readonly statements = new Map<string, { text: string; nulls: Set<string> }[]>();
  private readonly columns = new Map<string, Ran['columns']>();

  constructor() {
    const { statements, columns } = this;
    const { query } = Database.prototype;
    Database.prototype.query = async function <Row>(this: Database, sql: Prisma.Sql) {
      const site = callSite();
      const rows = (await query.call(this, sql)) as Row[];
      const isNull = (row: Row) =>
        Object.entries(row as object).filter(([, value]) => value === null);
      const nulls = new Set(rows.flatMap(isNull).map(([name]) => name));
      statements.set(site, [...(statements.get(site) ?? []), { text: sql.text, nulls }]);
      return rows;
    };
    // The driver calls this for each statement with the RowDescription of PostgreSQL.
    const driver: any = pg.Query.prototype;
    const { handleRowDescription } = driver;
    driver.handleRowDescription = function (message: { fields: pg.FieldDef[] }) {
      const kinds = message.fields.map(({ name, dataTypeID: oid }) => [
        name,
        KINDS[oid] ?? `OID ${oid}`,
      ]);
      columns.set(this.text, Object.fromEntries(kinds));
      handleRowDescription.call(this, message);
    };
  }

  /** Each run of the call; none if it never ran. */
  runsOf(site: string): Ran[] {
    const statements = this.statements.get(site) ?? [];
    return statements.map(({ text, nulls }) => ({ columns: this.columns.get(text) ?? {}, nulls }));
  }
}

function callSite(): string {
  const frames = (new Error().stack ?? '').split('\n');
  const paths = frames.map((frame) => /\(?(\/\S+\/src\/\S+\.ts:\d+):\d+\)?$/.exec(frame)?.[1]);
  return relative(process.cwd(), paths.find((path) => path !== undefined) ?? '');
}

/**
 * The row types of all Database.query calls in src, as TypeScript resolves them: the kinds of each
 * property. Calls without a row type are left out, since nothing reads their columns.
 */
export function rowTypes(): Map<string, Record<string, Set<string>>> {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const program = ts.createProgram(fileNames.filter(isSource), options);
  const checker = program.getTypeChecker();
  const types = new Map<string, Record<string, Set<string>>>();

  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const { expression: owner, name } = node.expression;
    if (name.text !== 'query') return;
    if (checker.getTypeAtLocation(owner).getSymbol()?.name !== 'Database') return;
    const properties = rowOf(node).map((property) => {
      const type = checker.getTypeOfSymbolAtLocation(property, node);
      return [property.name, new Set((type.isUnion() ? type.types : [type]).map(kindOf))];
    });
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(name.getStart());
    const site = `${relative(process.cwd(), file.fileName)}:${line + 1}`;
    if (properties.length > 0) types.set(site, Object.fromEntries(properties));
  };
  // The call returns Promise<Row[]>.
  const rowOf = (call: ts.CallExpression): ts.Symbol[] => {
    let type = checker.getResolvedSignature(call)?.getReturnType();
    for (const _ of ['Promise', 'Array']) {
      type = type && checker.getTypeArguments(type as ts.TypeReference)[0];
    }
    return type?.getProperties() ?? [];
  };
  program
    .getSourceFiles()
    .filter(({ fileName }) => isSource(fileName))
    .forEach(visit);
  return types;
}

function isSource(fileName: string): boolean {
  return /^src\/(?!generated\/)/.test(relative(process.cwd(), fileName));
}

function kindOf(type: ts.Type): string {
  const kinds: [ts.TypeFlags, string][] = [
    [ts.TypeFlags.Null, 'null'],
    [ts.TypeFlags.StringLike, 'string'],
    [ts.TypeFlags.NumberLike, 'number'],
    [ts.TypeFlags.BigIntLike, 'bigint'],
    [ts.TypeFlags.BooleanLike, 'boolean'],
    [ts.TypeFlags.Any | ts.TypeFlags.Unknown, 'unknown'],
  ];
  const kind = kinds.find(([flags]) => (type.flags & flags) !== 0)?.[1];
  return kind ?? (type.getSymbol()?.name === 'Date' ? 'Date' : 'json');
}
