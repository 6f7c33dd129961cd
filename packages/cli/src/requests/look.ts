/** `stint requests`, `stint show` and `stint sessions`. */
import { defined } from '@stint/core/defined'
import { type Broker, brokerFor } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { RequestView, SessionView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { factsText, fromNow, tableText } from '../frame/words.ts'
import { jsonLine } from '../output.ts'
import { type EventView, refusalText } from './refusal.ts'
import { approvedOrThrow, waitForDecision } from './wait.ts'
import { requestsTable, requestText, sessionStateText } from './words.ts'

type ListFlags = BrokerFlags & { readonly all: boolean; readonly limit: number }
type RequestsFlags = ListFlags & { readonly approvable: boolean; readonly review: boolean; readonly state?: string }

export async function requests(context: Context, flags: RequestsFlags): Promise<void> {
  const { stdout, stderr } = context.process
  const broker = await brokerFor(context, flags)
  const query = {
    ...(flags.approvable ? { approvable: 'true' } : flags.review ? { review: 'needed' } : flags.all ? {} : { mine: 'true' }),
    ...defined({ state: flags.state }),
  }
  const list = await pages<RequestView>(broker, '/requests', query, 'requests', flags.limit)
  if (flags.json) return void stdout.write(jsonLine({ requests: list }))
  if (list.length === 0) return void (flags.quiet || stderr.write('There are no such requests.\n'))
  stdout.write(requestsTable(list, Date.now(), stdout.columns))
}

export async function sessions(context: Context, flags: ListFlags & { readonly live: boolean }): Promise<void> {
  const { stdout, stderr } = context.process
  const broker = await brokerFor(context, flags)
  const now = Date.now()
  const found = await pages<SessionView>(broker, '/sessions', flags.all ? {} : { mine: 'true' }, 'sessions', flags.limit)
  const list = flags.live ? found.filter((session) => Date.parse(worksUntil(session)) > now) : found
  if (flags.json) return void stdout.write(jsonLine({ sessions: list }))
  if (list.length === 0) return void (flags.quiet || stderr.write('There are no such sessions.\n'))
  stdout.write(
    tableText(
      ['session', 'profile', 'state', 'caller', 'started', 'expires'],
      list.map((session) => [
        session.id,
        session.profile,
        sessionStateText(session, now),
        session.caller.name,
        fromNow(session.reservedAt, now),
        fromNow(worksUntil(session) || session.expiresAt, now),
      ]),
      stdout.columns,
    ),
  )
}

/** Until when a session or the last credentials of an ended one work; empty if it never had any. */
function worksUntil({ state, expiresAt, issued, renewed }: SessionView): string {
  if (state === 'issued') return expiresAt
  return state === 'ended' ? (renewed?.expiration ?? issued?.expiration ?? '') : ''
}

type ShowFlags = BrokerFlags & { readonly wait?: number }

/** Shows a request, a session or, for auditors and its own caller, a refusal. */
export async function show(context: Context, flags: ShowFlags, id: string): Promise<void> {
  const { stdout } = context.process
  const broker = await brokerFor(context, flags)
  const now = Date.now()
  if (/^req_[0-9A-Z]{26}\.[0-9a-z]{8}$/i.test(id)) {
    const session = (await broker.call('GET', `/sessions/${id}`)).body
    const facts = Object.entries({ ...session, state: sessionStateText(session as SessionView, now) }).map(
      ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
    )
    return void stdout.write(flags.json ? jsonLine(session) : factsText(facts))
  }
  if (!/^req_[0-9A-Za-z]{26}$/.test(id))
    throw new Failure('usage', `Invalid ID: '${id}'. It must be that of a request (req_…) or of a session (req_….…).`, {
      next: 'List yours: stint requests',
    })
  if (flags.wait !== undefined) {
    const request = approvedOrThrow(
      await waitForDecision(context, broker, id, { seconds: flags.wait, quiet: flags.quiet, resume: `stint show ${id} --wait` }),
    )
    return void stdout.write(flags.json ? jsonLine(request) : requestText(request, now))
  }
  try {
    const request = (await broker.call('GET', `/requests/${id}`)).body as RequestView
    stdout.write(flags.json ? jsonLine(request) : requestText(request, now))
  } catch (error) {
    if (!(error instanceof Failure) || error.facts.code !== 'request-unknown') throw error
    const event = await refusalOf(broker, id)
    if (!event) throw error
    stdout.write(flags.json ? jsonLine(event) : refusalText(id, event, now))
  }
}

/** A refusal is a journal of its own, with one event. */
async function refusalOf(broker: Broker, id: string): Promise<EventView | undefined> {
  try {
    return (await broker.call('GET', `/audit/events/${id}/0`)).body as EventView
  } catch (error) {
    if (error instanceof Failure && ['event-unknown', 'not-eligible', 'log-unavailable', 'route-unknown'].includes(error.facts.code ?? ''))
      return undefined
    throw error
  }
}
