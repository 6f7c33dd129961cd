/**
 * Refusals for callers that wanted `format: env` or `process`. Their response goes to a shell or to an AWS SDK, so a problem document would be
 * run as shell code, or hidden behind an error of the SDK's JSON parser.
 *
 * Any reply without credentials passes through here, whatever made it, so no endpoint can forget a status.
 */
import { type Json, own } from '@stint/core/json'
import { failCode, quoted, STALE, unsetCode } from '@stint/core/shell'
import { shownLine, visibleJson } from '@stint/core/shown-text'
import { readObject } from './body.ts'
import type { VendReply, VendRequest } from './message.ts'

export type RefusalFormat = 'env' | 'process'

/** How much of a body is searched for its format, in bytes. A body that cannot be parsed may still say what reads the response. */
export const SEARCHED_BYTES = 64 * 1024
const LONGEST_MESSAGE = 1000

/** What reads the response, by the body or the query, even if the rest of the request is invalid. */
export function refusalFormat({ body, query }: Pick<VendRequest, 'body' | 'query'>): RefusalFormat | undefined {
  const object = body.length > 0 && body.length <= SEARCHED_BYTES ? readObject(body) : undefined
  const named =
    object?.outcome === 'done' ? own(object.value, 'format') : formatIn(Buffer.from(body.subarray(0, SEARCHED_BYTES)).toString('latin1'))
  const format = named ?? new URLSearchParams(query).get('format')
  return format === 'env' || format === 'process' ? format : undefined
}

/** The format at the top level of JSON that is cut off or invalid. */
function formatIn(text: string): string | undefined {
  let depth = 0
  let [name, before] = ['', '']
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{}[\]:,]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && before === ':' && name === '"format"' && token.startsWith('"')) return token.slice(1, -1)
    name = token === ':' ? before : ''
    before = token
  }
  return undefined
}

/** The reply in the format that its reader understands. Replies with credentials, and those without a body, stay as they are. */
export function inRefusalFormat(reply: VendReply, wanted: () => RefusalFormat | undefined): VendReply {
  const format = isRefusal(reply) ? wanted() : undefined
  if (!format) return reply
  const problem = JSON.parse(reply.body) as Members
  const lines = linesOf(problem, reply.status)
  if (!lines) return reply
  if (format === 'process') {
    // botocore, and the SDKs for Go and Java, put an unknown Version into their error. 1 alone would mean credentials.
    const body = JSON.stringify({ Version: lines.join(' '), ...problem })
    return { ...reply, body }
  }
  const body = [
    `: ${quoted(visibleJson(problem))}\n`,
    unsetCode(STALE),
    `printf '%s\\n' ${lines.map((line) => quoted(`stint: ${line}`)).join(' ')} >&2\n`,
    failCode(reply.status === 202 ? WAITING : 1),
  ].join('')
  return { ...reply, headers: { ...reply.headers, 'content-type': 'text/plain; charset=utf-8' }, body }
}

/** Whether it can be one: pages are for browsers. */
const isRefusal = ({ status, headers, body }: VendReply): boolean =>
  (status >= 400 || status === 202) && /json/.test(headers['content-type'] ?? '') && body !== ''

/** The exit code of the command line for a request that is waiting for approval. */
const WAITING = 8

type Members = { readonly [name: string]: Json }

/** What a person reads: what is wrong, what to do, and where to find it in the logs. Undefined for JSON that says none of it, as of `/readyz`. */
function linesOf(problem: Members, status: number): readonly string[] | undefined {
  const text = (name: string): string => (typeof problem[name] === 'string' ? shownLine(problem[name], LONGEST_MESSAGE) : '')
  if (status === 202)
    return [
      `Approval is required. Request ${text('requestId')} is waiting for it until ${text('expiresAt')}.`,
      `Once it is approved, repeat the call with this ID as requestId.`,
    ]
  // The container credentials protocol has its own two properties.
  if (problem.Message !== undefined) return [text('Message'), `HTTP ${status}, code ${text('Code')}`]
  if (problem.code === undefined) return undefined
  const { title, detail } = { title: text('title'), detail: text('detail') }
  return [
    detail.startsWith(title) ? detail : `${title}: ${detail}`,
    text('next'),
    `HTTP ${status}, code ${text('code')}, trace ${text('trace')}`,
  ]
}
