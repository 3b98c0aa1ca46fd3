import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Says which comparisons are left out here, and what to install.
    globalSetup: 'test/say-what-is-missing.ts',
    // Puts protocol checkers on AXI links.
    setupFiles: 'test/axi-checkers.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two workers: the suite is CPU-bound and shares the machine with the RTL simulators it starts.
    maxWorkers: 2,
  },
});
