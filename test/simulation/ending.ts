/** How a schedule ends: nothing fails any more, and everything must heal. Some go on for a year, forget, or restore the table first. */
import { parseScope } from '@stint/core/access/freeze'
import type { RequestId } from '@stint/core/ids'
import { Actor, MOST_TRIES } from './actor.ts'
import type { Item } from './dynamo.ts'
import { runJob } from './jobs.ts'
import { eventsIn, sessionsIn } from './oracles/oracle.ts'
import { PEOPLE, personToken } from './people.ts'
import type { Schedule } from './schedule.ts'
import type { Dice } from './world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Of five seconds each: longer than the messages of one failed run stay hidden. */
const MOST_WAITS = 40
/** Freezes that stop Sam's session of the profile `plain`. */
const STOPS_SAM = ['all', 'issuer#lab', 'subject#lab#sam', 'person#sam', 'profile#plain', 'target#staging']

async function drain(schedule: Schedule): Promise<void> {
  for (let rounds = 0; rounds < 50 && !schedule.isShipped; rounds++) for (const shard of schedule.shards) await schedule.ship(shard)
}

/** Runs the notifier until it has read the whole stream, and once more for what it must try again. */
async function notifyAll(schedule: Schedule): Promise<void> {
  for (let rounds = 0; rounds < 30 && !schedule.isNotified; rounds++) for (const shard of schedule.shards) await schedule.notify(shard)
  for (const shard of schedule.shards) await schedule.notify(shard)
}

/** Nothing fails any more: what was left half done must become whole by itself. */
export async function heal(schedule: Schedule): Promise<void> {
  const { world, network, oracles } = schedule
  network.healing = true
  if (schedule.backup) await restore(schedule, schedule.backup, world.dice('restore'))
  // Longer than a reservation waits, than any late send, and than the note of an end that never was.
  await world.sleep(350_000)
  await schedule.sweep()
  await world.sleep(30_000)
  const swept = await schedule.sweep()
  if (swept?.fault !== undefined || swept === undefined) oracles.fault('liveness', `a sweep in quiet fails: ${swept?.fault}`)
  for (let waits = 0; waits < MOST_WAITS && schedule.endQueue.messages.length > 0; waits++) await world.sleep(5000)
  if (schedule.endQueue.messages.length > 0) oracles.fault('liveness', 'the queue of ends is never empty')
  oracles.whenEndsAreCarriedOut()
  await drain(schedule)
  const isInSlack = schedule.slack.workspace.messages.length > 0
  if (isInSlack) await notifyAll(schedule)
  await world.sleep(2 * HOUR_MS)
  await schedule.compare()
  if (isInSlack) await notifyAll(schedule)
  oracles.whenHealed()
  const dice = world.dice('end')
  await callAfterwards(schedule)
  const then = dice.int(100)
  if (then < 3) await leaveTheTable(schedule, dice)
  else if (then < 15) await forget(schedule, dice)
  network.healing = true
  await drain(schedule)
  // compare looks at each item after an hour, a day and a week: what the stream lost late is found late.
  const goesOn = then >= 15 && then < 35
  const isLong = goesOn || (schedule.conditions.streamLoss > 0 && then < 15)
  for (const wait of isLong ? [2 * HOUR_MS, 26 * HOUR_MS, 7 * DAY_MS] : [2 * HOUR_MS]) {
    await world.sleep(wait)
    if (goesOn) await schedule.sweep()
    await schedule.compare()
  }
  if (goesOn) await reviewLate(schedule)
}

/** A good call succeeds, unless a freeze stops it; and one with a key that the issuer has removed does not. */
async function callAfterwards(schedule: Schedule): Promise<void> {
  const { world, oracles } = schedule
  const frozen = schedule
    .storyItems()
    .filter(({ pk, active, expiresAt }) => pk?.S?.startsWith('FREEZE#') && active?.BOOL && !(Number(expiresAt?.N) <= world.now))
    .map(({ scope }) => [scope?.M?.kind, scope?.M?.issuer, scope?.M?.id].flatMap((part) => part?.S ?? []).join('#'))
  if (frozen.some((scope) => STOPS_SAM.includes(scope))) return
  const actor = new Actor(schedule, 'afterwards')
  const answer = await actor.vendAs('sam', 'plain')
  if (answer?.status !== 201) oracles.fault('liveness', `afterwards, a good call gets ${answer?.status} ${answer?.json.code}`)
  const call = { subject: 'sam', issuer: 'lab', profile: 'plain', by: 'sessions', attack: 'a key that the issuer has removed' } as const
  await schedule.vend(actor.by, call, personToken('sam', world.now, {}, { key: 'removed' }), { profile: 'plain' })
}

/** Reviews that the sweeper has reminded of: of a request that has just ended with the last sweep, with the next one. */
async function reviewLate(schedule: Schedule): Promise<void> {
  await schedule.sweep()
  const actor = new Actor(schedule, 'late-review')
  for (const { id, profile } of schedule.storyItems())
    if (profile?.S === 'glass') await schedule.api(actor.by, 'POST', `/requests/${id?.S}/review`, 'ada', { text: 'seen' })
  await drain(schedule)
}

/** More than a year later: items are retired and leave the table, while parts fail again. */
async function leaveTheTable(schedule: Schedule, dice: Dice): Promise<void> {
  const { world, network } = schedule
  schedule.reached.add('items are retired')
  for (const wait of [26 * HOUR_MS, 7 * DAY_MS]) {
    await world.sleep(wait)
    await schedule.compare()
  }
  await world.sleep(393 * DAY_MS)
  schedule.passQuietDays(393)
  network.healing = dice.chance(0.3)
  for (let day = 0; day < 5; day++) {
    await Promise.all([
      schedule.retire(),
      ...(dice.chance(0.3) ? [schedule.retire()] : []),
      ...(dice.chance(0.5) ? schedule.shards.map((shard) => schedule.ship(shard)) : []),
    ])
    if (day === 2) network.healing = true
    if (dice.chance(0.8) || day > 2) await schedule.compare()
    await world.sleep(DAY_MS)
  }
  await drain(schedule)
  await schedule.retire()
  await world.sleep(8 * DAY_MS)
  schedule.oracles.mayLeave = true
  for (const { pk, expires } of schedule.storyItems())
    if (expires?.N !== undefined && Number(expires.N) * 1000 <= world.now) {
      schedule.dynamo.expire('stint', pk?.S as string)
      schedule.reached.add('an item has left the table')
    }
  // An item of a restored table that differs from the log stays until it is restored from it. Refusals were to leave on one of the quiet
  // days, no sweep ended the requests that wait, and a break-glass request stays until it is reviewed.
  for (const item of schedule.epoch === undefined ? schedule.storyItems() : []) {
    const { id, state } = item
    if (id?.S?.startsWith('req_') && !['pending', 'refused'].includes(state?.S ?? '') && !isUnreviewed(item))
      schedule.oracles.fault('liveness', `${id.S} is ${state?.S}, a year old, and still in the table`)
  }
  await drain(schedule)
}

function isUnreviewed(request: Item): boolean {
  const types = eventsIn(request).map((event) => event?.type)
  return request.profile?.S === 'glass' && types.includes('request.approved') && !types.includes('request.reviewed')
}

/** Requests lose what they say of people, while parts fail and slow shippers still write. */
async function forget(schedule: Schedule, dice: Dice): Promise<void> {
  const { world, network, oracles } = schedule
  schedule.reached.add('requests are erased')
  await world.sleep(3 * HOUR_MS)
  network.healing = dice.chance(0.3)
  const ids = schedule.storyItems().flatMap(({ pk, id }) => (pk?.S?.startsWith('REQ#') && dice.chance(0.4) ? [id?.S as RequestId] : []))
  await Promise.all([
    ...ids.map((id) => schedule.erase(id)),
    (async () => {
      for (let rounds = 0; rounds < 12; rounds++) {
        await world.sleep(1 + dice.int(4000))
        await Promise.all(schedule.shards.map((shard) => schedule.ship(shard)))
      }
    })(),
  ])
  network.healing = true
  await world.sleep(250_000)
  await schedule.sweep()
  await drain(schedule)
  await schedule.compare()
  for (const id of ids) {
    let outcome: string | undefined
    for (let tries = 0; tries < 3 && outcome !== 'done'; tries++)
      [outcome] = await Promise.all([
        schedule.erase(id),
        world.sleep(500).then(async () => {
          await drain(schedule)
          await schedule.compare()
        }),
      ])
    if (outcome === 'done') oracles.onErased(id)
  }
  // Stages that were left behind are removed once they are an hour old.
  await world.sleep(2 * HOUR_MS)
  await schedule.compare()
  oracles.whenErased()
}

/** The table is restored from a backup of some time ago, with an epoch: nothing that was granted before may be used again. */
async function restore(schedule: Schedule, backup: ReadonlyMap<string, Item>, dice: Dice): Promise<void> {
  const { world, oracles } = schedule
  const actor = new Actor(schedule, 'after-the-restore')
  const [restores, isLate] = [dice.chance(0.6), dice.chance(0.5)]
  // The backup does not have this freeze, and the log does.
  if (restores && dice.chance(0.5))
    await schedule.api(actor.by, 'POST', '/freezes', 'rex', { scope: { kind: 'profile', id: 'glass' }, justification: 'INC-3' })
  await drain(schedule)
  world.say('the table is restored from a backup')
  schedule.reached.add('the table is restored from a backup')
  schedule.restore(backup)
  oracles.onRestored(world.now)
  await world.sleep(1000)
  if (restores && !isLate) await auditRestore(schedule, dice)
  const oldTokens = schedule.jobTokens.slice(-3)
  const attack = 'a token from before the restore'
  for (const { once, actor: who, token } of oldTokens) await runJob(actor, who, 'plain', { once, token }, { attack })
  const started = oldTokens.length > 0 ? await runJob(actor, '77', 'long') : undefined
  if (started?.status === 201)
    for (const { once, actor: who, token } of oldTokens)
      await runJob(actor, who, 'long', { once, token }, { renews: started.json.id, attack })
  for (const item of schedule.storyItems()) {
    const { pk, id, caller, profile } = item
    const owner = caller?.M?.subject?.S ?? ''
    if (!pk?.S?.startsWith('REQ#') || !PEOPLE[owner]) continue
    await actor.vendAs(owner, profile?.S ?? '', { requestId: id?.S })
    for (const { suffix } of sessionsIn(item)) {
      const call = { subject: owner, issuer: 'lab', profile: profile?.S ?? '', by: 'sessions', renews: `${id?.S}.${suffix}` } as const
      if (profile?.S?.startsWith('long')) await schedule.vend(actor.by, call, personToken(owner, actor.now), {})
    }
    if (dice.chance(0.5)) await schedule.api(actor.by, 'POST', `/requests/${id?.S}/revoke`, owner, {})
  }
  // The sweeper ends what the backup has as open, on a journal that lacks what the log has: it is quarantined.
  await schedule.sweep()
  if (restores && isLate) await auditRestore(schedule, dice)
}

/** An operator restores from the log what the table lacks, while parts fail and Stint goes on, and repeats it until nothing is missing. */
async function auditRestore(schedule: Schedule, dice: Dice): Promise<void> {
  const { world, network, oracles } = schedule
  world.say('the table is restored from the log')
  network.healing = dice.chance(0.3)
  const actor = new Actor(schedule, 'during-the-restore')
  const owners = schedule.storyItems().flatMap(({ pk, id, caller }) => {
    const owner = caller?.M?.subject?.S ?? ''
    return pk?.S?.startsWith('REQ#') && PEOPLE[owner] ? [{ owner, id: id?.S }] : []
  })
  await Promise.all([
    schedule.auditRestore(),
    schedule.sweep(),
    ...schedule.shards.map((shard) => schedule.ship(shard)),
    ...owners.map(async ({ owner, id }) => {
      await actor.wait(1000)
      await schedule.api(actor.by, 'POST', `/requests/${id}/revoke`, owner, {})
    }),
  ])
  network.healing = true
  await world.sleep(250_000)
  let restored: Awaited<ReturnType<Schedule['auditRestore']>>
  for (let tries = 0; tries < MOST_TRIES && (restored === undefined || restored.ids.length + restored.left > 0); tries++) {
    await drain(schedule)
    restored = await schedule.auditRestore()
  }
  if (restored === undefined || restored.ids.length + restored.left > 0) oracles.fault('restore', 'the table still lacks what the log has')
  oracles.onAuditRestored()
  await freezeAgain(schedule, actor)
}

/** The kill switch works on what was put back. */
async function freezeAgain(schedule: Schedule, actor: Actor): Promise<void> {
  const { oracles, reached } = schedule
  for (const item of schedule.storyItems()) {
    if (!item.pk?.S?.startsWith('FREEZE#') || item.active?.BOOL) continue
    const scope = String(eventsIn(item)[0]?.scope)
    const expiresAt = actor.now + 120_000
    const body = { scope: parseScope(scope), justification: 'INC-6', expiresAt: new Date(expiresAt).toISOString() }
    const set = await schedule.api(actor.by, 'POST', '/freezes', 'ria', body)
    if (set?.status === 201) {
      oracles.onFrozen(scope, expiresAt)
      reached.add('a freeze that was put back as released is set again')
    } else oracles.fault('restore', `${item.pk.S} cannot be set again: ${set?.status} ${set?.json.code}`)
  }
}
