import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only platform/settings reads the environment. Ask for Settings.',
};
const TIME = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Ask the Clock, so that tests can move time.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Ask the Clock, so that tests can move time.',
  },
];
const UNSAFE_SQL = {
  selector: 'CallExpression[callee.property.name=/^\\$(query|execute)RawUnsafe$/]',
  message: 'Write database.query(sql`…`), which keeps values and SQL apart.',
};
const RAW_ROWS = {
  selector: "MemberExpression[property.name='$queryRaw']",
  message:
    'Write database.query<Row>: a test compares its row types with the columns that PostgreSQL returns.',
};
const LOCKS = {
  selector:
    'MethodDefinition:has(TemplateElement[tail=true][value.raw=/\\sFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)( OF \\w+)?( SKIP LOCKED)?$/]):not(:has(Identifier[name=/^(requireTransaction|transaction)$/]))',
  message:
    'Call database.requireTransaction() first. Without a transaction the lock ends with the statement.',
};

const IMPORTS = {
  paths: [
    { name: '@prisma/client', message: 'Import src/generated/prisma/client.js.' },
    { name: 'fs', message: 'Write node:fs.' },
  ],
};
const SQL = {
  group: ['**/database/database.js'],
  importNames: ['sql'],
  message: 'SQL is written in repositories (*.repository.ts), its shared parts in *.sql.ts.',
};

export default defineConfig(
  globalIgnores([
    '*.js',
    'dist/',
    'coverage/',
    'src/generated/',
    'clients/typescript/src/schema.ts',
    'clients/typescript/src/operations.ts',
    '.data/',
    '.dependency-cruiser.cjs',
    'test/support/*.js',
  ]),
  {
    files: ['**/*.ts', '**/*.js'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A handler may be async because its interface says so.
      '@typescript-eslint/require-await': 'off',
      // Static functions without `this` build the responses.
      '@typescript-eslint/unbound-method': 'off',
      // Metadata, decorators and drivers return `any`. Code may read it but not pass it on.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // `reject` passes on any thrown value, which need not be an Error.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT, ...TIME, UNSAFE_SQL, RAW_ROWS, LOCKS],
      'no-restricted-imports': ['error', { ...IMPORTS, patterns: [SQL] }],
    },
  },
  {
    files: ['src/**/*.{repository,sql}.ts', 'src/platform/{database,outbox}/**'],
    rules: { 'no-restricted-imports': ['error', IMPORTS] },
  },
  {
    files: ['src/platform/database/database.ts'],
    rules: { 'no-restricted-syntax': ['error', ENVIRONMENT, ...TIME, UNSAFE_SQL] },
  },
  {
    // These files run before there are settings or a clock, or provide them.
    files: ['src/boot/{env-file,run}.ts', 'src/cli/run.ts', 'src/platform/{clock,settings}.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Node runs these files by removing their types, so they cannot use syntax that becomes code.
    files: ['tools/**', 'bench/**', 'clients/**', 'examples/**'],
    rules: {
      '@typescript-eslint/parameter-properties': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Node cannot run an enum. Use a union type.' },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.name='test'], CallExpression[callee.callee.object.name='test']",
          message: 'Write it().',
        },
      ],
    },
  },
  {
    files: ['test/**', 'bench/**', 'examples/**', '*.js', '*.ts'],
    rules: {
      // Responses have no type until a test has checked them.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-console': 'off',
    },
  },
);
