/**
 * `stint slack`: links your Slack user. This command shows a code, which you enter in Slack. It then shows the Slack user that
 * entered the code and the identity that it would act as, and asks you to confirm. Slack users choose their own names, so no name is
 * trusted on a terminal.
 */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { withIdentity } from '@stint/core/identity/shown'
import { isObject, type Json } from '@stint/core/json'
import type { Context } from '../context.ts'
import { shownLine } from '../output.ts'

export const EXIT = { refused: 1, usage: 2, unreachable: 5 } as const

export type SlackFlags = { readonly url?: string; readonly tokenFile?: string }
export type LinkFlags = SlackFlags & { readonly user?: string; readonly email: boolean }

type SlackUser = { readonly team: string; readonly user: string; readonly name: string; readonly until: string }
type LinkState = {
  readonly state: 'none' | 'pending' | 'linked'
  readonly caller?: { readonly name: string }
  /** Your identity in AWS. */
  readonly identity?: string
  readonly pending?: SlackUser
  readonly linked?: SlackUser & { readonly since: string }
}

/** The broker refused, or did not answer. */
class Ended extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

const LOOK_AGAIN_MS = 1000
const LOOKS = 600

/** The broker's API, called with one person's token. */
const bounds = { timeoutMs: 30_000, maxBytes: 1024 * 1024 } as const

async function callsOf({ url, tokenFile }: SlackFlags, env: NodeJS.ProcessEnv) {
  const base = (url ?? env.STINT_URL)?.replace(/\/$/, '')
  const token = tokenFile === undefined ? env.STINT_TOKEN : (await readFile(tokenFile, 'utf8')).trim()
  if (!base) throw new Ended(EXIT.usage, 'Missing broker URL. Set --url or $STINT_URL.')
  if (!token) throw new Ended(EXIT.usage, 'Missing token. Set --token-file or $STINT_TOKEN.')

  return async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await boundedFetch(`${base}${path}`, {
      ...bounds,
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((error: Error) => {
      throw new Ended(EXIT.unreachable, `${base} is unreachable: ${error.message}`)
    })
    const said = /json/.test(answer.headers.get('content-type') ?? '') ? jsonObject(answer.text()) : answer.status === 204 ? {} : undefined
    if (said === undefined)
      throw new Ended(EXIT.unreachable, `${base} answered ${answer.status} without JSON. Check that this is the URL of a broker.`)
    if (answer.ok) return said
    const words =
      typeof said.detail === 'string'
        ? `${said.detail} ${said.next} (${said.code}, trace ${said.trace})`
        : `${base} answered ${answer.status}.`
    throw new Ended(answer.status >= 500 ? EXIT.unreachable : EXIT.refused, words)
  }
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value as Json) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

async function guarded(context: Context, work: () => Promise<number>): Promise<void> {
  try {
    context.process.exitCode = await work()
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    context.process.stderr.write(`stint: ${shownLine(error.message, 1000)}\n`)
    context.process.exitCode = error.code
  }
}

/** Responses of the broker are untrusted text too, whatever their schema says. */
const shown = (value: unknown): string => shownLine(String(value))
const words = ({ name, user, team }: SlackUser): string =>
  `Slack user ${withIdentity(String(name), String(user))} of workspace ${shown(team)}`
const yourself = ({ caller, identity }: LinkState): string => withIdentity(String(caller?.name ?? 'you'), String(identity))

export function linkCommand(this: Context, flags: LinkFlags): Promise<void> {
  const { stdout, stdin } = this.process
  const say = (line: string) => void stdout.write(`${line}\n`)
  return guarded(this, async () => {
    const call = await callsOf(flags, this.process.env)
    const linked = (state: LinkState) => {
      if (!state.linked)
        throw new Ended(EXIT.unreachable, 'The broker did not return the linked Slack user. Check with stint slack status.')
      const until = shown(state.linked.until)
      say(`Linked: ${words(state.linked)} acts as ${yourself(state)} until ${until}. You can decide from Slack in ten minutes.`)
      return 0
    }
    if (flags.email) return linked((await call('POST', '/slack/link', { by: 'email' })) as LinkState)

    const { code, until } = await call('POST', '/slack/link', {})
    say(`Enter this in Slack by ${shown(until)}. Keep the code secret:\n\n  /stint link ${shown(code)}\n`)
    let found = (await call('GET', '/slack/link')) as LinkState
    for (let looks = 0; found.state !== 'pending'; looks++) {
      if (looks >= LOOKS) throw new Ended(EXIT.refused, 'The code expired before it was used.')
      await sleep(LOOK_AGAIN_MS)
      found = (await call('GET', '/slack/link')) as LinkState
    }
    const { pending } = found
    if (!pending) throw new Ended(EXIT.unreachable, 'The broker did not return the Slack user that entered the code.')
    if (!(await isYou(pending, found)))
      throw new Ended(EXIT.refused, 'Not linked. If you did not enter the code yourself, contact your security team.')
    return linked((await call('POST', '/slack/link/confirm', { team: pending.team, user: pending.user })) as LinkState)
  })

  async function isYou(pending: SlackUser, state: LinkState): Promise<boolean> {
    say(`The code was entered by ${words(pending)}.\nThis Slack user will act as ${yourself(state)}.`)
    if (flags.user !== undefined) return flags.user === pending.user
    if (!stdin.isTTY) throw new Ended(EXIT.usage, 'There is no terminal to confirm this on. Pass your Slack user ID with --user.')
    const asking = createInterface({ input: stdin, output: stdout })
    const answer = await asking.question('Is this you? (yes/no) ')
    asking.close()
    return answer.trim().toLowerCase() === 'yes'
  }
}

export function unlinkCommand(this: Context, flags: SlackFlags): Promise<void> {
  return guarded(this, async () => {
    await (await callsOf(flags, this.process.env))('DELETE', '/slack/link')
    this.process.stdout.write('Your Slack user is no longer linked.\n')
    return 0
  })
}

export function statusCommand(this: Context, flags: SlackFlags): Promise<void> {
  return guarded(this, async () => {
    const state = (await (await callsOf(flags, this.process.env))('GET', '/slack/link')) as LinkState
    const { linked, pending } = state
    const lines = [
      ...(linked ? [`Linked: ${words(linked)} acts as ${yourself(state)} until ${shown(linked.until)}.`] : ['Not linked.']),
      ...(pending
        ? [
            `${words(pending)} entered your code and waits for your confirmation until ${shown(pending.until)}. Confirm it on the page /link, or reject it with stint slack unlink.`,
          ]
        : []),
    ]
    this.process.stdout.write(`${lines.join('\n')}\n`)
    return 0
  })
}
