/*
 * The layers: boot and cli import effects, effects import the domains, the domains import the
 * platform. tools/ is never shipped.
 */

const DOMAINS =
  '^src/(seats|invitations|claim-page|purchases|organizations|sessions|portal|webhooks|events)/';
const QUEUE = '^src/(effects|platform/queue)/|^src/boot/worker\\.module\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Merge two files that import each other, or move the shared part to a third file.',
      severity: 'error',
      from: {},
      // Imports of types do not exist at run time.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-circles-between-folders',
      comment: 'Dependencies between the folders of src point one way, imports of types included.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/[^/]+$' },
      to: { circular: true },
    },
    {
      name: 'platform-knows-nobody',
      comment: 'The domains build on the platform, so the platform must not import them.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|generated)/' },
    },
    {
      name: 'domains-know-no-effects',
      comment:
        'A domain only writes events. Effects act on them, and a domain must not depend on effects.',
      severity: 'error',
      from: { path: DOMAINS },
      to: { path: '^src/(effects|health|cli|demo|boot)/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'effects-know-no-roots',
      severity: 'error',
      from: { path: '^src/(effects|health)/' },
      to: { path: '^src/(cli|demo|boot)/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'seats-through-the-entrance',
      comment:
        'SeatsService enforces the key rules. A caller that uses a class below it bypasses them. Purchases use PoolsService, which joins their transactions.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/seats/' },
      to: {
        path: '^src/seats/.*\\.(service|repository)\\.ts$',
        pathNot: '^src/seats/(seats|pool/pools|revoke/release)\\.service\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'pools-for-purchases',
      comment: 'PoolsService changes pools without checking the rules for people.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(seats|purchases)/' },
      to: { path: '^src/seats/pool/pools\\.service\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'controllers-ask-services',
      comment: 'A route that reads tables directly bypasses the rules of the services.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.repository\\.ts$' },
    },
    {
      name: 'queue-in-its-place',
      comment: 'The API must work when there is no queue.',
      severity: 'error',
      from: { path: '^src/', pathNot: QUEUE },
      to: { path: '^(node_modules/)?(bullmq|ioredis|@nestjs/bullmq)(/|$)' },
    },
    {
      name: 'rows-through-the-database',
      comment:
        'A second client would not take part in the transaction. SQL is written in repositories (*.repository.ts), its shared parts in *.sql.ts; ESLint knows the tag `sql`.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(platform/(database|outbox)|generated)/|\\.(repository|sql)\\.ts$',
      },
      to: { path: '^src/generated/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'rules-are-pure',
      comment: 'Business rules need neither a framework nor a database.',
      severity: 'error',
      from: {
        path: '^src/(seats/(seat|seats\\.rules|assign/assign\\.rules|pool/pool\\.rules)|invitations/invitation|organizations/(organization|scopes)|purchases/[^/]+/(customer|member|subscription|order|checkout))\\.ts$',
      },
      to: { path: '^src/generated/|/database/|(^|node_modules/)@(nestjs|prisma)/' },
    },
    {
      name: 'nothing-shipped-needs-tools',
      comment: 'Only src is built and shipped.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tools|test|bench|examples)/' },
    },
    {
      name: 'tools-run-the-build',
      comment:
        'Node cannot run decorators: import the types from src, and load the code from dist.',
      severity: 'error',
      from: { path: '^tools/' },
      to: {
        path: '^src/',
        pathNot: '^src/platform/database/schema-engine\\.ts$',
        dependencyTypesNot: ['type-only', 'type-import'],
      },
    },
    {
      name: 'packages-are-declared',
      severity: 'error',
      from: { path: '^(src|tools)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-development-packages',
      comment: 'The image has neither development packages nor optional ones.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-optional'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/generated/.*\\.map$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
