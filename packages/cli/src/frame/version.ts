/** `stint version`. */
import type { Context } from '../context.ts'
import { jsonLine } from '../output.ts'
import { VERSION } from './version-number.ts'

export function versionCommand({ process }: Context, flags: { readonly json: boolean }): void {
  process.stdout.write(flags.json ? jsonLine({ version: VERSION, node: process.version }) : `${VERSION}\n`)
}
