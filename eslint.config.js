import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only platform/config reads the environment. Ask for Settings.',
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

export default defineConfig(
  globalIgnores([
    '*.js',
    'dist/',
    'coverage/',
    'src/generated/',
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
      // Answers are made by static functions that do without `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Metadata, decorators and drivers hand out `any`; it may be looked at, not passed on.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // `reject` gets what was thrown, whatever that was.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT, ...TIME, UNSAFE_SQL],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: '@prisma/client', message: 'Import src/generated/prisma/client.js.' },
            { name: 'fs', message: 'Write node:fs.' },
          ],
        },
      ],
    },
  },
  {
    // What runs before there is a service: the process, its database, the command line.
    files: [
      'src/main.ts',
      'src/env-file.ts',
      'src/cli/**',
      'src/platform/clock.ts',
      'src/platform/config.ts',
      'src/platform/database/{embedded,embedded-server,migrate}.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['test/**', 'bench/**', 'examples/**', '*.js', '*.ts'],
    rules: {
      // What comes over the wire has no type until a test has looked at it.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'no-console': 'off',
    },
  },
);
