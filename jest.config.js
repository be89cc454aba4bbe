/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // Storms, crashes and ten thousand people at once take minutes: CI runs them, and who asks for them.
  testPathIgnorePatterns: process.env.CI ? [] : ['\\.long\\.spec\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  // Sources import each other with the .js of the built file; here they are .ts.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  maxWorkers: 2,
  // A worker at the end of all tests takes a second to give back its memory. That is no leak.
  workerGracefulExitTimeout: 10_000,
  testTimeout: 30_000,
};
