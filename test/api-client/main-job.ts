/**
 * The main job with a client that is generated from openapi.json (openapi-typescript, openapi-fetch): list profiles, start sessions, request
 * and give an approval, read the log. test/e2e/api-client.test.ts generates `dist/schema.ts`, checks the types of this file, and runs it.
 */
import createClient from 'openapi-fetch'
import type { components, paths } from './dist/schema.ts'

const { BROKER = '', DEVELOPER = '', ONCALL = '', APPROVER = '', AUDITOR = '' } = process.env
/** openapi-fetch does not read the document, so it is told the style of the one query parameter that is an object. */
const querySerializer = { object: { style: 'form', explode: true } } as const
const as = (token: string) => createClient<paths>({ baseUrl: BROKER, headers: { authorization: `Bearer ${token}` }, querySerializer })
const [developer, oncall, approver, auditor] = [as(DEVELOPER), as(ONCALL), as(APPROVER), as(AUDITOR)]

function need<T>(value: T | undefined, what: string, error?: unknown): T {
  if (value === undefined) throw new Error(`${what}: ${JSON.stringify(error)}`)
  return value
}

const profiles = await developer.GET('/profiles')
const names = need(profiles.data, 'profiles', profiles.error).profiles.map(({ id }) => id)

const body = {
  profile: 'logs-read',
  parameters: { bucket: 'acme-orders-logs' },
  duration: '15m',
} satisfies components['schemas']['VendBody']
const vended = await developer.POST('/sessions', { body })
const session = need(vended.data, 'session', vended.error)
if (typeof session !== 'object' || !('credentials' in session)) throw new Error('the answer has no credentials')
const shown = await developer.GET('/sessions/{id}', { params: { path: { id: session.id } } })

const container = await developer.GET('/credentials/{profile}', {
  params: { path: { profile: 'logs-read' }, query: { parameters: { 'p.bucket': 'acme-orders-logs' } } },
})

const refused = await developer.POST('/sessions', { body: { profile: 'none' } })
if (typeof refused.error !== 'object') throw new Error('the refusal is not an object')

const waits = await oncall.POST('/sessions', { body: { profile: 'break-glass', justification: 'orders are down' } })
const waiting = need(waits.data, 'waiting', waits.error)
if (typeof waiting !== 'object' || !('state' in waiting)) throw new Error('the request does not wait')
const approved = await approver.POST('/requests/{id}/approve', { params: { path: { id: waiting.requestId } }, body: { comment: 'go' } })
const used = await oncall.POST('/sessions', {
  body: { profile: 'break-glass', justification: 'orders are down', requestId: waiting.requestId },
})

const read = async (path: string) => {
  const { data, response } = await auditor.GET('/audit/log/{path}', { params: { path: { path } }, parseAs: 'arrayBuffer' })
  return { status: response.status, bytes: Buffer.from(data ?? new ArrayBuffer()) }
}
const [checkpoint, tile] = [await read('checkpoint'), await read(process.env.TILE ?? '')]
const events = await auditor.GET('/audit/events', { params: { query: { limit: 1 } } })

process.stdout.write(
  JSON.stringify({
    names,
    vended: vended.response.status,
    accessKeyId: session.credentials.accessKeyId,
    shown: shown.data?.id === session.id,
    container: container.data?.AccessKeyId,
    refused: refused.error.code,
    waits: waits.response.status,
    approved: approved.data?.state,
    used: used.response.status,
    checkpoint: [checkpoint.status, checkpoint.bytes.toString().split('\n').length > 3],
    tile: [tile.status, tile.bytes.length % 32],
    events: events.data?.events.length,
  }),
)
