/**
 * What the routes of the api function share: identifying the caller, checking a body against its schema, and refusing a call.
 */
import { decideAccess } from '@stint/core/access/decide'
import type { Profile } from '@stint/core/config/shape'
import type { Caller } from '@stint/core/identity/caller'
import type { Instant } from '@stint/core/instant'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'
import { groupsOmittedHint } from '@stint/core/problem-body'
import type { Context, Hono } from 'hono'
import * as v from 'valibot'
import type { SlackApi } from '../adapters/slack.ts'
import type { ImmediateEnds } from '../ends/request-end.ts'
import type { Trail } from '../log/trail.ts'
import type { Broker } from '../ports/broker.ts'
import type { Call, Ledger } from '../ports/ledger.ts'
import type { Links } from '../ports/links.ts'
import type { WebSessions } from '../ports/web-sessions.ts'
import { readObject } from './body.ts'
import { isJson, MAX_BODY_BYTES } from './message.ts'
import { problemReply } from './problem-reply.ts'
import type { PublicFiles } from './public-files.ts'
import { type RefusalFormat, refusalFormat, SEARCHED_BYTES } from './refusal-formats.ts'
import { type Operation, type Route, routes } from './routes.ts'

/** What the transport knows and a `Request` hides: each Authorization header separately, and the address of the peer. */
type Peer = { readonly authorization: readonly string[]; readonly sourceIp: string }

export type Env = {
  Bindings: Peer
  Variables: { trace: string; now: Instant; route: Route; refusal: Refused; profile: string; groupsOmitted: boolean; body: Uint8Array }
}
export type Ctx = Context<Env>
export type Api = Hono<Env>

export type ApiBroker = Omit<Broker<Ledger & Links & WebSessions>, 'sts' | 'signIn'> & {
  readonly trail: Trail
  /** Ends sessions at once; absent if no target of the config has `revocation`. */
  readonly immediate?: ImmediateEnds
  /** The API reference and what belongs to it. */
  readonly files: PublicFiles
  /** Stint's own pages; absent if no issuer is set up for signing in on them. */
  readonly web?: Web
  /** Looks up a Slack user by email address, if the config allows linking by email. */
  readonly slackUserByEmail?: SlackApi['userByEmail']
}

/** What Stint's own pages need. */
export type Web = {
  /** The public URL of the broker, without a trailing slash. */
  readonly publicUrl: string
  /** 32 bytes that seal what the pages store in the browser. */
  readonly key: Uint8Array
  /** The client secret for each issuer. A client without one is a public client and uses PKCE only. */
  readonly clientSecrets: { readonly [issuer: string]: string }
  readonly fetch: typeof fetch
}

/** What every group of routes needs. */
export type Tools = {
  /** Answers a verified caller; refuses any other call. */
  readonly withCaller: (c: Ctx, answer: (caller: Caller) => Response | Promise<Response>) => Promise<Response>
  readonly isAuditor: (c: Ctx, caller: Caller) => boolean
  readonly isResponder: (c: Ctx, caller: Caller) => boolean
}

type PathIn<O extends string> = O extends `${string} ${infer P}` ? HonoPath<P> : never
type HonoPath<P extends string> = P extends `${infer A}{${infer B}}${infer C}` ? `${A}:${B}${HonoPath<C>}` : P

/** Sets the handler of an operation. Its method and path are those of the route table. */
export function answer<O extends Operation<'api'>>(
  app: Api,
  operation: O,
  handler: (c: Context<Env, PathIn<O>>) => Response | Promise<Response>,
): void {
  const [method = '', path = ''] = operation.split(' ')
  const isTail = routes.some((route: Route) => route.path === path && route.tail)
  const honoPath = path.replace(isTail ? /\{[^}]*\}$/ : /$^/, '*').replace(/\{([^}]*)\}/g, ':$1')
  app.on(method, honoPath, (c) => handler(c as unknown as Context<Env, PathIn<O>>))
}

export const callOf = (c: Ctx): Call => ({ trace: c.get('trace'), source: c.env.sourceIp, now: c.get('now') })
export const accessContext = (c: Ctx) => ({ sourceIp: c.env.sourceIp, now: c.get('now') })

export function refuse(c: Ctx, refusal: Refused): Response {
  c.set('refusal', refusal)
  const { status, headers, body } = problemReply(refusal, c.get('trace'), c.get('groupsOmitted') ? groupsOmittedHint : undefined)
  return c.body(body, status as 400, headers)
}

export const unavailable = (cause: string): Refused<'ledger-unavailable'> =>
  refused('ledger-unavailable', 'The ledger did not answer.', { operator: cause })

/** Checks a body's media type and size, before the caller is identified. */
export async function readBytes(c: Ctx): Promise<Done<Uint8Array> | Refused<'media-type' | 'body-too-large'>> {
  const type = c.req.header('content-type')
  const wrongType = refused('media-type', 'The body must be application/json.')
  if (type !== undefined && !isJson([type])) return wrongType
  const bytes = await boundedBody(c, MAX_BODY_BYTES)
  if (type !== undefined || (bytes.outcome === 'done' && bytes.value.length === 0)) return bytes
  return wrongType
}

/** Reads the body, and refuses it as soon as its declared or actual length exceeds `limit` bytes. What was read stays in `body`. */
export async function boundedBody(c: Ctx, limit: number): Promise<Done<Uint8Array> | Refused<'body-too-large'>> {
  const tooLarge = refused('body-too-large', `The body is larger than ${limit} bytes.`)
  if (Number(c.req.header('content-length') ?? 0) > limit) return tooLarge
  const bytes = await readUpTo(c, limit)
  return bytes.length > limit ? tooLarge : done(bytes)
}

/** The body, or its beginning if it is longer than `limit` bytes. */
async function readUpTo(c: Ctx, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = c.req.raw.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    size += part.value.length
    parts.push(part.value)
    // Do not cancel the reader: over node:http that would close the connection before the response is sent.
    if (size > limit) break
  }
  const bytes = new Uint8Array(Buffer.concat(parts))
  c.set('body', bytes)
  return bytes
}

/** Checks the caller against a profile by its ID, and names the profile in the log. */
export const admitting =
  ({ rules }: Pick<ApiBroker, 'rules'>, c: Ctx, caller: Caller) =>
  (profile: string): Done<Profile> | Refused => {
    c.set('profile', profile)
    const access = decideAccess(rules, profile, caller, accessContext(c))
    return access.outcome === 'refused' ? access : done(access.profile)
  }

/** How long a refusal waits for a body that nothing has read: its sender may never send it. */
const BODY_MS = 100

/** What reads the response, as far as the request says so; see refusal-formats.ts. */
export async function readerOf(c: Ctx, sleep: ApiBroker['sleep']): Promise<RefusalFormat | undefined> {
  const unread = c.req.raw.bodyUsed ? undefined : readUpTo(c, SEARCHED_BYTES).catch(() => undefined)
  const body = c.get('body') ?? (await Promise.race([unread, sleep(BODY_MS)])) ?? new Uint8Array()
  return refusalFormat({ body, query: new URL(c.req.url).search.slice(1) })
}

/** Checks a body against its schema. An error names the path of the invalid property and never repeats what was sent. */
export function parseBody<T extends v.GenericSchema>(schema: T, bytes: Uint8Array): Done<v.InferOutput<T>> | Refused<'body-invalid'> {
  const read = bytes.length === 0 ? done({}) : readObject(bytes)
  if (read.outcome === 'refused') return read
  const checked = v.safeParse(schema, read.value)
  if (checked.success) return done(read.value as v.InferOutput<T>)
  const path = v.getDotPath(checked.issues[0] as v.BaseIssue<unknown>) ?? ''
  return refused(
    'body-invalid',
    path === '' ? 'The body has an unknown property or lacks a required one.' : `The property ${path} is missing, invalid or unknown.`,
  )
}
