/**
 * HTTP as `vend` sees it: a plain request and a plain reply. Nothing here or behind it uses `Request`, `Response` or `fetch`: touching them
 * loads undici, which takes a third of a cold start.
 */

import { defined } from '@stint/core/defined'
import type { Caller } from '@stint/core/identity/caller'
import { MAX_TOKEN_BYTES } from '@stint/core/identity/token'
import type { Refused } from '@stint/core/outcome'
import type { Call } from '../ports/ledger.ts'
import type { VendResult } from '../vend/vend.ts'

export type VendRequest = {
  readonly method: string
  /** The path without query or stage, decoded no further than the transport decoded it. */
  readonly path: string
  /** The raw query string, without `?`. */
  readonly query: string
  /** Lower-case names, with each value separate: two Authorization headers stay two. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
  readonly sourceIp: string
}

export type VendReply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

/** Sent with every response, so that no browser treats one as a page or a script that it is not (Fetch Standard). */
export const NOSNIFF = { 'x-content-type-options': 'nosniff' } as const
export const withNosniff = (reply: VendReply): VendReply => ({ ...reply, headers: { ...NOSNIFF, ...reply.headers } })

/** A reply, and the result of the vend path for the log line. */
export type Answered = {
  readonly reply: VendReply
  readonly result?: VendResult | (Refused & { readonly caller?: Caller; readonly profile?: string })
}

/** The largest accepted body, in bytes. */
export const MAX_BODY_BYTES = 16_384
/** The limit for forms, which also carry the token in the body. */
export const MAX_FORM_BYTES = MAX_BODY_BYTES + MAX_TOKEN_BYTES
/** Slack's views have up to 250 KB, and come back with the user's input. */
export const MAX_SLACK_BYTES = 512 * 1024

export const header = (request: VendRequest, name: string): readonly string[] => request.headers.get(name) ?? []

/** Whether the values of `content-type` are a single one, of JSON. */
export const isJson = ([media = '', ...others]: readonly string[]): boolean =>
  others.length === 0 && /^application\/json\s*(;\s*charset=utf-8\s*)?$/i.test(media)

/**
 * Reads an Idempotency-Key: a structured-field string (RFC 8941 §3.3.3), or the bare string that many clients send. `odd` if it is neither,
 * or if there are two of them, even if the transport joined them with a comma.
 */
export function idempotencyKeyOf(values: readonly string[]): { readonly key: string } | 'odd' | undefined {
  if (values.length === 0) return undefined
  const [value = ''] = values
  const key = /^"((?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\]){1,128})"$/.exec(value)?.[1] ?? /^[\w.:-]{1,128}$/.exec(value)?.[0]
  return values.length === 1 && key !== undefined ? { key } : 'odd'
}

/** The headers of a response that carries credentials. */
export const secretHeaders = (type: string, call: Call, location?: string): Record<string, string> => ({
  'content-type': type,
  'cache-control': 'no-store',
  'stint-trace': call.trace,
  ...defined({ location }),
})
