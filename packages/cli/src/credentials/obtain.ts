/** Gets credentials of a profile: uses an approved request if there is one, asks for approval if it must, and waits if the caller wants that. */
import { defined } from '@stint/core/defined'
import type { Broker } from '../broker/broker.ts'
import { firstOf } from '../broker/pages.ts'
import type { ProfileView, RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { approvedOrThrow, waitForDecision } from '../requests/wait.ts'
import type { Wanted } from '../requests/wanted.ts'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** RFC 3339. */
  readonly expiration: string
}
export type Obtained = { readonly session: string; readonly account: string; readonly region: string; readonly credentials: Credentials }

export type ObtainOptions = {
  readonly request?: string
  readonly waitSeconds?: number
  readonly quiet: boolean
  /** The command with which the user continues, without `--request`. */
  readonly command: string
}

export async function obtain(
  context: Context,
  broker: Broker,
  profile: ProfileView,
  wanted: Wanted,
  options: ObtainOptions,
): Promise<Obtained> {
  return obtainedFrom(await vend(context, broker, profile, wanted, options, {}))
}

/**
 * Further credentials: of the same session if its profile has `renew`, and otherwise of a new one. A session that was ended is not replaced
 * by a new one, so that ending it also stops the command.
 */
export async function obtainAgain(
  context: Context,
  broker: Broker,
  profile: ProfileView,
  wanted: Wanted,
  options: ObtainOptions,
  last: Obtained,
): Promise<Obtained> {
  if (profile.duration.renew === undefined) return obtain(context, broker, profile, wanted, options)
  const path = `/sessions/${encodeURIComponent(last.session)}/credentials`
  return obtainedFrom((await broker.call('POST', path, { body: {}, profile: profile.id, repeatable: 'body', timeoutMs: 60_000 })).body)
}

/** The body of a 201 of `POST /sessions`. */
export async function vend(
  context: Context,
  broker: Broker,
  profile: ProfileView,
  wanted: Wanted,
  options: ObtainOptions,
  more: { readonly format?: 'console' },
): Promise<Record<string, unknown>> {
  const post = (requestId?: string) =>
    broker.call('POST', '/sessions', {
      body: { ...bodyOf(wanted), ...more, ...defined({ requestId }) },
      profile: profile.id,
      // What only asks for approval is recognized by its body; a key would make it another request.
      repeatable: requestId === undefined && profile.access === 'needs-approval' ? 'body' : 'key',
      timeoutMs: 60_000,
    })
  const request = options.request ?? (profile.access === 'needs-approval' ? await approvedRequest(broker, wanted) : undefined)
  const first = await post(request)
  if (first.status !== 202) return first.body
  const id = String(first.body.requestId)
  const resume = `${options.command} --request ${id}`
  if (options.waitSeconds === undefined)
    throw new Failure(
      'waiting',
      `The profile ${profile.id} needs approval. The request ${id} is waiting for it: ${broker.url}/decide/${id}.`,
      {
        requestId: id,
        next: `Wait with --wait, or continue once it is approved: ${resume}`,
      },
    )
  approvedOrThrow(await waitForDecision(context, broker, id, { seconds: options.waitSeconds, quiet: options.quiet, resume }))
  return (await post(id)).body
}

const bodyOf = ({ parameters, ...rest }: Wanted) => ({ ...rest, ...(Object.keys(parameters).length > 0 ? { parameters } : {}) })

/**
 * Your approved request for exactly this access, with uses left and its window open. The newest requests come first, and those of profiles
 * without approval are among them, so it can be on a later page.
 */
async function approvedRequest(broker: Broker, { profile, parameters }: Wanted): Promise<string | undefined> {
  const now = Date.now()
  const same = (given: Readonly<Record<string, string>> = {}) =>
    Object.keys(given).length === Object.keys(parameters).length &&
    Object.entries(given).every(([name, value]) => parameters[name] === value)
  const fits = ({ profile: of, usesLeft = 0, terms, window }: RequestView) =>
    of === profile &&
    usesLeft > 0 &&
    same(terms.parameters) &&
    // The API can narrow a request. What this command sends would not be on its terms.
    terms.narrow === undefined &&
    (window?.startsAt === undefined || Date.parse(window.startsAt) <= now)
  const found = await firstOf<RequestView>(broker, '/requests', { mine: 'true', state: 'approved' }, 'requests', fits)
  return found?.id
}

function obtainedFrom(body: Record<string, unknown>): Obtained {
  const { id: session, account, region } = body
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = (body.credentials ?? {}) as Record<string, unknown>
  const obtained = { session, account, region, credentials: { accessKeyId, secretAccessKey, sessionToken, expiration } }
  if (isObtained(obtained)) return obtained
  throw new Failure('unreachable', 'The broker returned credentials in an unknown form.', {
    next: 'Compare the versions of broker and CLI: stint version',
  })
}

/** Values go into files, environments and shell code. None of AWS's has a space, a quote, a backslash or a control character. */
const isPlain = (value: unknown): boolean => typeof value === 'string' && /^(?!.*["'\\`])[\x21-\x7e]{1,8192}$/.test(value)

export function isObtained(value: unknown): value is Obtained {
  if (typeof value !== 'object' || value === null) return false
  const { session, account, region, credentials } = value as Record<string, unknown>
  if (typeof credentials !== 'object' || credentials === null) return false
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials as Record<string, unknown>
  return (
    [session, account, region, accessKeyId, secretAccessKey, sessionToken, expiration].every(isPlain) &&
    !Number.isNaN(Date.parse(String(expiration)))
  )
}

/** How long before their expiration credentials are replaced: 5 minutes, or a quarter of a life that is shorter than 20. */
const SPARE_MS = 5 * 60_000
export const spareOf = (lifeMs: number): number => Math.min(SPARE_MS, lifeMs / 4)
