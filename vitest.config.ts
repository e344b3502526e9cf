import { defineConfig } from 'vitest/config';

const MINUTE = 60_000;

/**
 * unit: beside the sources, and the conformance and fuzz suites that need no guest. guests: real operating systems,
 * up to about a minute each. long: the same, longer, some of them in a browser. e2e: the product in a real browser,
 * after a build.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          environment: 'node',
          include: ['src/**/*.test.ts', 'conformance/**/*.test.ts', 'fuzz/**/*.test.ts'],
          exclude: ['conformance/guests/**'],
          testTimeout: 30_000,
          globalSetup: ['scripts/vitest-core.mjs'],
        },
      },
      {
        test: {
          name: 'guests',
          sequence: { groupOrder: 1 },
          environment: 'node',
          include: ['conformance/guests/**/*.test.ts'],
          exclude: ['conformance/guests/**/*.long.test.ts'],
          testTimeout: 10 * MINUTE,
          hookTimeout: 10 * MINUTE,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'long',
          runner: './scripts/deadline-runner.ts',
          sequence: { groupOrder: 2 },
          environment: 'node',
          include: ['conformance/guests/**/*.long.test.ts', 'e2e/**/*.long.spec.ts'],
          testTimeout: 30 * MINUTE,
          hookTimeout: 30 * MINUTE,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          sequence: { groupOrder: 3 },
          environment: 'node',
          include: ['e2e/**/*.spec.ts'],
          exclude: ['e2e/**/*.long.spec.ts'],
          testTimeout: 5 * MINUTE,
          hookTimeout: 5 * MINUTE,
          maxWorkers: 1,
        },
      },
    ],
  },
});
