/** What callers, approvers, responders, attackers and background jobs do in a schedule. CI jobs are in ./jobs.ts, and the end is in ./ending.ts. */
import type { RequestId } from '@stint/core/ids'
import { members } from '@stint/sandbox/slack/workspace'
import { Actor, approve, MOST_TRIES } from './actor.ts'
import type { Item } from './dynamo.ts'
import { heal } from './ending.ts'
import { once, runJob } from './jobs.ts'
import { LONGEST_CALL_MS } from './oracles/freezes.ts'
import { sessionsIn } from './oracles/oracle.ts'
import { ENGINEERS, JOB, PEOPLE, personToken, type SlackName } from './people.ts'
import { type Answer, type Schedule, TOKEN_GRACE_MS } from './schedule.ts'

/** After this time, a person who linked to Slack can end sessions there. */
const LINK_SETTLES_MS = 600_000
/** Longer than Stint accepts a request of Slack, which is five minutes, by clocks that differ. */
const OLD_SIGNATURE_MS = 400_000

export async function runSchedule(schedule: Schedule): Promise<void> {
  const { world } = schedule
  const dice = world.dice('cast')
  const kinds = [plain, container, once, ask, ask, ask, renew, freeze, chat, attack] as const
  const count = 1 + dice.int(5)
  for (let at = 0; at < count; at++) {
    const act = dice.pick(kinds)
    const name = `${act.name}-${at + 1}`
    schedule.actor(name, () => act(new Actor(schedule, name)))
  }
  if (dice.chance(0.8)) schedule.actor('sweeps', () => sweeps(new Actor(schedule, 'sweeps')))
  if (dice.chance(0.7)) schedule.actor('ships', () => ships(new Actor(schedule, 'ships')))
  if (dice.chance(0.12)) schedule.actor('backup', () => backUp(new Actor(schedule, 'backup')))
  if (dice.chance(0.4)) schedule.actor('deploy', () => deploy(new Actor(schedule, 'deploy')))
  if (world.dice('last moment').chance(0.35)) schedule.actor('last', () => atTheLastMoment(new Actor(schedule, 'last')))
  if (world.dice('revocations').chance(0.3)) schedule.actor('revokes', () => revokes(new Actor(schedule, 'revokes')))
  if (world.dice('erasures').chance(0.15)) schedule.actor('erases', () => erases(new Actor(schedule, 'erases')))
  if (dice.chance(0.4) || schedule.isFull) schedule.actor('ends', () => endsAtOnce(new Actor(schedule, 'ends')))
  if (!(await world.run(() => schedule.actors === 0))) schedule.oracles.fault('liveness', `${schedule.actors} actors wait for ever`)
  let over = false
  schedule.actor('end', async () => {
    await heal(schedule)
    over = true
  })
  await world.run(() => over && schedule.actors === 0)
  if (!over) schedule.oracles.fault('liveness', 'the end never comes')
  await schedule.oracles.atTheEnd()
}

// ── Callers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async function plain(actor: Actor): Promise<void> {
  const { dice } = actor
  const subject = dice.pick(ENGINEERS)
  const key = dice.chance(0.5) ? `key-${subject}-${dice.int(3)}` : undefined
  const isBucket = dice.chance(0.2)
  const profile = isBucket ? 'bucket' : 'plain'
  const body = isBucket ? { parameters: { bucket: 'acme-logs' } } : {}
  await actor.crowd(1 + dice.int(4), dice.pick([5, 200, 20_000, 120_000]), () => {
    const isOther = key !== undefined && actor.moreDice.chance(0.3)
    const duration = actor.moreDice.pick([undefined, undefined, 900, 2400])
    return actor.vendAs(subject, profile, { key, body: { ...body, duration, ...(isOther ? { justification: 'INC-6' } : {}) } })
  })
}

/** SDKs that renew by the container protocol. */
async function container(actor: Actor): Promise<void> {
  const subject = actor.dice.pick(['dana', 'sam'])
  await actor.crowd(2 + actor.dice.int(6), actor.dice.pick([5, 3000, 70_000]), () => actor.vendAs(subject, 'plain', { by: 'credentials' }))
}

/** Asks; people decide, several at once and in several ways; the caller uses it, more often than it allows. */
async function ask(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  const profile = dice.pick(['one', 'two', 'many', 'glass', 'many'])
  const subject = dice.pick(ENGINEERS)
  const key = dice.chance(0.3) ? `ask-${subject}-${profile}-${dice.int(2)}` : undefined
  // Its window begins later than its approval.
  const startsAt = dice.chance(0.15) ? new Date(actor.now + 300_000).toISOString() : undefined
  let request: string | undefined
  const tryToAsk = async () => {
    for (let tries = 0; tries < MOST_TRIES && request === undefined; tries++) {
      const headers = key === undefined ? {} : { 'idempotency-key': key }
      const justification = key !== undefined && actor.moreDice.chance(0.3) ? 'INC-6' : 'INC-1'
      const answer =
        startsAt === undefined && dice.chance(0.5)
          ? await actor.vendAs(subject, profile)
          : await schedule.api(actor.by, 'POST', '/requests', subject, { profile, justification, startsAt }, headers)
      request ??= answer?.json.requestId ?? (answer && answer.status < 300 ? answer.json.id : undefined)
      if (answer?.status === 429) return
      if (request === undefined) await actor.wait(3000)
    }
  }
  await Promise.all(dice.chance(0.3) ? [tryToAsk(), tryToAsk()] : [tryToAsk()])
  if (request !== undefined) await decideAndUse(actor, request, subject, profile)
}

async function decideAndUse(actor: Actor, request: string, subject: string, profile: string): Promise<void> {
  const { dice, schedule } = actor
  const decide = async (who: string, act: string, tries: number) => {
    const limits = act === 'approve' && dice.chance(0.2) ? { uses: 1, ...(dice.chance(0.5) ? { window: '10m' } : { duration: '20m' }) } : {}
    // With the version that was read before others decide.
    const etag = actor.moreDice.chance(0.3) ? (await schedule.api(actor.by, 'GET', `/requests/${request}`, who))?.etag : undefined
    const headers = etag === undefined ? {} : { 'if-match': etag }
    if (etag !== undefined) await actor.wait(3000)
    for (let at = 0; at < tries; at++) {
      const body = act === 'review' ? { text: 'seen' } : limits
      const answer = await schedule.api(actor.by, 'POST', `/requests/${request}/${act}`, who, body, headers)
      if (answer && answer.status < 500 && !dice.chance(0.2)) return
      await actor.wait(2000)
    }
  }
  const scale = dice.pick([20, 2000, 200_000, 1_000_000])
  const jobs: Promise<void>[] = []
  const later = (mostMs: number, act: () => Promise<void>) => void jobs.push(actor.wait(mostMs).then(act))
  for (let at = 0, count = 1 + dice.int(5); at < count; at++) later(scale, () => decide(dice.pick(Object.keys(PEOPLE)), 'approve', 3))
  if (dice.chance(0.5))
    later(scale * 2, () => decide(dice.pick([subject, 'avery', 'bob', 'max']), dice.pick(['revoke', 'revoke', 'deny', 'cancel']), 4))
  if (dice.chance(profile === 'glass' ? 0.7 : 0.3))
    later(scale * 3, () => decide(dice.pick(['avery', 'ada', subject, 'sam', 'cyd']), 'review', 2))
  if (dice.chance(0.3))
    later(scale, async () => void (await actor.vendAs(subject, profile, { body: { justification: 'INC-1, and more' } })))
  const key = dice.chance(0.3) ? `use-${request}` : undefined
  // Used within the same moments in which it is approved or revoked.
  const useBeside = (mostMs: number, ...others: (() => Promise<void>)[]) =>
    Promise.all([actor.vendAs(subject, profile, { requestId: request }), ...others.map((act) => actor.wait(mostMs).then(act))])
  if (dice.chance(0.3))
    later(scale, async () => void (await useBeside(100, ...['avery', 'bob'].map((who) => () => decide(who, 'approve', 1)))))
  if (dice.chance(0.5)) later(scale * 2, async () => void (await useBeside(dice.pick([20, 60, 200]), () => decide(subject, 'revoke', 2))))
  for (let at = 0, count = 1 + dice.int(6); at < count; at++)
    later(scale * 2, async () => {
      for (let tries = 0; tries < 3; tries++) {
        const who = dice.chance(0.05) ? 'sam' : subject
        const body = { duration: actor.moreDice.chance(0.15) ? 2400 : undefined }
        const answer = await actor.vendAs(who, profile, { requestId: request, body, ...(at < 2 ? { key } : {}) })
        // The other sessions of the request go on.
        if (answer?.status === 201 && schedule.world.dice(answer.json.id).chance(0.3)) await endOne(actor, answer.json.id, subject)
        if (answer && answer.status !== 409 && answer.status < 500 && answer.json.code !== 'approval-required') return
        await actor.wait(scale)
      }
    })
  await Promise.all(jobs)
}

/** A long session that is renewed, by rule or with an approval, and then ended, revoked, frozen or left alone. */
async function renew(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  const subject = dice.pick(ENGINEERS)
  if (dice.chance(0.15)) return revokeLate(actor, subject)
  const session = dice.chance(0.6) ? await startLong(actor, subject) : await startApproved(actor, subject)
  if (session === undefined) return
  const scale = dice.pick([50, 5000, 100_000, 600_000])
  const renewOnce = async (who: string = subject, attack?: string, claims: object = {}) => {
    const call = { subject: who, issuer: 'lab', profile: session.profile, by: 'sessions', renews: session.id, attack } as const
    return schedule.vend(actor.by, call, personToken(who, actor.now, claims), {})
  }
  const renewals = actor.crowd(2 + dice.int(8), scale, () => renewOnce())
  const others = dice.chance(0.2)
    ? [
        renewOnce(dice.pick(ENGINEERS.filter((name) => name !== subject)), 'another’s session'),
        renewOnce(subject, 'a token of two hours ago', { iat: Math.floor(actor.now / 1000) - 7200 }),
      ]
    : []
  const endings = Array.from({ length: dice.int(3) }, async () => {
    await actor.wait(scale)
    if (dice.chance(0.7)) await schedule.api(actor.by, 'DELETE', `/sessions/${session.id}`, dice.pick([subject, subject, 'rex', 'sam']))
    else await schedule.api(actor.by, 'POST', `/requests/${session.id.split('.')[0]}/revoke`, subject, {})
  })
  await Promise.all([renewals, ...others, ...endings])
  await actor.wait(scale)
  await renewOnce()
}

/** Sessions of one role that end at about the same time, twice, by their caller or by a responder, beside others that go on. */
async function endsAtOnce(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  const subject = dice.pick(ENGINEERS)
  const profile = dice.pick(['plain', 'long'])
  const scale = dice.pick([50, 2000, 100_000])
  const end = async (id: string) => {
    await actor.wait(scale)
    const isRevoked = dice.chance(schedule.isFull ? 0.5 : 0.2)
    if (isRevoked) await schedule.api(actor.by, 'POST', `/requests/${id.split('.')[0]}/revoke`, subject, {})
    else await endOne(actor, id, dice.pick([subject, 'rex']))
    await actor.wait(scale)
    await schedule.api(actor.by, 'GET', `/sessions/${id}`, subject)
    if (dice.chance(0.3)) await endOne(actor, id, subject)
  }
  await actor.crowd((schedule.isFull ? 4 : 3) + dice.int(3), dice.pick([200, 20_000]), async (at) => {
    const answer = await actor.vendAs(subject, profile)
    if (answer?.status !== 201 || at === 0) return
    await Promise.all([end(answer.json.id), ...(dice.chance(0.2) ? [end(answer.json.id)] : [])])
  })
  if (dice.chance(0.3)) await schedule.sweep()
}

/**
 * If the policy of the role is full, a responder can deny every earlier session. Any caller can let the credentials of this one work until
 * they expire. Some say so at once, although the policy may have room.
 */
async function endOne(actor: Actor, id: string, who: string): Promise<void> {
  const { dice, schedule } = actor
  let choice = schedule.world.dice(`keep ${id}`).chance(0.15) ? '?everyEarlierSession=keep' : ''
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (choice.endsWith('keep')) schedule.oracles.onKept(id)
    // A caller who is not a responder must not deny every earlier session.
    if (choice !== '' && who !== 'rex') await schedule.api(actor.by, 'DELETE', `/sessions/${id}?everyEarlierSession=end`, who)
    const answer = await schedule.api(actor.by, 'DELETE', `/sessions/${id}${choice}`, who)
    if (answer?.json.code === 'end-policy-full') {
      choice = `?everyEarlierSession=${who === 'rex' && dice.chance(0.6) ? 'end' : 'keep'}`
      if (dice.chance(0.2)) return
    } else if (answer && answer.status < 500) return
    else await actor.wait(3000)
  }
}

/** A session that outlives the window of its request, which is then revoked. */
async function revokeLate(actor: Actor, subject: string): Promise<void> {
  const { schedule } = actor
  const asked = await actor.vendAs(subject, 'one')
  const requestId = asked?.json.requestId as string | undefined
  if (requestId === undefined) return
  await approve(actor, requestId, 'avery', { window: '2m' })
  await actor.vendAs(subject, 'one', { requestId })
  await schedule.world.sleep(130_000)
  await schedule.sweep()
  await schedule.api(actor.by, 'POST', `/requests/${requestId}/revoke`, subject, {})
}

/** Requests that are revoked while they are used. Either call may run on a slow machine. */
async function revokes(actor: Actor): Promise<void> {
  const { schedule } = actor
  for (const subject of ENGINEERS) {
    const requestId: string | undefined = (await actor.vendAs(subject, 'one'))?.json.requestId
    if (requestId === undefined) continue
    await approve(actor, requestId, 'avery')
    await Promise.all([
      schedule.api(actor.by, 'POST', `/requests/${requestId}/revoke`, subject, {}),
      actor.crowd(3, actor.dice.pick([300, 1500]), () => actor.vendAs(subject, 'one', { requestId })),
    ])
  }
}

type LongSession = { readonly id: string; readonly profile: string }

async function startLong(actor: Actor, subject: string): Promise<LongSession | undefined> {
  const { dice, schedule } = actor
  // Its caller may end it while it is being issued.
  const vending = actor.vendAs(subject, 'long')
  const early = dice.chance(0.2)
    ? actor.wait(dice.pick([20, 100, 400])).then(async () => {
        const item = schedule.storyItems().findLast(({ profile, caller }) => profile?.S === 'long' && caller?.M?.subject?.S === subject)
        const suffix = sessionsIn(item)[0]?.suffix
        if (suffix !== undefined) await schedule.api(actor.by, 'DELETE', `/sessions/${item?.id?.S}.${suffix}`, subject)
      })
    : undefined
  const [answer] = await Promise.all([vending, early])
  return answer?.status === 201 ? { id: answer.json.id, profile: 'long' } : undefined
}

async function startApproved(actor: Actor, subject: string): Promise<LongSession | undefined> {
  const { dice } = actor
  const asked = await actor.vendAs(subject, 'long-two')
  const requestId = asked?.json.requestId as string | undefined
  if (requestId === undefined) return undefined
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const approver = dice.pick(['avery', 'bob', 'ria'])
    const approved = await approve(actor, requestId, approver)
    if (approved && approved.status < 500) break
  }
  await actor.wait(dice.pick([1000, 100_000, 1_200_000]))
  for (let tries = 0; tries < 3; tries++) {
    const answer = await actor.vendAs(subject, 'long-two', { requestId })
    if (answer?.status === 201) return { id: answer.json.id, profile: 'long-two' }
    if (answer && answer.status < 500) return undefined
  }
  return undefined
}

/** Links to Slack, asks, and an approver decides by a button of a message there. */
async function chat(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  const { slack } = schedule
  const link = async (subject: string, name: SlackName): Promise<boolean> => {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const pending = await enterCode(actor, subject, name)
      if (pending?.user !== members[name].id) continue
      if (actor.moreDice.chance(0.15)) await stealCode(actor, subject)
      const confirmed = await schedule.api(actor.by, 'POST', '/slack/link/confirm', subject, { team: pending.team, user: pending.user })
      if (confirmed?.status === 200) return true
    }
    return false
  }
  const [subject, name] = dice.pick([
    ['dana', 'developer'],
    ['sam', 'second-developer'],
  ] as const)
  const [approver, approverName] = dice.pick([
    ['avery', 'approver'],
    ['olu', 'oncall'],
    [subject, name],
  ] as const)
  if (!(await link(approver, approverName))) return
  const profile = dice.pick(['chat', 'glass'])
  let request: string | undefined
  for (let tries = 0; tries < MOST_TRIES && request === undefined; tries++) {
    const asked = await actor.vendAs(subject, profile)
    request = asked?.json.requestId ?? (asked && asked.status < 300 ? asked.json.id : undefined)
  }
  if (request === undefined) return
  const id = request
  // From then on, decisions in Slack count. One of a person who is frozen does not.
  const settles = dice.chance(0.5)
  if (settles) await schedule.world.sleep(LINK_SETTLES_MS)
  if (settles && dice.chance(0.4)) await freezePerson(actor, approver, 'rex')
  for (let tries = 0; tries < 6; tries++) {
    await Promise.all(schedule.shards.map((shard) => schedule.notify(shard)))
    await actor.wait(5000)
    const message = slack.workspace.messages.find(({ blocks, thread, only }) => !thread && !only && JSON.stringify(blocks).includes(id))
    if (!message) continue
    const action = dice.pick(['approve', 'approve', 'details'])
    try {
      const form = slack.request(approverName).press(message, action)
      await schedule.slackSends(actor.by, form)
      if (dice.chance(0.3)) await schedule.slackSends(actor.by, form)
      schedule.reached.add('a button is pressed in Slack')
      break
    } catch {
      // The button is gone: the request has been decided.
      break
    }
  }
  const sessions: string[] = []
  await actor.crowd(1 + dice.int(3), 60_000, async () => {
    const answer = await actor.vendAs(subject, profile, { requestId: id })
    if (answer?.status === 201) sessions.push(answer.json.id)
  })
  await Promise.all(schedule.shards.map((shard) => schedule.notify(shard)))
  const [session] = sessions
  if (session === undefined || dice.chance(0.5)) return
  if (actor.moreDice.chance(0.6)) await schedule.world.sleep(LINK_SETTLES_MS)
  for (let tries = 0; tries < 2; tries++) await schedule.slackSends(actor.by, slack.request(approverName).command(`end ${session}`))
}

/** Another Slack user gets hold of a new code of this person, and enters it while they look at what they are to confirm. */
async function stealCode(actor: Actor, subject: string): Promise<void> {
  const { schedule } = actor
  const offered = await schedule.api(actor.by, 'POST', '/slack/link', subject, {})
  if (offered?.json.code !== undefined)
    await schedule.slackSends(actor.by, schedule.slack.request('auditor').command(`link ${offered.json.code}`))
}

/** Gets a code and enters it in Slack: what then waits to be confirmed, if that worked. */
async function enterCode(actor: Actor, subject: string, name: SlackName): Promise<Answer['json'] | undefined> {
  const { schedule } = actor
  const offered = await schedule.api(actor.by, 'POST', '/slack/link', subject, {})
  if (offered?.json.code === undefined || offered.status >= 300) return undefined
  await schedule.slackSends(actor.by, schedule.slack.request(name).command(`link ${offered.json.code}`))
  return (await schedule.api(actor.by, 'GET', '/slack/link', subject))?.json.pending
}

/** Valid tokens, and what their owners are not entitled to. */
async function attack(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  const requestIds = () => schedule.storyItems().flatMap(({ id }) => (id?.S?.startsWith('req_') ? [id.S] : []))
  for (let tries = 0; tries < 4; tries++) {
    await actor.wait(dice.pick([50, 5000, 200_000]))
    const someone = dice.pick(requestIds()) as string | undefined
    const now = Math.floor(actor.now / 1000)
    const danas = (more: object, signing = {}) => personToken('dana', actor.now, more, signing)
    const bad = dice.pick([
      ['forged', danas({}, { key: 'forged' })],
      ['expired', danas({ iat: now - 7200, exp: now - 3600 })],
      ['without a role', personToken('rex', actor.now)],
      ['for another audience', danas({ aud: 'https://other.acme.example' })],
      ['of another issuer', danas({ iss: 'https://lab.example/other' })],
      ['of the future', danas({ iat: now + 3600, exp: now + 3900 })],
      ['that lives for a month', danas({ exp: now + 30 * 86_400 })],
      ['for signing in', danas({}, { typ: 'JWT' })],
    ] as const)
    if (dice.chance(0.4)) {
      const call = { subject: 'attacker', issuer: 'lab', profile: 'plain', by: 'sessions', attack: bad[0] } as const
      await schedule.vend(actor.by, call, bad[1], { profile: 'plain' })
    } else if (dice.chance(0.3)) {
      const wide = { narrow: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] } }
      const [attack, bucket, more, body] = dice.pick([
        ['a parameter that its pattern excludes', 'other-logs', {}, {}],
        ['a sign-in of an hour ago', 'acme-logs', { auth_time: now - 3600 }, {}],
        ['a policy that allows more', 'acme-logs', {}, wide],
        ['a session of two hours', 'acme-logs', {}, { duration: 7200 }],
      ] as const)
      const call = { subject: 'sam', issuer: 'lab', profile: 'bucket', by: 'sessions', attack } as const
      await schedule.vend(actor.by, call, personToken('sam', actor.now, more), { profile: 'bucket', parameters: { bucket }, ...body })
    } else if (dice.chance(0.2)) {
      const form = schedule.slack.request('developer').command('status')
      const headers = Object.entries(form.headers).map(([name, value]) => [
        name,
        name.endsWith('signature') ? `v0=${'0'.repeat(64)}` : value,
      ])
      await schedule.slackSends(actor.by, { ...form, headers: Object.fromEntries(headers) }, 'another signature')
      await schedule.world.sleep(OLD_SIGNATURE_MS)
      await schedule.slackSends(actor.by, form, 'an old signature')
    } else if (someone !== undefined) {
      // Somebody else's request, by someone who is an engineer too.
      const owner = schedule.dynamo.item('stint', `REQ#${someone}`)
      const [subject, profile] = [owner?.caller?.M?.subject?.S, owner?.profile?.S ?? 'plain']
      const other = dice.pick(ENGINEERS.filter((name) => name !== subject))
      const attack = subject === undefined || subject === other ? undefined : 'another’s request'
      await actor.vendAs(other, profile, { requestId: someone, attack })
      await schedule.api(actor.by, 'GET', `/requests/${someone}`, other)
      const act = dice.pick(['approve', 'deny', 'revoke', 'review'])
      const who = dice.pick(['rex', 'dana-admin', 'ada', 'ada', JOB, other])
      await schedule.api(actor.by, 'POST', `/requests/${someone}/${act}`, who, act === 'review' ? { text: 'seen' } : {})
      // Only responders can freeze. Others could keep everyone from their access.
      await schedule.api(actor.by, 'POST', '/freezes', dice.pick(['max', JOB, other]), { scope: { kind: 'all' }, justification: 'INC-4' })
    }
  }
}

async function freeze(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  await actor.wait(dice.pick([100, 5000, 300_000]))
  const [scope, text] = dice.pick([
    [{ kind: 'all' }, 'all'],
    [{ kind: 'profile', id: 'plain' }, 'profile#plain'],
    [{ kind: 'profile', id: 'many' }, 'profile#many'],
    [{ kind: 'subject', issuer: 'lab', id: 'dana' }, 'subject#lab#dana'],
    [{ kind: 'person', id: 'dana' }, 'person#dana'],
    // Approvers: what they decide while they are frozen must not count.
    [{ kind: 'subject', issuer: 'lab', id: 'avery' }, 'subject#lab#avery'],
    [{ kind: 'person', id: 'bob' }, 'person#bob'],
    // With his other identity, he must not approve either.
    [{ kind: 'subject', issuer: 'lab', id: 'bob' }, 'subject#lab#bob'],
    [{ kind: 'target', id: 'staging' }, 'target#staging'],
    [{ kind: 'issuer', id: 'lab' }, 'issuer#lab'],
    // A responder who is frozen releases nothing.
    [{ kind: 'subject', issuer: 'lab', id: 'rex' }, 'subject#lab#rex'],
  ] as const)
  // A freeze of the issuer where all people sign in also stops the responders, so it must expire.
  const expiresAt = scope.kind === 'issuer' || dice.chance(0.2) ? new Date(actor.now + 120_000).toISOString() : undefined
  const profile = scope.kind === 'profile' ? scope.id : 'plain'
  // Calls that are under way when the freeze is set.
  const beside = actor.crowd(dice.int(4), 300, () => actor.vendAs('dana', profile))
  let set: Answer | undefined
  for (let tries = 0; tries < MOST_TRIES && set?.status !== 201; tries++) {
    const body = { scope, justification: 'INC-2', ...(expiresAt === undefined ? {} : { expiresAt }) }
    set = await schedule.api(actor.by, 'POST', '/freezes', dice.pick(['rex', 'ria']), body)
    // At once: others can freeze the same scope, and release it, at any time.
    if (set?.status === 201) schedule.oracles.onFrozen(text, expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt))
    await actor.wait(200)
  }
  await beside
  if (set?.status !== 201) return
  const lasts = dice.pick([100, 5000, 100_000])
  // Whom it stops, while it lasts.
  const approver = scope.kind === 'subject' && scope.id === 'avery' ? scope.id : dice.pick(['bob', 'bob-two'])
  await Promise.all([
    actor.wait(lasts),
    actor.crowd(3 + dice.int(6), lasts, () => (dice.chance(0.2) ? runJob(actor, '77', 'plain') : actor.vendAs('dana', profile))),
    actor.crowd(dice.int(3), lasts, async () => {
      const id = dice.pick(schedule.pendingRequests())
      if (id !== undefined) await approve(actor, id, approver)
    }),
  ])
  const first = dice.pick(['rex', 'ria'])
  // One person is not two, whichever identity they use.
  const alone = first === 'rex' ? dice.pick(['rex', 'rex-two', 'rex-two']) : first
  const second = dice.chance(0.2) ? alone : first === 'rex' ? 'ria' : 'rex'
  for (const who of [first, second]) {
    // What a responder asked for does not count once they are frozen.
    if (who === second && second !== alone && actor.moreDice.chance(0.15)) {
      await freezePerson(actor, first, second)
      await schedule.world.sleep(LONGEST_CALL_MS + 5000)
    }
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      schedule.oracles.onReleaseBegun(text, who)
      const released = await schedule.api(actor.by, 'DELETE', `/freezes/${set.json.id}`, who)
      if (released && released.status < 500) break
      await actor.wait(500)
    }
    await actor.wait(2000)
  }
}

async function freezePerson(actor: Actor, who: string, by: string): Promise<void> {
  const scope = { kind: 'subject', issuer: 'lab', id: who }
  const set = await actor.schedule.api(actor.by, 'POST', '/freezes', by, { scope, justification: 'INC-5' })
  if (set?.status === 201) actor.schedule.oracles.onFrozen(`subject#lab#${who}`, Number.POSITIVE_INFINITY)
}

// ── The last moment ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Calls around the moment at which something ends. In some of them, the clock stands still at it (edges.ts). */
const atTheLastMoment = (actor: Actor): Promise<void> => {
  const ends = [endOfWindow, endOfApproval, endOfSession, endOfCode, endOfToken]
  return actor.dice.pick(ends)(actor, actor.dice.pick(ENGINEERS))
}

async function endOfWindow(actor: Actor, subject: string): Promise<void> {
  const id = await askFor(actor, subject, 'many')
  await Promise.all(['avery', 'bob'].map((who) => approve(actor, id, who, { window: '2m' })))
  const { windowExpiresAt } = requestItem(actor, id)
  await around(actor, windowExpiresAt?.N, () => actor.vendAs(subject, 'many', { requestId: id }))
}

async function endOfApproval(actor: Actor, subject: string): Promise<void> {
  const id = await askFor(actor, subject, 'one')
  const who = actor.dice.pick(['avery', 'bob', 'ria'])
  await around(actor, requestItem(actor, id).expiresAt?.N, () => approve(actor, id, who))
}

async function endOfSession(actor: Actor, subject: string): Promise<void> {
  const session = await startLong(actor, subject)
  const [request = '', suffix] = session?.id.split('.') ?? []
  const call = { subject, issuer: 'lab', profile: 'long', by: 'sessions', renews: session?.id } as const
  await around(actor, requestItem(actor, request)[`ses.${suffix}`]?.M?.expiresAt?.N, () =>
    actor.schedule.vend(actor.by, call, personToken(subject, actor.now), {}),
  )
}

async function endOfCode(actor: Actor): Promise<void> {
  const pending = await enterCode(actor, 'ada', 'auditor')
  if (!pending) return
  const { team, user, expiresAt } = pending
  await around(actor, Date.parse(expiresAt), () => actor.schedule.api(actor.by, 'POST', '/slack/link/confirm', 'ada', { team, user }))
}

async function endOfToken(actor: Actor, subject: string): Promise<void> {
  const token = personToken(subject, actor.now)
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }
  const call = { subject, issuer: 'lab', profile: 'plain', by: 'sessions', tokenExpires: exp * 1000 } as const
  await around(actor, call.tokenExpires + TOKEN_GRACE_MS, () =>
    actor.schedule.vend(actor.by, call, token, { profile: 'plain', justification: 'INC-1' }),
  )
}

/** `end` is undefined if something failed earlier. */
async function around(actor: Actor, end: number | string | undefined, one: () => Promise<unknown>): Promise<void> {
  if (end === undefined) return
  await actor.schedule.world.sleep(Number(end) - actor.now - 600)
  await actor.crowd(6, 1000, one)
}
const requestItem = ({ schedule }: Actor, id: string): Item => schedule.dynamo.item('stint', `REQ#${id}`) ?? {}
const askFor = async (actor: Actor, subject: string, profile: string): Promise<string> =>
  (await actor.vendAs(subject, profile))?.json.requestId ?? ''

// ── Background jobs ──────────────────────────────────────────────────────────────────────────────────────────────────

async function sweeps(actor: Actor): Promise<void> {
  // As its schedule has it, or at any time.
  if (actor.dice.chance(0.3)) {
    for (let minute = 0; minute < 12; minute++) await Promise.all([actor.schedule.sweep(), actor.schedule.world.sleep(60_000)])
    return
  }
  for (let at = 0, count = 1 + actor.dice.int(4); at < count; at++) {
    await actor.wait(actor.dice.pick([500, 60_000, 400_000]))
    await Promise.all(Array.from({ length: actor.dice.chance(0.2) ? 2 : 1 }, () => actor.schedule.sweep()))
  }
}
async function ships(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  for (let at = 0, count = 2 + dice.int(6); at < count; at++) {
    await actor.wait(dice.pick([500, 20_000, 300_000]))
    const some = schedule.shards.filter(() => dice.chance(0.8))
    const twice = dice.chance(0.1) ? [schedule.ship(0)] : []
    // The hourly run does not wait for the shippers.
    const compares = dice.chance(0.15) ? [actor.wait(dice.pick([100, 5000])).then(() => schedule.compare())] : []
    await Promise.all([...some.map((shard) => schedule.ship(shard)), ...twice, ...compares])
  }
}
/** From now on, new machines have the next release; the old ones go on for a while. */
async function deploy(actor: Actor): Promise<void> {
  // The sweeper runs once a minute, so no release ends before it has swept.
  for (let hasSwept = false; !hasSwept; ) {
    await actor.wait(60_000)
    const swept = await actor.schedule.sweep()
    // Undefined if its machine died.
    hasSwept = swept !== undefined && swept.fault === undefined
  }
  await actor.wait(actor.dice.pick([1000, 100_000, 600_000]))
  // A person who approves before and after the deployment counts once.
  const pair = actor.moreDice.chance(0.5) ? await askFor(actor, 'dana', 'pair') : ''
  if (pair !== '') await approve(actor, pair, 'cyd')
  actor.schedule.deploy()
  if (pair !== '') await approve(actor, pair, 'cyd-two')
  // Only the new release knows that the two identities are one person.
  for (const id of actor.schedule.pendingRequests())
    if (requestItem(actor, id).caller?.M?.subject?.S === 'cyd') await approve(actor, id, 'cyd-two')
}

/** An operator erases requests, of which some are still in use. */
async function erases(actor: Actor): Promise<void> {
  const { dice, schedule } = actor
  for (let tries = 0; tries < 4; tries++) {
    await actor.wait(dice.pick([5000, 300_000, 1_500_000]))
    const id = dice.pick(schedule.storyItems().flatMap((item) => (item.id?.S?.startsWith('req_') ? [item.id.S as RequestId] : [])))
    if (id === undefined) continue
    await Promise.all([schedule.erase(id), ...schedule.shards.map((shard) => actor.wait(5000).then(() => schedule.ship(shard)))])
  }
}

async function backUp(actor: Actor): Promise<void> {
  await actor.wait(actor.dice.pick([500, 10_000, 300_000]))
  actor.schedule.backup = actor.schedule.dynamo.backup('stint')
}
