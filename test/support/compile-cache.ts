/** For the environment of a process that a test starts: where Node keeps what an earlier one has compiled. Set by `vitest.config.ts`. */
export const compileCache: Readonly<Record<string, string>> =
  process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }
