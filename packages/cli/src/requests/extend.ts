/** `stint extend`: requests the access of a session again, before the session ends. */
import { defined } from '@stint/core/defined'
import { parseRequestId, parseSessionId } from '@stint/core/ids'
import { type Broker, brokerFor } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags, SessionFlags } from '../frame/flags.ts'
import { reportAsked, unchanged } from './ask.ts'

type ExtendFlags = BrokerFlags & Pick<SessionFlags, 'duration' | 'justification' | 'wait'>

export async function extend(context: Context, flags: ExtendFlags, id: string | undefined): Promise<void> {
  const broker = await brokerFor(context, flags)
  const extended = id === undefined ? await onlyExtendable(broker) : requestOf(id)
  const body = defined({ justification: flags.justification, duration: flags.duration })
  const { status, body: made } = await broker.call('POST', `/requests/${extended}/extend`, { body, repeatable: 'body' })
  const request = made as RequestView
  if (!flags.quiet && status === 200) context.process.stderr.write(unchanged(request, flags))
  await reportAsked(context, broker, request, flags)
}

/** A session can be named too: it is its request that is extended. */
function requestOf(id: string): string {
  const request = parseRequestId(id) ?? parseSessionId(id)?.request
  if (request) return request
  throw new Failure('usage', `Invalid ID: '${id}'. It must be that of a request (req_…) or of a session (req_….…).`, {
    next: 'List your sessions: stint sessions --live',
  })
}

/** Extensions are about sessions of today, so the newest requests have them. */
const NEWEST = 100

async function onlyExtendable(broker: Broker): Promise<string> {
  const mine = await pages<RequestView>(broker, '/requests', { mine: 'true' }, 'requests', NEWEST)
  const [first, ...more] = mine.filter(({ may }) => may.includes('extend'))
  if (!first)
    throw new Failure(
      'usage',
      'None of your sessions can be extended now. A session can be extended in its last half, if people approved it.',
      {
        next: 'List your sessions: stint sessions --live',
      },
    )
  if (more.length > 0)
    throw new Failure(
      'usage',
      `More than one request can be extended: ${[first, ...more].map(({ id, profile }) => `${id} (${profile})`).join(', ')}.`,
      {
        next: 'Name one: stint extend ID',
      },
    )
  return first.id
}
