/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // The long tests of load, crashes and large pools take minutes. They run in CI or with CI=true.
  testPathIgnorePatterns: process.env.CI ? [] : ['\\.long\\.spec\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  // Imports name the built .js file. Jest runs the .ts source.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  maxWorkers: 2,
  // A worker takes about a second to free its memory after the last test. That is not a leak.
  workerGracefulExitTimeout: 10_000,
  // A busy CI machine is slow: the limit only has to end a test that hangs.
  testTimeout: process.env.CI ? 120_000 : 30_000,
};
