/**
 * In which order the notifier says what it owes, by a clock of our own: Slack takes a second a message, or asks for rest. What
 * matters is when a message is said, and on whose account others wait.
 */
import { checkConfig, formatFaults } from '@stint/core/config/check'
import type { Rules } from '@stint/core/config/shape'
import { done } from '@stint/core/outcome'
import { describe, expect, test } from 'vitest'
import type { SlackAnswer } from '../adapters/slack.ts'
import type { PendingUpdate, Post, Reminder } from '../ports/slack-state.ts'
import { notify, notifyPending } from './notify.ts'
import type { NotifyParts } from './posting.ts'

const NOW = Date.UTC(2026, 10, 24, 3)
const CHANNELS = ['C0ONE', 'C0TWO', 'C0THREE', 'C0FOUR'] as const
const people = { issuer: 'staff', claims: { sub: 'avery' } }
const approval = { rules: [{ by: [people], count: 1 }], expiresAfter: '30m', window: '1h', maxUses: 3 }
const profile = { target: 't', eligible: [people], approval, duration: { default: '30m', max: '1h' } }
const rules = (() => {
  const checked = checkConfig({
    issuers: {
      staff: {
        key: 'acme',
        url: 'https://login.acme.example',
        jwksUri: 'https://login.acme.example/jwks',
        kind: 'human',
        audiences: ['https://stint.acme.example'],
        tokenUse: 'access',
        algorithms: ['RS256'],
      },
    },
    targets: { t: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/x', externalId: 'ext-t', region: 'eu-central-1' } },
    profiles: {
      ...Object.fromEntries(CHANNELS.map((channel) => [channel.toLowerCase(), { ...profile, slack: { channel } }])),
      ...Object.fromEntries(
        CHANNELS.map((channel) => [
          `night-${channel.toLowerCase()}`,
          { ...profile, approval: { ...approval, breakGlass: true }, slack: { channel } },
        ]),
      ),
    },
    slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ONE' },
  })
  if (!checked.ok) throw new Error(formatFaults(checked.faults))
  return checked.rules
})()

type Channel = (typeof CHANNELS)[number]
type Kind = 'ordinary' | 'break-glass'

/** A notifier whose Slack takes a second a message. `answer`: what else it says to a message in that channel. */
function bench(answer: (channel: string) => SlackAnswer<never> | undefined = () => undefined) {
  let now = NOW
  let serial = 0
  const requests = new Map<string, object>()
  const posts = new Map<string, Map<string, Post>>()
  const pending = new Map<string, PendingUpdate>()
  const reminders = new Map<string, Reminder>()
  const said: { readonly at: number; readonly channel: string; readonly id: string }[] = []
  const calls: string[] = []
  const postsOf = (id: string) => posts.get(id) ?? posts.set(id, new Map()).get(id) ?? new Map<string, Post>()

  const post = async (
    channel: string,
    { blocks }: { readonly blocks: readonly object[] },
  ): Promise<SlackAnswer<{ channel: string; ts: string }>> => {
    calls.push(channel)
    const other = answer(channel)
    if (other) return other
    now += 1000
    const id = /req_\w{26}/.exec(JSON.stringify(blocks))?.[0] ?? ''
    said.push({ at: (now - NOW) / 1000, channel, id })
    return done({ channel, ts: `${++serial}.0` })
  }
  const parts = {
    rules: rules as Rules,
    clock: () => now,
    log: () => {},
    ledger: { request: async (id: string) => done(requests.get(id)), change: () => Promise.reject(new Error('not called')) },
    journal: async () => undefined,
    linking: { slackOf: async () => done(undefined) },
    state: {
      firstSeen: async () => done(true),
      posts: async (id: string) => done([...postsOf(id).values()]),
      claimPost: async (id: string, key: string, at: number) => {
        const found = postsOf(id).get(key)
        if (!found) postsOf(id).set(key, { key, claimedAt: at })
        return done(!found)
      },
      keepPost: async (id: string, one: Post) => {
        postsOf(id).set(one.key, one)
        return done(true)
      },
      dropPost: async (id: string, { key }: Post) => {
        postsOf(id).delete(key)
        return done(true)
      },
      pending: async () => done({ updates: [...pending.values()], reminders: [...reminders.values()] }),
      removeReminder: async ({ request }: Reminder) => done(reminders.delete(request)),
      addPending: async (debt: PendingUpdate) => {
        pending.set(debt.request, debt)
        return done(true)
      },
      settle: async ({ request }: PendingUpdate) => {
        pending.delete(request)
        return done(true)
      },
    },
    api: { post, update: async (at: object) => done(at), openDirect: async (user: string) => done(`D${user}`) },
    publicUrl: 'https://stint.acme.example',
  } as unknown as NotifyParts

  return {
    parts,
    said,
    calls,
    pending,
    reminders,
    pass: (seconds: number) => {
      now += seconds * 1000
    },
    /** A request that waits; what the stream would show of it. */
    asked(channel: Channel, kind: Kind = 'ordinary') {
      const id = `req_${String(requests.size).padStart(26, '0')}`
      const breakGlass = kind === 'break-glass'
      requests.set(id, {
        id,
        version: 1,
        state: 'pending',
        createdAt: now,
        caller: { issuer: 'staff', subject: 'olu', name: 'Olu', kind: 'human' },
        person: 'olu',
        profile: `${breakGlass ? 'night-' : ''}${channel.toLowerCase()}`,
        target: 't',
        roleArn: 'arn:aws:iam::111122223333:role/x',
        terms: { role: 'arn:aws:iam::111122223333:role/x', policy: [], policyArns: [], parameters: {}, maxDuration: 3600, uses: 3 },
        termsHash: 'f'.repeat(64),
        breakGlass,
        expiresAt: now + 1_800_000,
        approvals: [],
        limits: {},
        told: [],
        sessions: [],
      })
      return { request: id, events: [], about: {} }
    },
    when: (id: string) => said.find((one) => one.id === id)?.at,
  }
}
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
const rest: SlackAnswer<never> = { outcome: 'later', seconds: 60 }

describe('break-glass', () => {
  test('is said first, however many ordinary requests came before it in the same batch', async () => {
    const it = bench()
    const ordinary = times(80, () => it.asked('C0ONE'))
    const night = it.asked('C0ONE', 'break-glass')
    await notify(it.parts, [...ordinary, night])
    expect(it.when(night.request)).toBe(1)
  })
  test('waits a few seconds at most where it comes after a batch of ordinary requests, since a batch gives up early', async () => {
    const it = bench()
    await notify(
      it.parts,
      times(80, () => it.asked('C0ONE')),
    )
    const night = it.asked('C0ONE', 'break-glass')
    await notify(it.parts, [night])
    expect(it.when(night.request)).toBe(11)
  })
  test('is first among pending updates, too, even where it was tried more often', async () => {
    let resting = true
    const it = bench(() => (resting ? rest : undefined))
    const night = it.asked('C0ONE', 'break-glass')
    await notify(it.parts, [night])
    it.pass(120)
    await notifyPending(it.parts, false)
    resting = false
    const ordinary = times(10, () => it.asked('C0ONE'))
    for (const { request } of ordinary) it.pending.set(request, { request: request as never, tries: 0, next: 0, cause: '', dead: false })
    it.pass(3600)
    await notifyPending(it.parts, false)
    expect(it.said[0]?.id).toBe(night.request)
  })
  test('takes its turn by channel among its own kind', async () => {
    const it = bench()
    await notify(it.parts, [...times(5, () => it.asked('C0ONE', 'break-glass')), it.asked('C0TWO', 'break-glass')])
    expect(it.said.map(({ channel }) => channel)).toEqual(['C0ONE', 'C0TWO', 'C0ONE', 'C0ONE', 'C0ONE', 'C0ONE'])
  })
})

describe('channels', () => {
  test('take turns: a busy one does not hold up the others', async () => {
    const it = bench()
    const busy = times(80, () => it.asked('C0ONE'))
    const [two, three] = [it.asked('C0TWO'), it.asked('C0THREE')]
    await notify(it.parts, [...busy, two, three])
    expect([it.when(two.request), it.when(three.request)]).toEqual([2, 3])
  })
  test('within one, order stays as it came', async () => {
    const it = bench()
    const asked = times(6, () => it.asked('C0ONE'))
    await notify(it.parts, asked)
    expect(it.said.map(({ id }) => id)).toEqual(asked.map(({ request }) => request))
  })
  test('one that asks for rest is asked once, and the others are said', async () => {
    const it = bench((channel) => (channel === 'C0ONE' ? rest : undefined))
    const [one, two] = [times(3, () => it.asked('C0ONE')), times(3, () => it.asked('C0TWO'))]
    await notify(it.parts, [...one, ...two])
    expect(it.calls.filter((channel) => channel === 'C0ONE')).toHaveLength(1)
    expect(it.said.map(({ id }) => id)).toEqual(two.map(({ request }) => request))
    expect([...it.pending.keys()].sort()).toEqual(one.map(({ request }) => request).sort())
    // Not before the time that Slack asked for.
    expect([...it.pending.values()].every(({ next }) => next >= NOW + 60_000)).toBe(true)
  })
  test('one that never answers is given up for the run, and the others are said', async () => {
    const it = bench((channel) => (channel === 'C0ONE' ? { outcome: 'unknown', cause: 'timeout' } : undefined))
    const [one, two] = [times(3, () => it.asked('C0ONE')), times(3, () => it.asked('C0TWO'))]
    await notify(it.parts, [...one, ...two])
    expect(it.calls.filter((channel) => channel === 'C0ONE')).toHaveLength(1)
    expect(it.said.map(({ id }) => id)).toEqual(two.map(({ request }) => request))
  })
  test('where three of them ask for rest it is the workspace that does: nobody is asked any more in this run', async () => {
    const it = bench(() => rest)
    await notify(
      it.parts,
      CHANNELS.flatMap((channel) => times(5, () => it.asked(channel))),
    )
    expect(it.calls).toHaveLength(3)
    expect(it.pending.size).toBe(20)
  })
})

describe('time', () => {
  test('a run ends, and what it did not come to is pending without counting as a try', async () => {
    const it = bench()
    await notify(
      it.parts,
      times(80, () => it.asked('C0ONE')),
    )
    expect(it.said).toHaveLength(10)
    expect(it.pending.size).toBe(70)
    expect([...it.pending.values()].every(({ tries }) => tries === 0)).toBe(true)
  })
  test('everything is said in the end, once', async () => {
    const it = bench()
    const asked = times(80, () => it.asked('C0ONE'))
    await notify(it.parts, asked)
    for (let minute = 0; minute < 6; minute++) {
      it.pass(60)
      await notifyPending(it.parts, false)
    }
    expect(it.said.map(({ id }) => id).sort()).toEqual(asked.map(({ request }) => request).sort())
    expect(it.pending.size).toBe(0)
  })
})

describe('reminders', () => {
  test('are handled a hundred in a run, and removed with it', async () => {
    const it = bench()
    for (const { request } of times(150, () => it.asked('C0ONE'))) it.reminders.set(request, { request: request as never, at: NOW })
    expect((await notifyPending(it.parts, false)).requests).toBe(100)
    expect(it.reminders.size).toBe(50)
    await notifyPending(it.parts, false)
    expect(it.reminders.size).toBe(0)
    // What the runs had no time for is pending.
    expect(it.said.length + it.pending.size).toBe(150)
  })
  test('of a request that is pending are one update with it', async () => {
    const it = bench()
    const { request } = it.asked('C0ONE')
    it.pending.set(request, { request: request as never, tries: 3, next: 0, cause: '', dead: false })
    it.reminders.set(request, { request: request as never, at: NOW })
    expect(await notifyPending(it.parts, false)).toEqual({ requests: 1, pending: 0 })
    expect([it.pending.size, it.reminders.size]).toEqual([0, 0])
  })
  test('stay if the pending update could not be stored', async () => {
    const it = bench(() => rest)
    const { request } = it.asked('C0ONE')
    it.reminders.set(request, { request: request as never, at: NOW })
    const failing = { ...it.parts, state: { ...it.parts.state, addPending: async () => ({ outcome: 'unknown' as const, cause: 'down' }) } }
    await expect(notifyPending(failing, false)).rejects.toThrow('down')
    expect(it.reminders.size).toBe(1)
    await notifyPending(it.parts, false)
    expect([it.pending.size, it.reminders.size]).toEqual([1, 0])
  })
})
