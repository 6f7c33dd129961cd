/** The programs of the sandbox in the repository. The package has `packages/stint/src/programs.ts` in place of this file. */
import { fileURLToPath } from 'node:url'

export const programFile = (name: string): string => fileURLToPath(new URL(`../../../sandbox/src/${name}.ts`, import.meta.url))
