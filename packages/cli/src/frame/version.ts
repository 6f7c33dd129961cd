/** The version of the command line. */
import type { Context } from '../context.ts'
import { jsonLine } from '../output.ts'

/** A test compares it with package.json. It is written here, so that the bundle needs no file beside it. */
export const VERSION = '0.1.0'

export function versionCommand({ process }: Context, flags: { readonly json: boolean }): void {
  process.stdout.write(flags.json ? jsonLine({ version: VERSION, node: process.version }) : `${VERSION}\n`)
}
