import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native addons (TensorFlow, ZeroMQ) want a process of their own per file.
    pool: 'forks',
    // Two cores are the smallest machine we promise to work on.
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    reporters: ['default', './test/support/summary-reporter.js'],
  },
});
