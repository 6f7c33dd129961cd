/**
 * `stint`: the command line. `commands/tree.ts` has the commands, `frame/exit.ts` the exit codes. What must be fast is answered before
 * the tree is loaded: the version, and credentials that are kept for `credential_process`, which SDKs run at every start.
 */
import { VERSION } from './frame/version-number.ts'

// The reader of the output can close it early: `stint … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  // A disk that is full, a terminal that is gone.
  process.stderr.write(`stint: The output cannot be written: ${error.message}.\n  Check where it goes: df -h\n`)
  process.exit(5)
})
process.stderr.on('error', () => process.exit(5))

const words = process.argv.slice(2)
// No top-level await: the bundle is CommonJS, in which Node's own modules are loaded when they are needed.
void main()

async function main(): Promise<void> {
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) return void process.stdout.write(`${VERSION}\n`)
  if (words[0] === '__complete') return (await import('./complete.ts')).complete(words.slice(1))
  if (words[0] === 'credential-process' && (await fromCache())) return
  await (await import('./run.ts')).runCommand(words)
}

/** False: nothing is kept for these words, or something is wrong, which the command itself reports. */
async function fromCache(): Promise<boolean> {
  const { keptFor } = await import('./credentials/cache.ts')
  const found = await keptFor(process.env, words, Date.now()).catch(() => undefined)
  if (found === undefined) return false
  process.stdout.write(found)
  return true
}
