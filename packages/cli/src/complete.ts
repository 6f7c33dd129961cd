/** `stint __complete`: what the completion scripts ask for. */
import { proposeCompletions } from '@stricli/core'
import { applicationFor } from './commands/tree.ts'
import type { Context } from './context.ts'

type Stricli = Context & { process: { exitCode: number | null } }

/** One proposal a line: the word, a tab, and what it means. The last of the words is the one to complete. */
export async function complete(words: readonly string[]): Promise<void> {
  const proposals = await proposeCompletions(
    applicationFor(process, (text) => text),
    words.length === 0 ? [''] : words,
    { process } as Stricli,
  )
  process.stdout.write(proposals.map(({ completion, brief }) => `${completion}\t${brief}\n`).join(''))
}
