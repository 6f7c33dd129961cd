/**
 * `stint slack`: which Slack user is yours. The code is shown here and typed there; who typed it is shown here, and you say
 * whether that is you.
 */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../context.ts'

export const EXIT = { refused: 1, usage: 2, unreachable: 5 } as const

export type SlackFlags = { readonly url?: string; readonly tokenFile?: string }
export type LinkFlags = SlackFlags & { readonly user?: string; readonly email: boolean }

type SlackUser = { readonly team: string; readonly user: string; readonly name: string; readonly until: string }
type LinkState = {
  readonly state: 'none' | 'pending' | 'linked'
  readonly pending?: SlackUser
  readonly linked?: SlackUser & { readonly since: string }
}

/** The broker said no, or nothing. */
class Ended extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const LOOK_AGAIN_MS = 1000
const LOOKS = 600

/** One person's calls of the broker. */
async function callsOf({ url, tokenFile }: SlackFlags, env: NodeJS.ProcessEnv) {
  const base = (url ?? env.STINT_URL)?.replace(/\/$/, '')
  const token = tokenFile === undefined ? env.STINT_TOKEN : (await readFile(tokenFile, 'utf8')).trim()
  if (!base) throw new Ended(EXIT.usage, 'Say where the broker is: --url or $STINT_URL.')
  if (!token) throw new Ended(EXIT.usage, 'Say who you are: --token-file or $STINT_TOKEN.')

  return async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${base}${path}`, {
      method,
      redirect: 'error',
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((error: Error) => {
      throw new Ended(EXIT.unreachable, `${base} cannot be reached: ${error.message}`)
    })
    const text = await answer.text()
    const said = (/json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : {}) as Record<string, unknown>
    if (answer.ok) return said
    const words =
      typeof said.detail === 'string'
        ? `${said.detail} ${said.next} (${said.code}, trace ${said.trace})`
        : `${base} answered ${answer.status}.`
    throw new Ended(answer.status >= 500 ? EXIT.unreachable : EXIT.refused, words)
  }
}

async function guarded(context: Context, work: () => Promise<number>): Promise<void> {
  try {
    context.process.exitCode = await work()
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    context.process.stderr.write(`stint: ${error.message}\n`)
    context.process.exitCode = error.code
  }
}

const words = ({ name, user, team }: SlackUser): string => `${name}, Slack user ${user} of workspace ${team}`

export function linkCommand(this: Context, flags: LinkFlags): Promise<void> {
  const { stdout, stdin } = this.process
  const say = (line: string) => void stdout.write(`${line}\n`)
  return guarded(this, async () => {
    const call = await callsOf(flags, this.process.env)
    const linked = ({ linked: made }: LinkState) => {
      say(`Linked to ${made ? words(made) : 'nobody'}, until ${made?.until}. Decisions from Slack count in ten minutes.`)
      return 0
    }
    if (flags.email) return linked((await call('POST', '/slack/link', { by: 'email' })) as LinkState)

    const { code, until } = await call('POST', '/slack/link', {})
    say(`Type this in Slack, until ${until}, and show it to nobody:\n\n  /stint link ${code}\n`)
    let found = (await call('GET', '/slack/link')) as LinkState
    for (let looks = 0; found.state !== 'pending'; looks++) {
      if (looks >= LOOKS) throw new Ended(EXIT.refused, 'Nobody typed it in time.')
      await sleep(LOOK_AGAIN_MS)
      found = (await call('GET', '/slack/link')) as LinkState
    }
    const { pending } = found
    if (!pending) throw new Ended(EXIT.unreachable, 'The broker does not say who typed it.')
    if (!(await isYou(pending))) throw new Ended(EXIT.refused, 'Not linked. If somebody else typed your code, tell your security team.')
    return linked((await call('POST', '/slack/link/confirm', { team: pending.team, user: pending.user })) as LinkState)
  })

  async function isYou(pending: SlackUser): Promise<boolean> {
    say(`It was typed by ${words(pending)}.`)
    if (flags.user !== undefined) return flags.user === pending.user
    if (!stdin.isTTY) throw new Ended(EXIT.usage, 'Nobody is here to say whether that is you: name the Slack user with --user.')
    const asking = createInterface({ input: stdin, output: stdout })
    const answer = await asking.question('Is that you? (yes/no) ')
    asking.close()
    return answer.trim().toLowerCase() === 'yes'
  }
}

export function unlinkCommand(this: Context, flags: SlackFlags): Promise<void> {
  return guarded(this, async () => {
    await (await callsOf(flags, this.process.env))('DELETE', '/slack/link')
    this.process.stdout.write('No Slack user is yours any more.\n')
    return 0
  })
}

export function statusCommand(this: Context, flags: SlackFlags): Promise<void> {
  return guarded(this, async () => {
    const { linked, pending } = (await (await callsOf(flags, this.process.env))('GET', '/slack/link')) as LinkState
    const lines = [
      ...(linked ? [`Linked to ${words(linked)}, until ${linked.until}.`] : ['Not linked.']),
      ...(pending ? [`${words(pending)} typed your code and waits for you, until ${pending.until}: stint slack link`] : []),
    ]
    this.process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  })
}
