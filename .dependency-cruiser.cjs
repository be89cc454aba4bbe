/*
 * Who may import whom: effects know the domains, the domains know the platform, the platform knows
 * nobody. What lies at the root of src puts them together.
 */

const DOMAINS = '^src/(seats|invitations|purchases|organizations|portal|webhooks)/';
const QUEUE = '^src/(effects|platform/queue)/|^src/worker\\.module\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      // Types are gone when the code runs.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'platform-knows-nobody',
      comment: 'The platform is what the domains stand on.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/', pathNot: '^src/(platform|generated)/' },
    },
    {
      name: 'domains-know-no-effects',
      comment: 'A domain writes events; what follows from them is not its business.',
      severity: 'error',
      from: { path: DOMAINS },
      to: { path: '^src/(effects|health|cli|demo)/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'effects-know-no-roots',
      severity: 'error',
      from: { path: '^src/(effects|health)/' },
      to: { path: '^src/(cli|demo)/|^src/[^/]+\\.ts$' },
    },
    {
      name: 'controllers-ask-services',
      comment: 'A route that reads tables itself goes around the rules.',
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
      comment: 'A client of its own would escape the transaction. SQL is for repositories.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(platform/database|generated)/|\\.repository\\.ts$' },
      to: { path: '^src/generated/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'rules-are-pure',
      comment: 'What is true needs neither a framework nor a database to be true.',
      severity: 'error',
      from: {
        path: '^src/(seats/seat|invitations/invitation|organizations/(organization|scopes)|purchases/[^/]+/(customer|member|subscription|order|checkout))\\.ts$',
      },
      to: { path: '^src/generated/|/database/|(^|node_modules/)@(nestjs|prisma)/' },
    },
    {
      name: 'packages-are-declared',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'no-development-packages',
      comment: 'They are not in the image.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
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
