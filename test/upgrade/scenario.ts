/**
 * What a company does with Stint, in two parts. The first part leaves everything half done: sessions that run, requests in every state, a
 * freeze in force, and events that are not in the log yet. The second part goes on with all of it. Any release can do either part, so the
 * test of an upgrade and that of a rollback do the same and differ in who does which part.
 */
import { expect } from 'vitest'
import type { Lab } from '../support/lab.ts'
import type { Answer } from '../support/sandbox.ts'

/** One release at work. */
export type Release = {
  readonly call: (
    method: string,
    path: string,
    token: string | undefined,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
  readonly sweep: () => Promise<unknown>
  /** Ships what the stream has, and was not shipped yet. */
  readonly ship: () => Promise<unknown>
  /** Ends what the queue says at once. */
  readonly end: () => Promise<unknown>
}

/** What does not depend on a release. */
export type World = {
  readonly lab: Pick<Lab, 'token' | 'issuers'>
  readonly now: () => number
  readonly advance: (milliseconds: number) => void
  /** Avery, in Slack. */
  readonly slashStint: (text: string) => Promise<unknown>
}

const MINUTE_MS = 60_000
const WHY = 'INC-7'

export const peopleOf = ({ lab, now }: Pick<World, 'lab' | 'now'>) => ({
  engineer: (sub: string) => lab.token({ sub, role: 'engineer', groups: [], name: sub }),
  peer: () => lab.token({ sub: 'avery', groups: ['peers'], name: 'avery', auth_time: Math.floor(now() / 1000) }),
  responder: (sub: string) => lab.token({ sub, groups: ['responders'], name: sub }),
  auditor: () => lab.token({ sub: 'ada', groups: ['auditors'], name: 'ada' }),
  /** A token of a job, which can be used once. */
  job: (jti: string) => lab.token({ iss: lab.issuers.once, sub: 'job-7', role: 'job', jti }),
})

/** Calls that must succeed. Returns the body. */
export function stepsOf({ call }: Pick<Release, 'call'>) {
  async function expectStatus(status: number, ...asked: Parameters<Release['call']>): Promise<Record<string, any>> {
    const answer = await call(...asked)
    if (answer.status !== status) throw new Error(`${asked[0]} ${asked[1]}: ${answer.status} instead of ${status}: ${answer.text}`)
    return answer.json
  }
  return {
    get: (path: string, token: string) => expectStatus(200, 'GET', path, token),
    ask: async (token: string, profile: string): Promise<string> =>
      (await expectStatus(202, 'POST', '/sessions', token, { profile, justification: WHY })).requestId,
    start: (token: string, profile: string, more: object = {}) =>
      expectStatus(201, 'POST', '/sessions', token, { profile, justification: WHY, ...more }),
    renew: (token: string, session: string) => expectStatus(200, 'POST', `/sessions/${session}/credentials`, token, {}),
    endSession: (token: string, session: string) => expectStatus(200, 'DELETE', `/sessions/${session}`, token),
    decide: (token: string, request: string, decision: 'approve' | 'deny' | 'revoke' | 'cancel') =>
      expectStatus(200, 'POST', `/requests/${request}/${decision}`, token, {}),
    review: (token: string, request: string) => expectStatus(200, 'POST', `/requests/${request}/review`, token, { text: 'as planned' }),
    extend: async (token: string, request: string): Promise<string> =>
      (await expectStatus(201, 'POST', `/requests/${request}/extend`, token, {})).id,
    freeze: async (token: string, profile: string): Promise<string> =>
      (await expectStatus(201, 'POST', '/freezes', token, { scope: { kind: 'profile', id: profile }, justification: WHY })).id,
    release: (status: 202 | 204, token: string, freeze: string) => expectStatus(status, 'DELETE', `/freezes/${freeze}`, token),
    linkCode: async (token: string): Promise<string> => (await expectStatus(201, 'POST', '/slack/link', token, {})).code,
    confirmLink: async (token: string) => {
      const { pending } = await expectStatus(200, 'GET', '/slack/link', token)
      return expectStatus(200, 'POST', '/slack/link/confirm', token, { team: pending.team, user: pending.user })
    },
    refused: async (...asked: Parameters<Release['call']>): Promise<string> => (await call(...asked)).json.code,
  }
}

/** The IDs of what `begin` leaves. */
export type Left = Readonly<Record<(typeof LEFT)[number], string>>
const LEFT = ['renewed', 'job', 'ended', 'ending', 'plain', 'half', 'first', 'extension', 'denied', 'review', 'pending', 'freeze'] as const

export async function begin(world: World, release: Release): Promise<Left> {
  const { engineer, peer, responder, job } = peopleOf(world)
  const { advance, slashStint } = world
  const { ask, start, renew, endSession, decide, extend, freeze, refused, linkCode, confirmLink } = stepsOf(release)
  const approve = async (request: string) => decide(await peer(), request, 'approve')
  await release.sweep()

  // Linking takes a recent sign-in on both sides.
  await slashStint(`link ${await linkCode(await peer())}`)
  await confirmLink(await peer())

  const renewed = (await start(await engineer('erin'), 'long', { duration: '8h', parameters: { bucket: 'logs' } })).id
  const ofJob = (await start(await job('1'), 'long', { duration: '8h', parameters: { bucket: 'logs' } })).id
  const first = await ask(await engineer('finn'), 'approved')
  await approve(first)
  await start(await engineer('finn'), 'approved', { requestId: first })
  expect(await refused('POST', '/sessions', await engineer('erin'), { profile: 'nothing' })).toBe('profile-unknown')
  advance(35 * MINUTE_MS)
  await renew(await engineer('erin'), renewed)
  await renew(await job('2'), ofJob)

  advance(30 * MINUTE_MS)
  const extension = await extend(await engineer('finn'), first)
  const half = await ask(await engineer('hana'), 'approved')
  await approve(half)
  await start(await engineer('hana'), 'approved', { requestId: half })
  const denied = await ask(await engineer('gil'), 'approved')
  await decide(await peer(), denied, 'deny')
  const ended = (await start(await engineer('gil'), 'plain')).id
  await endSession(await engineer('gil'), ended)
  await release.end()

  // No one decides on it, so time approves it. It must be reviewed.
  const review = await ask(await engineer('iris'), 'emergency')
  advance(6 * MINUTE_MS)
  await release.sweep()
  await start(await engineer('iris'), 'emergency', { requestId: review })
  await release.ship()

  const plain = (await start(await engineer('jo'), 'plain')).id
  const ending = (await start(await engineer('kim'), 'plain')).id
  await endSession(await engineer('kim'), ending)
  await renew(await engineer('erin'), renewed)
  const pending = await ask(await engineer('lee'), 'approved')
  return {
    ...{ renewed, job: ofJob, ended, ending, plain, half, first, extension, denied, review, pending },
    freeze: await freeze(await responder('rita'), 'paused'),
  }
}

export async function goOn(world: World, release: Release, left: Left): Promise<void> {
  const { engineer, peer, responder, auditor, job } = peopleOf(world)
  const { get, start, renew, endSession, decide, review, refused, release: unfreeze } = stepsOf(release)
  const stateOf = async (request: string) => (await get(`/requests/${request}`, await auditor())).state
  const session = async (id: string) => get(`/sessions/${id}`, await auditor())

  // What the other release left is what this one reads.
  expect((await get('/slack/link', await peer())).linked).toMatchObject({ user: 'U0AVERY' })
  const states = ['half', 'first', 'extension', 'denied', 'review', 'pending'] as const
  expect(await Promise.all(states.map((name) => stateOf(left[name])))).toEqual([
    ...['approved', 'approved', 'pending', 'denied', 'approved', 'pending'],
  ])
  expect([(await session(left.plain)).state, (await session(left.ended)).state, (await session(left.ending)).state]).toEqual([
    ...['issued', 'ended', 'ended'],
  ])
  expect(await refused('POST', '/sessions', await engineer('jo'), { profile: 'paused' })).toBe('frozen')

  await renew(await engineer('erin'), left.renewed)
  await renew(await job('3'), left.job)
  expect(await refused('POST', `/sessions/${left.job}/credentials`, await job('2'), {})).toBe('token-used')
  await endSession(await engineer('jo'), left.plain)
  expect(await refused('POST', `/sessions/${left.ended}/credentials`, await engineer('gil'), {})).toBe('session-ended')

  await start(await engineer('hana'), 'approved', { requestId: left.half })
  expect(
    await refused('POST', '/sessions', await engineer('hana'), { profile: 'approved', justification: WHY, requestId: left.half }),
  ).toBe('request-exhausted')
  await decide(await peer(), left.extension, 'approve')
  const extended = await start(await engineer('finn'), 'approved', { requestId: left.extension })
  await decide(await peer(), left.pending, 'approve')
  await start(await engineer('lee'), 'approved', { requestId: left.pending })
  await decide(await engineer('lee'), left.pending, 'revoke')
  await review(await peer(), left.review)

  await unfreeze(202, await responder('rita'), left.freeze)
  await unfreeze(204, await responder('rob'), left.freeze)
  await start(await engineer('jo'), 'paused')

  // The sweeper finds the role whose message was lost, and later what has reached its end.
  await release.sweep()
  await release.end()
  expect([(await session(left.ending)).immediateEnd, (await session(left.plain)).immediateEnd]).toEqual(['read-back', 'read-back'])
  world.advance(5 * 60 * MINUTE_MS)
  await release.sweep()
  expect(await Promise.all([left.half, left.first, left.extension].map(stateOf))).toEqual(['ended', 'ended', 'ended'])
  expect((await session(extended.id)).state).toBe('expired')
  await release.ship()
}
