/**
 * `stint slack`: links your Slack user. This command shows a code, which you enter in Slack. It then shows the Slack user that
 * entered the code and the identity that it would act as, and asks you to confirm. Slack users choose their own names, so no name is
 * trusted on a terminal.
 */
import { createInterface } from 'node:readline/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { withIdentity } from '@stint/core/identity/shown'
import { brokerFor } from '../broker/broker.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { jsonLine, shownLine } from '../output.ts'

type SlackFlags = BrokerFlags
type LinkFlags = SlackFlags & { readonly user?: string; readonly email: boolean }

type PendingUser = { readonly team: string; readonly user: string; readonly name: string; readonly expiresAt: string }
type LinkAnswer = {
  readonly state: 'none' | 'pending' | 'linked'
  readonly caller?: { readonly name: string }
  /** Your identity in AWS. */
  readonly identity?: string
  readonly pending?: PendingUser
  readonly linked?: PendingUser & { readonly since: string }
}

const LOOK_AGAIN_MS = 1000
const LOOKS = 600

async function callsOf(context: Context, flags: SlackFlags) {
  const broker = await brokerFor(context, flags)
  return async (method: string, path: string, body?: object): Promise<Record<string, unknown>> =>
    (await broker.call(method, path, body ? { body } : {})).body
}

/** Responses of the broker are untrusted text too, whatever their schema says. */
const shown = (value: unknown): string => shownLine(String(value))
const words = ({ name, user, team }: PendingUser): string =>
  `Slack user ${withIdentity(String(name), String(user))} of workspace ${shown(team)}`
const yourself = ({ caller, identity }: LinkAnswer): string => withIdentity(String(caller?.name ?? 'you'), String(identity))

export async function linkCommand(context: Context, flags: LinkFlags): Promise<void> {
  const { stdout, stderr, stdin } = context.process
  // With --json, stdout has only the link.
  const say = (line: string) => void (flags.json ? stderr : stdout).write(`${line}\n`)
  // Checked first, so that no unusable code is created.
  if (!flags.email && flags.user === undefined && !stdin.isTTY)
    throw new Failure('usage', 'There is no terminal on which to confirm the Slack user.', {
      next: 'Pass your Slack user ID: stint slack link --user U…',
    })
  const call = await callsOf(context, flags)
  const report = (state: LinkAnswer): void => {
    if (!state.linked)
      throw new Failure('unreachable', 'The broker did not return the linked Slack user.', { next: 'Check with stint slack status' })
    const until = shown(state.linked.expiresAt)
    if (flags.json) return void stdout.write(jsonLine(state))
    say(`Linked: ${words(state.linked)} acts as ${yourself(state)} until ${until}. You can decide from Slack in ten minutes.`)
  }
  if (flags.email) return report((await call('POST', '/slack/link', { by: 'email' })) as LinkAnswer)

  const { code, expiresAt } = await call('POST', '/slack/link', {})
  say(`Enter this in Slack by ${shown(expiresAt)}. Keep the code secret:\n\n  /stint link ${shown(code)}\n`)
  let found = (await call('GET', '/slack/link')) as LinkAnswer
  for (let looks = 0; found.state !== 'pending'; looks++) {
    if (looks >= LOOKS) throw new Failure('failed', 'The code expired before it was used.', { next: 'Get a new one: stint slack link' })
    await sleep(LOOK_AGAIN_MS)
    found = (await call('GET', '/slack/link')) as LinkAnswer
  }
  const { pending } = found
  if (!pending)
    throw new Failure('unreachable', 'The broker did not return the Slack user that entered the code.', {
      next: 'Check with stint slack status',
    })
  if (!(await isYou(pending, found)))
    throw new Failure('failed', 'Not linked. If you did not enter the code yourself, contact your security team.', {
      next: 'If the Slack user is not yours, reject it: stint slack unlink',
    })
  report((await call('POST', '/slack/link/confirm', { team: pending.team, user: pending.user })) as LinkAnswer)

  async function isYou(pending: PendingUser, state: LinkAnswer): Promise<boolean> {
    say(`The code was entered by ${words(pending)}.\nThis Slack user will act as ${yourself(state)}.`)
    if (flags.user !== undefined) return flags.user === pending.user
    const asking = createInterface({ input: stdin, output: flags.json ? stderr : stdout })
    const answer = await asking.question('Is this you? (yes/no) ')
    asking.close()
    return answer.trim().toLowerCase() === 'yes'
  }
}

export async function unlinkCommand(context: Context, flags: SlackFlags): Promise<void> {
  await (await callsOf(context, flags))('DELETE', '/slack/link')
  context.process.stdout.write(flags.json ? jsonLine({ state: 'none' }) : 'Your Slack user is no longer linked.\n')
}

export async function statusCommand(context: Context, flags: SlackFlags): Promise<void> {
  const state = (await (await callsOf(context, flags))('GET', '/slack/link')) as LinkAnswer
  if (flags.json) return void context.process.stdout.write(jsonLine(state))
  const { linked, pending } = state
  const lines = [
    ...(linked ? [`Linked: ${words(linked)} acts as ${yourself(state)} until ${shown(linked.expiresAt)}.`] : ['Not linked.']),
    ...(pending
      ? [
          `${words(pending)} entered your code and waits for your confirmation until ${shown(pending.expiresAt)}. Confirm it on the page /link, or reject it with stint slack unlink.`,
        ]
      : []),
  ]
  context.process.stdout.write(`${lines.join('\n')}\n`)
}
