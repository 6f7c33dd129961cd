/**
 * `stint`: the command line. `commands/tree.ts` has the commands, `frame/exit.ts` the exit codes. What must be fast is answered before
 * the tree is loaded: the version, and credentials that are kept for `credential_process`, which SDKs run at every start.
 */
import { VERSION } from './frame/version.ts'

// The reader of the output can close it early: `stint … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const words = process.argv.slice(2)
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) process.stdout.write(`${VERSION}\n`)
else if (words[0] === '__complete') await (await import('./run.ts')).complete(words.slice(1))
else if (words[0] !== 'credential-process' || !(await fromCache())) await (await import('./run.ts')).runCommand(words)

/** False: nothing is kept for these words, or something is wrong, which the command itself reports. */
async function fromCache(): Promise<boolean> {
  const { entryFor, kept } = await import('./credentials/cache.ts')
  const found = await kept<string>(await entryFor(process.env, words), Date.now()).catch(() => undefined)
  if (typeof found?.value !== 'string') return false
  process.stdout.write(found.value)
  return true
}
