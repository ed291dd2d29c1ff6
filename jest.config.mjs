/** Unit tests are pure; `real` uses real tools; `action` runs the composite; `attacks` makes the bad thing happen. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': '<rootDir>/__tests__/support/typescript.mjs',
    '\\.(py|sh|c)$': '<rootDir>/__tests__/support/text.mjs'
  },
  testSequencer: '<rootDir>/__tests__/support/sequencer.mjs',
  testTimeout: 600_000,
  maxWorkers: 2,
  // A large process takes long to start others, and modules in contexts of their own are not given back.
  workerIdleMemoryLimit: '600MB',
  clearMocks: true
}
