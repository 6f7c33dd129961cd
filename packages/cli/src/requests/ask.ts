/** `stint request`: asks for approval. */
import { toIso } from '@stint/core/instant'
import { type Broker, brokerFor } from '../broker/broker.ts'
import type { RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags, SessionFlags } from '../frame/flags.ts'
import { jsonLine, shownLine } from '../output.ts'
import { chosenProfile } from '../profiles/read.ts'
import { approvedOrThrow, waitForDecision } from './wait.ts'
import { wantedFrom } from './wanted.ts'

type AskFlags = BrokerFlags & Omit<SessionFlags, 'request'> & { readonly start?: number }

export async function ask(context: Context, flags: AskFlags, id: string | undefined): Promise<void> {
  const { stderr } = context.process
  const broker = await brokerFor(context, flags)
  const profile = await chosenProfile(context, broker, id)
  if (profile.access === 'allowed')
    throw new Failure('usage', `The profile ${profile.id} needs no approval.`, { next: `Use it: stint exec ${profile.id} -- COMMAND` })
  if (flags.start !== undefined && flags.start < Date.now() - START_SPARE_MS)
    throw new Failure('usage', `--start is in the past: ${toIso(flags.start)}.`, {
      next: `Leave it out to start on approval: stint request ${profile.id}`,
    })
  const { parameters, ...wanted } = await wantedFrom(context, profile, flags, 'stint request')
  const body = {
    ...wanted,
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    ...(flags.start === undefined ? {} : { startsAt: toIso(flags.start) }),
  }
  const { status, body: made } = await broker.call('POST', '/requests', { body, profile: profile.id, repeatable: 'body' })
  const request = made as RequestView
  if (!flags.quiet && status === 200) stderr.write(unchanged(request, flags))
  await reportAsked(context, broker, request, flags)
}

/** Prints the ID of a request that was made. With `wait`, once it is approved. */
export async function reportAsked(
  context: Context,
  broker: Broker,
  made: RequestView,
  flags: BrokerFlags & Pick<SessionFlags, 'wait'>,
): Promise<void> {
  const { stdout, stderr } = context.process
  let request = made
  if (flags.wait !== undefined)
    request = approvedOrThrow(
      await waitForDecision(context, broker, request.id, {
        seconds: flags.wait,
        quiet: flags.quiet,
        resume: `stint show ${request.id} --wait`,
      }),
    )
  stdout.write(flags.json ? jsonLine(request) : `${request.id}\n`)
  if (flags.quiet || flags.json) return
  stderr.write(
    request.state === 'approved'
      ? `The request is approved.\nNext: stint exec ${request.profile} --request ${request.id} -- COMMAND\n`
      : `The request is waiting for approval: ${broker.url}/decide/${request.id}\nNext: stint show ${request.id} --wait\n`,
  )
}

/** A clock may be wrong by this much, and typing takes time. */
const START_SPARE_MS = 60_000

/** A pending request for the same access is not made twice. The broker adds another justification to it; nothing else changes. */
export function unchanged(request: RequestView, flags: Pick<AskFlags, 'justification' | 'ticket' | 'start'>): string {
  const isAdded = request.moreJustifications?.some(({ text }) => text === flags.justification?.trim()) === true
  const dropped = [
    ...(flags.ticket !== undefined && flags.ticket !== request.ticket ? ['ticket'] : []),
    ...(flags.start !== undefined && toIso(flags.start) !== request.window?.startsAt ? ['start'] : []),
  ]
  const made = `You have already made this request${request.justification === undefined ? '' : `: '${shownLine(request.justification)}'`}.\n`
  const added = isAdded ? 'Your new justification was added to it.\n' : ''
  if (dropped.length === 0) return made + added
  return `${made}${added}It does not include your new ${dropped.join(' and ')}. To replace it, run stint cancel ${request.id}, then repeat the command.\n`
}
