/** During a deployment, the last release and this code run at once, on one table. Every step of a story is done by the other one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { streamEvent } from '../infra/start-deployed.ts'
import { storedRequests } from '../support/checkers.ts'
import { gatewayEvent } from '../support/lambda.ts'
import { slackIn, textOf } from '../support/slack.ts'
import { verifiedNow } from '../support/verified.ts'
import { type Both, openBoth, version } from './both.ts'
import type { Deployment } from './deployment.ts'
import { peopleOf, stepsOf } from './scenario.ts'

const MINUTE_MS = 60_000
let opened: Both
beforeAll(async () => {
  opened = await openBoth()
  const { both } = opened
  // Avery, who approves, from Slack, too.
  const avery = await peopleOf(opened.world).peer()
  await opened.world.slashStint(`link ${await stepsOf(both.released).linkCode(avery)}`)
  await stepsOf(both.now).confirmLink(avery)
})
afterAll(() => opened.close())

test('the config of the last release has the same hash in this code', () => {
  const hashOf = (packed: string) => JSON.parse(packed).hash
  expect(hashOf(opened.config.now)).toBe(hashOf(opened.config.released))
})

describe.each([
  ['the last release', 'this code', 'released', 'now'],
  ['this code', 'the last release', 'now', 'released'],
] as const)('%s begins, and %s goes on:', (_first, _second, one, other) => {
  let people: ReturnType<typeof peopleOf>
  let [first, second]: Deployment[] = []
  let [a, b]: ReturnType<typeof stepsOf>[] = []
  beforeAll(() => {
    people = peopleOf(opened.world)
    ;[first, second] = [opened.both[one], opened.both[other]]
    ;[a, b] = [stepsOf(opened.both[one]), stepsOf(opened.both[other])]
  })
  const steps = () => ({ ...people, a: a as NonNullable<typeof a>, b: b as NonNullable<typeof b> })
  const releases = () => ({ first: first as Deployment, second: second as Deployment })

  test('a request is approved, used, renewed, extended and revoked', async () => {
    const { engineer, peer, a, b } = steps()
    const erin = () => engineer(`erin-${one}`)
    const request = await a.ask(await erin(), 'approved')
    // A repeated call returns the pending request.
    expect(await b.ask(await erin(), 'approved')).toBe(request)
    await b.decide(await peer(), request, 'approve')
    const session = await a.start(await erin(), 'approved', { requestId: request })
    await b.renew(await erin(), session.id)
    await a.renew(await erin(), session.id)
    const again = await b.start(await erin(), 'approved', { requestId: request })
    await a.renew(await erin(), again.id)
    expect(await a.refused('POST', '/sessions', await erin(), { profile: 'approved', justification: 'INC-7', requestId: request })).toBe(
      'request-exhausted',
    )
    opened.world.advance(65 * MINUTE_MS)
    const extension = await b.extend(await erin(), request)
    await a.decide(await peer(), extension, 'approve')
    const third = await b.start(await erin(), 'approved', { requestId: extension })
    await a.decide(await erin(), extension, 'revoke')
    expect(await b.refused('POST', `/sessions/${third.id}/credentials`, await erin(), {})).toBe('session-ended')
    await releases().first.ship()
  })

  test('a session is listed, renewed, and ended at once', async () => {
    const { engineer, a, b } = steps()
    const { first, second } = releases()
    const finn = () => engineer(`finn-${one}`)
    const parameters = { bucket: 'logs' }
    const session = await a.start(await finn(), 'long', { parameters, duration: '8h' })
    opened.sandbox.settle()
    expect((await b.get('/sessions', await finn())).sessions.map(({ id }: { id: string }) => id)).toEqual([session.id])
    for (const steps of [b, a, b]) await steps.renew(await finn(), session.id)
    await a.endSession(await finn(), session.id)
    await second.end()
    for (const steps of [a, b])
      expect(await steps.get(`/sessions/${session.id}`, await finn())).toMatchObject({ state: 'ended', immediateEnd: 'read-back' })
    // Its successor, whose end the other function of the two carries out.
    const next = await b.start(await finn(), 'long', { parameters })
    await b.endSession(await finn(), next.id)
    await first.end()
    expect(await b.get(`/sessions/${next.id}`, await finn())).toMatchObject({ immediateEnd: 'read-back' })
    await second.ship()
  })

  test('time approves a break-glass, which is used and reviewed', async () => {
    const { engineer, peer, a, b } = steps()
    const { first, second } = releases()
    const hana = () => engineer(`hana-${one}`)
    const request = await a.ask(await hana(), 'emergency')
    opened.world.advance(6 * MINUTE_MS)
    await second.sweep()
    const session = await b.start(await hana(), 'emergency', { requestId: request })
    opened.sandbox.settle()
    expect((await a.get('/requests?review=needed', await peer())).requests.map(({ id }: { id: string }) => id)).toEqual([request])
    await a.review(await peer(), request)
    expect((await b.get(`/requests/${request}`, await peer())).review).toMatchObject({ text: 'as planned' })
    await a.endSession(await hana(), session.id)
    await first.ship()
  })

  test('a freeze stops both, until two people release it', async () => {
    const { engineer, responder, a, b } = steps()
    const jo = () => engineer(`jo-${one}`)
    const freeze = await a.freeze(await responder('rita'), 'paused')
    for (const steps of [a, b]) expect(await steps.refused('POST', '/sessions', await jo(), { profile: 'paused' })).toBe('frozen')
    await b.release(202, await responder('rita'), freeze)
    await a.release(204, await responder('rob'), freeze)
    for (const steps of [a, b]) await steps.start(await jo(), 'paused')
    await releases().second.ship()
  })

  test('a token that is valid once, and an Idempotency-Key, count for both', async () => {
    const { engineer, job, a, b } = steps()
    const token = await job(`${one}-1`)
    const body = { profile: 'long', parameters: { bucket: 'logs' } }
    const session = await a.start(token, 'long', { parameters: body.parameters })
    expect(await b.refused('POST', '/sessions', token, body)).toBe('token-used')
    const renewing = await job(`${one}-2`)
    await b.renew(renewing, session.id)
    expect(await a.refused('POST', `/sessions/${session.id}/credentials`, renewing, {})).toBe('token-used')
    const kim = await engineer(`kim-${one}`)
    const key = { 'idempotency-key': `once-${one}` }
    expect((await releases().first.call('POST', '/sessions', kim, { profile: 'plain' }, key)).status).toBe(201)
    expect(await b.refused('POST', '/sessions', kim, { profile: 'plain' }, key)).toBe('already-issued')
  })

  test('a message in Slack is posted, approved from and updated', async () => {
    const { engineer, peer, a, b } = steps()
    const { first, second } = releases()
    const { records } = opened.sandbox.aws.dynamo
    const notify = async (by: Deployment, from: number) =>
      expect(await by.invoke('notify', streamEvent(records.slice(from).filter(({ table }) => table === 'stint')))).toEqual({
        batchItemFailures: [],
      })
    const before = records.length
    const request = await a.ask(await engineer(`nora-${one}`), 'approved')
    await notify(first, before)
    const message = slackIn(opened.sandbox).root(request)
    expect(textOf(message?.blocks ?? [])).toContain('Access request needs approval')

    const approving = records.length
    const { path, body, headers } = slackIn(opened.sandbox)
      .at('approver')
      .request.press(message as never, 'approve')
    const pressed = await second.invoke('slack', gatewayEvent({ method: 'POST', path, headers: Object.entries(headers).flat(), body }))
    expect(pressed.statusCode).toBe(200)
    expect((await a.get(`/requests/${request}`, await peer())).state).toBe('approved')
    await notify(second, approving)
    expect(textOf(message?.blocks ?? [])).not.toContain('Access request needs approval')
    await b.start(await engineer(`nora-${one}`), 'approved', { requestId: request })
  })

  test('a request without a decision expires, whichever release sweeps', async () => {
    const { engineer, peer, a, b } = steps()
    const [lee, max] = [await a.ask(await engineer(`lee-${one}`), 'approved'), await b.ask(await engineer(`max-${one}`), 'approved')]
    await b.decide(await engineer(`lee-${one}`), lee, 'cancel')
    opened.world.advance(121 * MINUTE_MS)
    await Promise.all(Object.values(opened.both).map(({ sweep }) => sweep()))
    expect((await a.get(`/requests/${lee}`, await peer())).state).toBe('cancelled')
    expect((await a.get(`/requests/${max}`, await peer())).state).toBe('expired')
  })
})

test('both ship the same records at the same time', async () => {
  const { engineer } = peopleOf(opened.world)
  for (const [name, release] of Object.entries(opened.both))
    for (let sessions = 0; sessions < 3; sessions++) await stepsOf(release).start(await engineer(`ship-${name}-${sessions}`), 'plain')
  const records = opened.stream.take()
  await Promise.all(Object.values(opened.both).map(({ shipThese }) => shipThese(records)))
})

test('the log verifies against the table, and has the events of both', async () => {
  const report = await verifiedNow(opened.sandbox)
  expect([report.faults, report.notices]).toEqual([[], []])
  const events = (await storedRequests(opened.sandbox)).flatMap((request) => request.events)
  expect(report.size).toBeGreaterThan(events.length)
  expect(new Set(events.flatMap(({ build }) => build ?? []))).toEqual(new Set([version, 'now']))
})
