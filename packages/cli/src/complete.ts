/** `stint __complete`: what the completion scripts ask for. */
import { proposeCompletions } from '@stricli/core'
import { applicationFor } from './commands/tree.ts'
import { knownProfiles } from './completion/profile-names.ts'
import type { Context } from './context.ts'

type Stricli = Context & { process: { exitCode: number | null } }

/** One proposal a line: the word, a tab, and what it means. The last of the words is the one to complete. */
export async function complete(words: readonly string[]): Promise<void> {
  // Behind -- is another command with its arguments, which the shell completes.
  if (words.slice(0, -1).includes('--')) return
  const profiles = await knownProfiles(process.env)
  const proposals = await proposeCompletions(applicationFor(process), words.length === 0 ? [''] : words, { process } as Stricli)
  process.stdout.write(
    proposals
      .map(
        ({ completion, brief, kind }) =>
          `${completion}\t${kind === 'argument:value' && profiles.includes(completion) ? 'a profile' : brief}\n`,
      )
      .join(''),
  )
}
