/** The job's client for the broker: returns one session, or a refusal with its cause. */
import { type BoundedAnswer, boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { NoToken } from './id-token.ts'
import type { Inputs } from './inputs.ts'

export type Session = {
  readonly id: string
  readonly requestId: string
  readonly account: string
  readonly region: string
  readonly assumedRoleArn: string
  /** The profile has `endOnExit`. */
  readonly endOnExit: boolean
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
    readonly expiration: string
  }
}

/** The parts of RFC 9457 that help an engineer with a failed build. */
export type Problem = {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly next?: string
  readonly reasons?: readonly string[]
  readonly trace?: string
  readonly retryAfter?: number
}

export class Refusal extends Error {
  readonly problem: Problem
  readonly requestId: string | undefined
  constructor(problem: Problem, requestId?: string) {
    super(problem.detail)
    this.problem = problem
    this.requestId = requestId
  }
}

export type World = {
  readonly fetch: typeof fetch
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly now: () => number
  /** Returns a fresh token of the job. Each token is sent once, so it also works with a broker that accepts each token only once. */
  readonly token: () => Promise<string>
  readonly say: (text: string) => void
}

/** Vends once, and retries where that can help. `waiting`: this request needs approval first. */
export async function openSession(
  inputs: Inputs,
  world: World,
  requestId = inputs.requestId,
): Promise<Session | { readonly waiting: string }> {
  const body = JSON.stringify({
    profile: inputs.profile,
    ...(Object.keys(inputs.parameters).length > 0 ? { parameters: inputs.parameters } : {}),
    ...(inputs.duration === undefined ? {} : { duration: inputs.duration }),
    ...(inputs.narrow === undefined ? {} : { narrow: inputs.narrow }),
    ...(inputs.justification === undefined ? {} : { justification: inputs.justification }),
    ...(inputs.ticket === undefined ? {} : { ticket: inputs.ticket }),
    ...(requestId === undefined ? {} : { requestId }),
  })
  const answer = await ask(inputs, world, '/sessions', { method: 'POST', headers: { 'content-type': 'application/json' }, body }, requestId)
  const json = JSON.parse(answer.text()) as Omit<Session, 'endOnExit'>
  return answer.status === 202 ? { waiting: json.requestId } : { ...json, endOnExit: answer.headers.get('stint-end-on-exit') === 'true' }
}

/** Ends the session, also if the policy of its role has no room for it. It is not renewed again, and a repeat is not an error. */
export async function endSession(broker: Pick<Inputs, 'url' | 'attempts'>, world: World, session: string): Promise<void> {
  await ask(broker, world, `/sessions/${encodeURIComponent(session)}?everyEarlierSession=keep`, { method: 'DELETE' })
}

/** The longest time that the broker waits. */
const LONGEST_WAIT_SECONDS = 20

/** Waits for a decision, or until the deadline. */
export async function awaitDecision(inputs: Inputs, world: World, requestId: string, deadline: number): Promise<string> {
  for (;;) {
    const wait = Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Math.ceil((deadline - world.now()) / 1000)))
    const answer = await ask(inputs, world, `/requests/${requestId}`, wait > 0 ? { headers: { prefer: `wait=${wait}` } } : {}, requestId)
    const { state } = JSON.parse(answer.text()) as { readonly state: string }
    if (state !== 'pending' || world.now() >= deadline) return state
    await world.sleep(1000)
  }
}

export type Profile = {
  readonly account: string
  readonly region: string
  readonly roleArn: string
  readonly access: 'allowed' | 'needs-approval' | 'refused'
  readonly missing: readonly string[]
  readonly parameters: Readonly<Record<string, unknown>>
  /** Why `/credentials` would refuse SDKs, whatever they send. */
  readonly container?: string
}
export const readProfile = async (inputs: Inputs, world: World): Promise<Profile> =>
  JSON.parse((await ask(inputs, world, `/profiles/${encodeURIComponent(inputs.profile)}`, {})).text()) as Profile

export function credentialsPath({ profile, parameters }: Pick<Inputs, 'profile' | 'parameters'>): string {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [`p.${name}`, value]))
  return `/credentials/${encodeURIComponent(profile)}${query.size > 0 ? `?${query}` : ''}`
}

/** Longer than a wait for a decision, and than the broker's own deadline. */
const ANSWER_MS = 60_000
/** Responses have a few KB: a profile with its parameters, or a session with its credentials. */
const MAX_ANSWER_BYTES = 1024 * 1024

type Init = { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

/** Failures that can be temporary: the network, a limit, a dependency of the broker. */
const isPassing = (status: number): boolean => status === 429 || status === 503 || status === 504

async function ask(
  inputs: Pick<Inputs, 'url' | 'attempts'>,
  world: World,
  path: string,
  init: Init,
  requestId?: string,
): Promise<BoundedAnswer> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await world
      .token()
      .then((token) =>
        boundedFetch(`${inputs.url}${path}`, {
          ...init,
          timeoutMs: ANSWER_MS,
          maxBytes: MAX_ANSWER_BYTES,
          fetch: world.fetch,
          headers: { ...init.headers, authorization: `Bearer ${token}` },
        }),
      )
      .catch((error: Error) => error)
    const last = attempt >= inputs.attempts
    if (outcome instanceof Error) {
      if (last || outcome instanceof NoToken) throw outcome
      world.say(`Attempt ${attempt} of ${inputs.attempts} failed: ${reasonOf(outcome)}`)
      await world.sleep(pause(attempt))
      continue
    }
    if (outcome.ok) return outcome
    const problem = problemOf(outcome)
    if (last || !isPassing(outcome.status)) throw new Refusal(problem, requestId)
    world.say(`Attempt ${attempt} of ${inputs.attempts} failed: ${problem.code}: ${problem.detail}`)
    await world.sleep(problem.retryAfter === undefined ? pause(attempt) : problem.retryAfter * 1000)
  }
}

/** Exponential with full jitter, at most 20 s. */
const pause = (attempt: number): number => Math.random() * Math.min(20_000, 250 * 2 ** attempt)

/** `fetch` hides the actual error in `cause`. */
export const reasonOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message

function problemOf(answer: BoundedAnswer): Problem {
  const text = answer.text()
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(seconds) ? { retryAfter: Math.min(60, seconds) } : {}
  try {
    const body = JSON.parse(text) as Problem & { readonly Code?: string; readonly Message?: string }
    if (typeof body.code === 'string') return { ...body, status: answer.status, ...retryAfter }
    if (typeof body.Code === 'string')
      return { code: body.Code, title: body.Code, detail: body.Message ?? '', status: answer.status, ...retryAfter }
  } catch {
    // Something between the job and the broker answered, such as a gateway.
  }
  return {
    status: answer.status,
    code: 'unknown',
    title: `HTTP ${answer.status}`,
    detail: 'The response is not from Stint. Check stint-url.',
    ...retryAfter,
  }
}
