import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Many tests start processes. What one of them has compiled, the next one reads, which halves the time that `stint` takes to start.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('./node_modules/.cache/stint-tests', import.meta.url))

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Two cores: parts that start a sandbox each would otherwise starve one another.
    maxWorkers: 2,
    // Only a test that hangs takes this long, on a busy machine, too: no test measures time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The last one prints the last line: how many tests were skipped, and why.
    reporters: [
      'default',
      ...(process.env.GITHUB_ACTIONS === 'true' ? ['github-actions'] : []),
      fileURLToPath(new URL('./test/support/skipped.ts', import.meta.url)),
    ],
  },
})
