/** `packages/cli/src/repository/programs.ts` of the published package. */
import { fileURLToPath } from 'node:url'

export const programFile = (name: string): string => fileURLToPath(new URL(`./sandbox-${name}.js`, import.meta.url))
