/**
 * What each response of DynamoDB must show, call by call. In every row the call gets a false response that an SDK would take for
 * success: the outcome is `unknown`, no matter how often it is sent again. With the correct response it is `done`.
 */
import { type AttributeValue, ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { linkId } from '@stint/core/identity/link'
import { describe, expect, test } from 'vitest'
import { CLIENTS } from '../testing/clients.ts'
import {
  all,
  always,
  approval,
  approvedRequest,
  assumed,
  changes,
  dana,
  intent,
  type LedgerInProcess,
  ledgerInProcess,
  must,
  NOW,
  newRequest,
  origin,
  REQUEST,
  reserved,
  rita,
  rob,
  sessionOf,
  sweepOptions,
} from './testing/ledger.ts'
import type { Sent } from './testing/table.ts'

type Item = Record<string, AttributeValue>

const never = () => false
const LINK = linkId({ issuer: 'people', subject: 'dana' })
const linked = {
  link: { caller: dana, identity: 'dana@example.com' },
  events: [{ type: 'link.pending', by: rita, slack: 'T1/U1' }],
} as const
const code = { kind: 'code', name: 'c' } as const

type Call = {
  readonly operation: string
  readonly ready?: (it: LedgerInProcess) => Promise<unknown>
  readonly call: (it: LedgerInProcess, ready: any) => Promise<{ readonly outcome: string }>
}

async function swept({ sweep }: LedgerInProcess['ledger']): Promise<{ readonly outcome: string }> {
  const { faults } = await sweep(NOW, sweepOptions(NOW))
  return { outcome: faults.length > 0 ? 'unknown' : 'done' }
}

const writes: { readonly [name: string]: Call } = {
  reserve: { operation: 'UpdateItem', call: ({ ledger }) => ledger.reserve(intent()) },
  'reserve a named request': {
    operation: 'UpdateItem',
    ready: approvedRequest,
    call: ({ ledger }) => ledger.reserve(intent({ named: true })),
  },
  record: { operation: 'UpdateItem', ready: reserved, call: ({ ledger }, reservation) => ledger.record(reservation, assumed(), NOW) },
  drop: {
    operation: 'UpdateItem',
    ready: reserved,
    call: ({ ledger }, reservation) => ledger.drop(reservation, { reason: 'r', sends: 1 }, NOW),
  },
  fail: {
    operation: 'UpdateItem',
    ready: reserved,
    call: ({ ledger }, reservation) => ledger.fail(reservation, { code: 'sts-throttled', reason: 'r', sends: 1 }, NOW),
  },
  ask: { operation: 'UpdateItem', call: ({ ledger }) => ledger.ask(newRequest()) },
  refuse: {
    operation: 'UpdateItem',
    call: ({ ledger }) => ledger.refuse({ call: intent().call, caller: dana, profile: 'p', code: 'not-eligible', reason: 'r' }),
  },
  'count an ask': { operation: 'UpdateItem', call: ({ ledger }) => ledger.countAsk(dana, REQUEST, 3, NOW) },
  'count a session': {
    operation: 'UpdateItem',
    call: ({ ledger }) => ledger.countSession(dana, 'a', { perMinute: 3, perHour: 9 }, NOW),
  },
  'take a place': { operation: 'UpdateItem', call: ({ ledger }) => ledger.takePlace(dana, 'aa', REQUEST, 5, NOW) },
  'leave a place': {
    operation: 'UpdateItem',
    ready: async ({ ledger }) => {
      await must(ledger.takePlace(dana, 'aa', REQUEST, 5, NOW))
      const held = await must(ledger.takePlace(dana, 'aa', sessionOf(REQUEST) as never, 5, NOW))
      return held.place === 'held' ? held.by : undefined
    },
    call: ({ ledger }, place) => ledger.leavePlace(dana, place),
  },
  approve: {
    operation: 'UpdateItem',
    ready: ({ ledger }) => ledger.ask(newRequest()),
    call: ({ ledger }) => ledger.change(REQUEST, NOW, always(changes.approved), { origin }),
  },
  deny: {
    operation: 'UpdateItem',
    ready: ({ ledger }) => ledger.ask(newRequest()),
    call: ({ ledger }) => ledger.change(REQUEST, NOW, always(changes.denied), { origin }),
  },
  revoke: {
    operation: 'UpdateItem',
    ready: approvedRequest,
    call: ({ ledger }) => ledger.change(REQUEST, NOW, always(changes.revoked), { origin }),
  },
  'let a request expire': {
    operation: 'UpdateItem',
    ready: ({ ledger }) => must(ledger.ask(newRequest())),
    call: ({ ledger }) => ledger.passTime(REQUEST, NOW + 1_800_000),
  },
  'correct when a request is due': {
    operation: 'UpdateItem',
    // A revoked break-glass counts as unreviewed until the sweeper has seen that it was never approved.
    ready: async ({ ledger }) => {
      await must(ledger.ask(newRequest({ approval: { ...approval, breakGlass: true } })))
      await must(ledger.change(REQUEST, NOW, always(changes.revoked)))
    },
    call: ({ ledger }) => ledger.passTime(REQUEST, NOW),
  },
  freeze: { operation: 'UpdateItem', call: ({ ledger }) => ledger.freeze(all, rita, 'INC-1', undefined, NOW) },
  'ask for a release': {
    operation: 'UpdateItem',
    ready: ({ ledger }) => must(ledger.freeze(all, rita, 'INC-1', undefined, NOW)),
    call: ({ ledger }, { id }) => ledger.unfreeze(id, rita, never, NOW),
  },
  release: {
    operation: 'UpdateItem',
    ready: async ({ ledger }) => {
      const freeze = await must(ledger.freeze(all, rita, 'INC-1', undefined, NOW))
      await ledger.unfreeze(freeze.id, rita, never, NOW)
      return freeze
    },
    call: ({ ledger }, { id }) => ledger.unfreeze(id, rob, never, NOW),
  },
  'release by a deploy': {
    operation: 'UpdateItem',
    ready: ({ ledger }) => must(ledger.freeze(all, rita, 'INC-1', undefined, NOW)),
    call: ({ ledger }, { id }) => ledger.releaseByDeploy(id, 0, NOW),
  },
  'announce a config': { operation: 'UpdateItem', call: ({ ledger }) => ledger.announceConfig(NOW) },
  'announce a log': { operation: 'UpdateItem', call: ({ ledger }) => ledger.announceLog('o', 'v', NOW) },
  'write a link': { operation: 'UpdateItem', call: ({ ledger }) => ledger.writeLink(LINK, 0, linked, NOW) },
  'write a link again': {
    operation: 'UpdateItem',
    ready: ({ ledger }) => must(ledger.writeLink(LINK, 0, linked, NOW) as Promise<{ outcome: string }>),
    call: ({ ledger }) => ledger.writeLink(LINK, 1, linked, NOW),
  },
  'point to a link': { operation: 'UpdateItem', call: ({ ledger }) => ledger.point(code, LINK, NOW + 600_000) },
  'count a wrong code': { operation: 'UpdateItem', call: ({ ledger }) => ledger.countWrongCode('T1/U1', NOW) },
}

const reads: { readonly [name: string]: Call } = {
  'read a request': { operation: 'GetItem', ready: approvedRequest, call: ({ ledger }) => ledger.request(REQUEST) },
  'read a session': { operation: 'GetItem', ready: reserved, call: ({ ledger }) => ledger.session(sessionOf(REQUEST)) },
  'read the request that is decided on': {
    operation: 'GetItem',
    ready: approvedRequest,
    call: ({ ledger }) => ledger.change(REQUEST, NOW, always(changes.revoked), { origin }),
  },
  'read the freeze that is set': { operation: 'GetItem', call: ({ ledger }) => ledger.freeze(all, rita, 'INC-1', undefined, NOW) },
  'read the freeze that is released': {
    operation: 'GetItem',
    ready: ({ ledger }) => must(ledger.freeze(all, rita, 'INC-1', undefined, NOW)),
    call: ({ ledger }, { id }) => ledger.unfreeze(id, rita, never, NOW),
  },
  'read whether something is frozen': { operation: 'BatchGetItem', call: ({ ledger }) => ledger.frozen([all], NOW) },
  'read the freezes that are listed': {
    operation: 'BatchGetItem',
    ready: ({ ledger }) => must(ledger.freeze(all, rita, 'INC-1', undefined, NOW)),
    call: ({ ledger }) => ledger.freezes(NOW),
  },
  'read a link': { operation: 'GetItem', call: ({ ledger }) => ledger.link(LINK) },
  'read where a code points': { operation: 'GetItem', call: ({ ledger }) => ledger.pointed(code) },
  'read how many wrong codes were typed': { operation: 'GetItem', call: ({ ledger }) => ledger.wrongCodes('T1/U1', NOW) },
  'read the directory of freezes': { operation: 'GetItem', call: ({ ledger }) => ledger.freezes(NOW) },
  'query the freezes': { operation: 'Query', call: ({ ledger }) => ledger.freezes(NOW) },
  'query a caller’s requests': { operation: 'Query', call: ({ ledger }) => ledger.requestsOf(dana, 10) },
  'query all requests': { operation: 'Query', call: ({ ledger }) => ledger.allRequests(NOW, 10) },
  'query what waits': { operation: 'Query', call: ({ ledger }) => ledger.workOn('pending', () => true, 10) },
  'query what is due': { operation: 'Query', call: ({ ledger }) => swept(ledger) },
  'read what the sweeper remembers': { operation: 'GetItem', call: ({ ledger }) => swept(ledger) },
}

/** Another item of the table, whole and well-formed. */
const stranger = {
  pk: { S: `REQ#req_${'9'.repeat(26)}` },
  sk: { S: 'x' },
  id: { S: `req_${'9'.repeat(26)}` },
  state: { S: 'approved' },
  version: { N: '7' },
}
const capacity = { ConsumedCapacity: { TableName: 'stint', CapacityUnits: 1 } }

const batchCapacity = { UnprocessedKeys: {}, ConsumedCapacity: [capacity.ConsumedCapacity] }

const lies: { readonly [operation: string]: { readonly [name: string]: (it: LedgerInProcess, sent: Sent) => object } } = {
  UpdateItem: {
    nothing: () => ({}),
    'an empty image': () => ({ Attributes: {} }),
    'the image of another item': () => ({ Attributes: stranger }),
    'the key alone': (_it, { input }) => ({ Attributes: input.Key }),
    'the item as it was': (it, { input }) => ({ Attributes: it.table.item(input.TableName, input.Key.pk?.S ?? '', input.Key.sk?.S) }),
    'a condition that failed on another item': () => {
      throw failed(stranger)
    },
  },
  GetItem: {
    nothing: () => ({}),
    'another item': () => ({ Item: stranger, ...capacity }),
    'capacity of another table': () => ({ ConsumedCapacity: { TableName: 'other' } }),
    'a condition that failed': () => {
      throw failed(stranger)
    },
  },
  BatchGetItem: {
    nothing: () => ({}),
    'no table': () => ({ Responses: {}, ...batchCapacity }),
    'another table': () => ({ Responses: { other: [] }, ...batchCapacity }),
    'no capacity': () => ({ Responses: { stint: [] }, UnprocessedKeys: {} }),
    'an item that was not requested': () => ({ Responses: { stint: [stranger] }, ...batchCapacity }),
    'an item twice': (_it, { input }) => {
      const [key] = input.RequestItems.stint?.Keys ?? []
      return { Responses: { stint: [key, key] }, ...batchCapacity }
    },
    'keys left unread': (_it, { input }) => ({ ...batchCapacity, Responses: { stint: [] }, UnprocessedKeys: input.RequestItems }),
  },
  Query: {
    nothing: () => ({}),
    'no rows and no count': () => capacity,
    'no count': () => ({ Items: [], ...capacity }),
    'fewer rows than it counts': () => ({ Items: [], Count: 1, ...capacity }),
    'rows of another partition': () => ({ Items: [stranger], Count: 1, ...capacity }),
    'rows of another table': () => ({ Items: [], Count: 0, ConsumedCapacity: { TableName: 'other' } }),
  },
}

const failed = (item: object) =>
  Object.assign(Object.create(ConditionalCheckFailedException.prototype), {
    name: 'ConditionalCheckFailedException',
    message: 'm',
    Item: item,
    $metadata: { httpStatusCode: 400 },
  })

const rows = Object.entries({ ...writes, ...reads }).flatMap(([name, { operation }]) =>
  Object.keys(lies[operation] ?? {}).map((lie) => [name, lie] as const),
)

describe.each(CLIENTS)('over %s', (over) => {
  describe('the ledger is unknown', () => {
    test.each(rows)('where the answer to “%s” shows %s', async (name, lie) => {
      const { operation, ready, call } = { ...writes, ...reads }[name] as Call
      const it = ledgerInProcess({}, { over })
      const prepared = await ready?.(it)
      it.table.through((sent, apply) => (sent.operation === operation ? (lies[operation]?.[lie]?.(it, sent) ?? {}) : apply()))
      expect(await call(it, prepared)).toMatchObject({ outcome: 'unknown' })
    })
    test.each(Object.keys({ ...writes, ...reads }))('and “%s” is done where the answer is honest', async (name) => {
      const { ready, call } = { ...writes, ...reads }[name] as Call
      const it = ledgerInProcess({}, { over })
      const prepared = await ready?.(it)
      expect(await call(it, prepared)).toMatchObject({ outcome: 'done' })
    })
  })

  describe('the ledger is unknown', () => {
    /** What a write computes from the item before it, so that no answer can be held to it alone. */
    const computed = ['version', 'usesLeft', 'attempts', 'room', 'taken', 'times', 'count', 'refused']

    /** Runs one write. Every send of its first item is answered with the image that `lie` makes of the honest one. */
    async function answeredWith(name: string, lie: (after: Item, before: Item | undefined) => Item) {
      const { ready, call } = writes[name] as Call
      const it = ledgerInProcess({}, { over })
      const prepared = await ready?.(it)
      let first: { readonly key: string; readonly image: Item } | undefined
      it.table.through((sent, apply) => {
        if (sent.operation !== 'UpdateItem') return apply()
        const { TableName, Key } = sent.input
        const key = `${TableName} ${Key.pk?.S}`
        if (first && first.key !== key) return apply()
        const before = it.table.item(TableName, Key.pk?.S ?? '', Key.sk?.S)
        first ??= { key, image: lie((apply() as { readonly Attributes: Item }).Attributes, before) }
        return { Attributes: first.image }
      })
      return call(it, prepared)
    }

    test.each(Object.keys(writes))('where the image after “%s” lacks what it wrote, or still shows what was there', async (name) => {
      const changed: string[] = []
      const honest = await answeredWith(name, (after, before) => {
        for (const attribute of new Set([...Object.keys(after), ...Object.keys(before ?? {})]))
          if (JSON.stringify(after[attribute]) !== JSON.stringify(before?.[attribute]) && !computed.includes(attribute))
            changed.push(attribute)
        return after
      })
      expect(honest.outcome).toBe('done')
      const keys = changed.filter((attribute) => attribute !== 'pk' && attribute !== 'sk')
      expect(keys.length).toBeGreaterThan(0)
      for (const attribute of keys) {
        const lacking = await answeredWith(name, ({ [attribute]: _gone, ...after }) => after)
        const old = await answeredWith(name, ({ [attribute]: _gone, ...after }, before) => ({
          ...after,
          ...(before?.[attribute] ? { [attribute]: before[attribute] } : {}),
        }))
        const removed = (await answeredWith(name, (after) => (attribute in after ? {} : after))).outcome === 'done'
        expect([attribute, lacking.outcome, old.outcome]).toEqual([attribute, removed ? 'done' : 'unknown', 'unknown'])
      }
    })

    const changedTo = (more: Item) => (after: Item) => ({ ...after, ...more })
    test.each<[string, string, (after: Item) => Item]>([
      ['reserve a named request', 'a request that was revoked', changedTo({ state: { S: 'revoked' } })],
      ['reserve a named request', 'a request that waits', changedTo({ state: { S: 'pending' } })],
      ['reserve a named request', 'a request of another caller', changedTo({ callerKey: { S: 'people#mallory' } })],
      ['reserve a named request', 'a request on other terms', changedTo({ termsHash: { S: 'f'.repeat(64) } })],
      ['reserve a named request', 'fewer uses than none', changedTo({ usesLeft: { N: '-1' } })],
      ['reserve a named request', 'no limits', ({ limits: _limits, ...after }) => after],
      ['reserve a named request', 'limits that are none', changedTo({ limits: { S: 'none' } })],
      ['reserve a named request', 'a limit that is not a number', changedTo({ limits: { M: { duration: { S: '600' } } } })],
      ['record', 'a request that was revoked', changedTo({ state: { S: 'revoked' } })],
      ['freeze', 'a freeze that is not active', changedTo({ active: { BOOL: false } })],
      ['freeze', 'an expiration that was not requested', changedTo({ expiresAt: { N: '1' } })],
      ['freeze', 'another scope', changedTo({ scope: { M: { kind: { S: 'profile' }, id: { S: 'x' } } } })],
      ['freeze', 'another generation', changedTo({ generation: { N: '7' } })],
      ['release', 'a freeze that is still active', changedTo({ active: { BOOL: true } })],
      ['release', 'the generation that it had', changedTo({ generation: { N: '0' } })],
      ['release by a deploy', 'the generation that it had', changedTo({ generation: { N: '0' } })],
      ['revoke', 'a request that is approved', changedTo({ state: { S: 'approved' } })],
    ])('where the image after “%s” shows %s', async (name, _what, lie) => {
      expect((await answeredWith(name, lie)).outcome).toBe('unknown')
    })
  })

  describe('a request is unknown', () => {
    test.each<[string, (item: Item) => Item]>([
      ['its key alone', ({ pk }) => ({ pk: pk as AttributeValue })],
      ['no state', ({ state: _state, ...item }) => item],
      ['terms that are not JSON', (item) => ({ ...item, terms: { S: '{' } })],
    ])('where its item shows %s', async (_what, lie) => {
      const it = ledgerInProcess({}, { over })
      await approvedRequest(it)
      it.table.through((sent, apply) => {
        const answer = apply() as { readonly Item?: Item }
        return sent.operation === 'GetItem' && answer.Item ? { ...answer, Item: lie(answer.Item) } : answer
      })
      expect((await it.ledger.request(REQUEST)).outcome).toBe('unknown')
    })
  })

  describe('whether something is frozen is unknown', () => {
    const readWith = async (lie: (item: Item) => Item, set: Parameters<LedgerInProcess['ledger']['freeze']>[3] = undefined) => {
      const it = ledgerInProcess({}, { over })
      await must(it.ledger.freeze(all, rita, 'INC-1', set, NOW))
      it.table.through((sent, apply) => {
        const answer = apply() as { Responses: { stint: Item[] } }
        return sent.operation === 'BatchGetItem' ? { ...answer, Responses: { stint: answer.Responses.stint.map(lie) } } : answer
      })
      return it.ledger.frozen([all], NOW)
    }
    test.each<[string, (item: Item) => Item]>([
      ['its key alone', ({ pk }) => ({ pk: pk as AttributeValue })],
      ['a string for whether it is active', (item) => ({ ...item, active: { S: 'true' } })],
      ['a number for whether it is active', (item) => ({ ...item, active: { N: '1' } })],
      ['nothing of whether it is active', ({ active: _active, ...item }) => item],
      ['a string for its end', (item) => ({ ...item, expiresAt: { S: '2099-01-01T00:00:00Z' } })],
      ['an empty scope', (item) => ({ ...item, scope: { S: '' } })],
      ['no scope', ({ scope: _scope, ...item }) => item],
      ['the scope of another freeze', (item) => ({ ...item, scope: { M: { kind: { S: 'profile' }, id: { S: 'x' } } } })],
      ['a string for its generation', (item) => ({ ...item, generation: { S: '0' } })],
    ])('where the item shows %s', async (_what, lie) => {
      expect((await readWith(lie)).outcome).toBe('unknown')
    })
    test('and known where it shows all of it', async () => {
      expect(await must(readWith((item) => item, NOW + 1))).toMatchObject({ scope: all })
    })
  })

  describe('a write whose first send', () => {
    test.each(Object.keys(writes))('took effect and was answered with nothing is done, and written once: %s', async (name) => {
      const { ready, call } = writes[name] as Call
      const [it, other] = [ledgerInProcess({}, { over }), ledgerInProcess({}, { over })]
      await call(other, await ready?.(other))
      const prepared = await ready?.(it)
      const answered = new Set<string>()
      it.table.through((sent, apply) => {
        if (sent.operation !== 'UpdateItem' || answered.has(String(sent.input.Key.pk?.S))) return apply()
        answered.add(String(sent.input.Key.pk?.S))
        apply()
        return {}
      })
      expect(await call(it, prepared)).toMatchObject({ outcome: 'done' })
      expect(shapeOf(it)).toEqual(shapeOf(other))
    })

    test.each(Object.keys(writes))('arrives after the second changes nothing: %s', async (name) => {
      const { ready, call } = writes[name] as Call
      const it = ledgerInProcess({}, { over })
      const prepared = await ready?.(it)
      const late: (() => object)[] = []
      const seen = new Set<string>()
      it.table.through((sent, apply) => {
        if (sent.operation !== 'UpdateItem' || seen.has(String(sent.input.Key.pk?.S))) return apply()
        seen.add(String(sent.input.Key.pk?.S))
        late.push(apply)
        throw new Error('delayed for longer than any call waits')
      })
      expect(await call(it, prepared)).toMatchObject({ outcome: 'done' })
      const before = JSON.stringify(it.table.items())
      for (const arrive of late) {
        try {
          arrive()
        } catch {
          // Its condition does not hold any more.
        }
      }
      expect(JSON.stringify(it.table.items())).toBe(before)
    })
  })

  test('a freeze whose first send arrives after two people released it stays released', async () => {
    const it = ledgerInProcess({}, { over })
    let late: (() => object) | undefined
    it.table.through((sent, apply) => {
      if (sent.operation !== 'UpdateItem' || late || sent.input.TableName !== 'stint') return apply()
      late = apply
      throw new Error('delayed for longer than any call waits')
    })
    const { id } = await must(it.ledger.freeze(all, rita, 'INC-1', undefined, NOW))
    await must(it.ledger.unfreeze(id, rita, never, NOW) as Promise<{ outcome: string }>)
    await must(it.ledger.unfreeze(id, rob, never, NOW) as Promise<{ outcome: string }>)
    expect(() => late?.()).toThrow('The conditional request failed')
    expect(await must(it.ledger.frozen([all], NOW))).toBeUndefined()
    expect(it.events(`FREEZE#${id}`)).toEqual(['freeze.set', 'freeze.release-asked', 'freeze.released'])
  })

  /** What is left behind but for random ids. */
  const shapeOf = ({ table, events }: LedgerInProcess) =>
    table
      .items()
      .map((item) => [item.pk?.S?.slice(0, 6), item.state?.S, item.usesLeft?.N, item.times?.N, item.taken?.N, events(item.pk?.S ?? '')])
})
