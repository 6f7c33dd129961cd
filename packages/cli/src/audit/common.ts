/** What the commands of `stint audit` share: the log to read, the keys that are trusted, the table, and which errors are failures. */
import { resolve } from 'node:path'
import { Halt, Trouble } from '@stint/broker/ports/log'
import { parseCheckpointText } from '@stint/tlog/checkpoint'
import { type NoteKey, parseNote, parseVkey } from '@stint/tlog/note'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { TalkFlags } from '../frame/flags.ts'
import { memoryFile, placeFile, recall } from './memory.ts'
import { sourceFrom } from './open-log.ts'
import { type LogSource, Unreachable } from './sources.ts'

export type LogFlags = TalkFlags & { readonly from: string; readonly tokenFile?: string }
export type Trust = { readonly vkey?: readonly string[]; readonly witness?: readonly string[]; readonly quorum: number }

/** Invalid usage. */
export class Usage extends Failure {
  constructor(message: string) {
    super('usage', message)
  }
}

/** Runs a command. Errors of the environment become failures; a bug is thrown. */
export async function guarded<Ended>(work: () => Promise<Ended>): Promise<Ended> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure('usage', error.message)
    throw isOutside(error) ? new Failure('unreachable', (error as Error).message) : error
  }
}

/** Errors of the environment, and not of this program. */
const isOutside = (error: unknown): boolean =>
  error instanceof Unreachable ||
  error instanceof Trouble ||
  error instanceof Halt ||
  typeof (error as NodeJS.ErrnoException).syscall === 'string'

/** The log with its events. */
export async function logWithEvents(context: Context, flags: LogFlags): Promise<LogSource> {
  const source = await sourceFrom(flags.from, flags.tokenFile, context)
  if (!source.hasEvents) throw new Usage('This command needs the events. Pass a copy with events, or the token of an auditor.')
  return source
}

export const keysFrom = (vkeys: readonly string[]): readonly NoteKey[] =>
  vkeys.map((vkey) => {
    const key = parseVkey(vkey)
    if (!key) throw new Usage(`'${vkey}' is not a valid vkey of an Ed25519 key.`)
    return key
  })

/** What is known about a log: its key, and the checkpoint that it must continue. A given key has priority over the stored one. */
export async function knownOf(source: LogSource, vkey: readonly string[] | undefined, env: NodeJS.ProcessEnv) {
  const memory = await recall(memoryFile(await nameOf(source), env))
  return {
    keys: keysFrom(vkey ?? memory?.vkeys ?? []),
    ...(memory ? { remembered: { size: memory.size, root: Buffer.from(memory.root, 'base64') } } : {}),
    /** The user gave the key, now or before. It was not taken from the log. */
    trusted: vkey !== undefined || memory?.trusted === true,
  }
}

/** The name that the log states for itself, used only to find its stored checkpoint. */
export async function nameOf(source: LogSource): Promise<string> {
  const bytes = await source.get('checkpoint')
  const note = bytes && parseNote(Buffer.from(bytes).toString('utf8'))
  return (note && parseCheckpointText(note.text)?.origin) ?? ''
}

/** The file that remembers which log was verified at this path or URL. */
export const placeOf = (from: string, env: NodeJS.ProcessEnv): string => placeFile(/^https?:/.test(from) ? from : resolve(from), env)

export function regionOf(region: string | undefined, env: NodeJS.ProcessEnv): string {
  const found = region ?? env.AWS_REGION
  if (!found) throw new Usage('Missing region. Set --region or $AWS_REGION.')
  return found
}

/** All journals of the story table. AWS's SDK is loaded only here. */
export async function journalsOf(storyTable: string, region: string) {
  const [{ tableClient }, { allJournals }] = await Promise.all([
    import('./aws.ts'),
    import('@stint/broker/adapters/dynamodb/journal-reader'),
  ])
  return allJournals({ client: tableClient(region), storyTable })
}
