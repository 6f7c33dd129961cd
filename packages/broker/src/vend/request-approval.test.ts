/** A request for approval: what stops it before it is made, which request an identical call finds, and what is said when the ledger is silent. */
import { idempotentRequestId, type RequestId } from '@stint/core/ids'
import { done, refused } from '@stint/core/outcome'
import type { AccessRequest } from '@stint/core/request/request'
import { caller } from '@stint/core/testing/fixtures'
import { describe, expect, test } from 'vitest'
import { approval, ledgerInProcess, scope as ledgerScope, NOW, REQUEST, rita } from '../adapters/dynamodb/testing/ledger.ts'
import type { Ledger } from '../ports/ledger.ts'
import { requestApproval, stoppedBy } from './request-approval.ts'
import { call } from './testing/broker.ts'
import { decisionUnknown } from './unknown-outcome.ts'

const rules = { issuers: { people: { kind: 'human' }, ci: { kind: 'workload', actorClaim: 'actor_id' } }, people: {} } as never
const dana = caller()
const base = { ...ledgerScope().terms, parameters: {} }
const scopeOf = (more: Parameters<typeof ledgerScope>[0] = {}) => ledgerScope({ terms: base, ...more })
const silent = { outcome: 'unknown', cause: 'ledger: lost' } as const
const notAnswered = { code: 'ledger-unavailable', detail: 'The ledger did not answer.', operator: 'ledger: lost' }
const justified = (text: string, more: object = {}) => scopeOf({ justification: text, ...more })
const HELD = { terms: 'a'.repeat(64), request: `req_${'2'.repeat(26)}` as RequestId, at: NOW, attempt: 'x' }
const waiting = (more: Partial<AccessRequest> = {}) =>
  ({ id: HELD.request, state: 'pending', termsHash: 'a'.repeat(64), expiresAt: NOW + 1000, ...more }) as AccessRequest

function setup(answers: Partial<Ledger> = {}) {
  const memory = ledgerInProcess()
  const ledger = { ...memory.ledger, ...answers }
  const ask = (scope = scopeOf(), options = {}, who = dana, given = approval, now = call.now) =>
    requestApproval({ rules, ledger }, { ...call, now }, who, scope, given, options)
  return { memory, ledger, ask }
}
const idOf = (made: Awaited<ReturnType<typeof requestApproval>>): string => {
  if (made.outcome !== 'done') throw new Error(JSON.stringify(made))
  return made.value.request.id
}

describe('a request for approval is not made', () => {
  test('for a job that no known person triggered', async () =>
    expect(await setup().ask(scopeOf(), {}, caller({ issuer: 'ci', kind: 'workload' }))).toMatchObject({
      code: 'not-eligible',
      detail: 'This profile needs approval, but your token does not say who triggered the job.',
    }))
  const named = (...subjects: string[]) => ({
    ...approval,
    rules: [{ by: [{ issuer: 'people', claims: { sub: { oneOf: subjects } } }], count: subjects.length }],
  })
  test('if the rules name only the requester', async () =>
    expect(await setup().ask(scopeOf(), {}, dana, named('dana'))).toMatchObject({
      code: 'no-approver',
      detail: 'You cannot approve your own request, and its rules name no one else.',
      evidence: { approvers: [] },
    }))
  test('if the rules name too few others, and names at most ten', async () => {
    const two = await setup().ask(scopeOf(), {}, dana, named('dana', 'ann', 'x'.repeat(200)))
    expect(two).toMatchObject({
      detail: `You cannot approve your own request. Besides you, its rules name people/ann, people/${'x'.repeat(93)}, and need 1 more.`,
      evidence: { approvers: [{ subject: 'ann' }, { subject: 'x'.repeat(200) }] },
    })
    const names = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`)
    const ten = await setup().ask(scopeOf(), {}, dana, named('dana', ...names(10)))
    expect(ten).toMatchObject({ detail: expect.stringContaining('people/p9, and need 1 more.') })
    const twelve = await setup().ask(scopeOf(), {}, dana, named('dana', ...names(12)))
    expect(twelve).toMatchObject({
      detail: expect.stringContaining('people/p9 and 2 more, and need 1 more.'),
      evidence: { approvers: names(10).map((subject) => ({ subject })) },
    })
  })
  test('by a person whom a freeze stops', async () => {
    const { memory, ask } = setup()
    await memory.ledger.freeze({ kind: 'subject', issuer: 'people', id: 'dana' }, rita, 'incident', undefined, NOW)
    expect(await ask()).toMatchObject({
      code: 'frozen',
      detail: 'A freeze stops you from requesting access, approving and releasing. Responders can release it.',
      operator: 'frozen: incident',
    })
  })
  test.each<[string, Partial<Ledger>, object]>([
    ['the freezes', { frozen: async () => silent }, {}],
    ['the request of the key', { request: async () => silent }, { idempotency: { key: 'k', fingerprint: 'f' } }],
    ['the place', { takePlace: async () => silent }, {}],
    ['the count', { countAsk: async () => silent }, {}],
    ['the request that holds the place', { takePlace: async () => done({ place: 'held', by: HELD }), request: async () => silent }, {}],
    ['the requests of a full list', { takePlace: async () => done({ place: 'full', all: [HELD] }), request: async () => silent }, {}],
    [
      'the freed place',
      {
        takePlace: async () => done({ place: 'full', all: [HELD] }),
        request: async () => done(waiting({ state: 'denied' })),
        leavePlace: async () => silent,
      },
      {},
    ],
  ])('if the ledger does not answer %s', async (_name, answers, options) => {
    let asks = 0
    const { ask } = setup({
      ...answers,
      ask: async () => {
        asks++
        return silent
      },
    })
    expect(await ask(scopeOf(), options)).toMatchObject(notAnswered)
    expect(asks).toBe(0)
  })
  test('after ten in an hour', async () => {
    const { ask } = setup({ countAsk: async () => done(undefined) })
    expect(await ask()).toMatchObject({
      code: 'rate-limited',
      detail: 'You have made 10 requests for approval this hour. Try again later.',
    })
  })
  test('while five others wait', async () => {
    const full = { takePlace: async () => done({ place: 'full' as const, all: [HELD] }), request: async () => done(waiting()) }
    expect(await setup(full).ask()).toMatchObject({ code: 'rate-limited', detail: 'You have 5 pending requests. Cancel one first.' })
  })
  test('if its places keep changing', async () => {
    let rounds = 0
    const { ask } = setup({
      takePlace: async () => {
        rounds++
        return done({ place: 'held', by: HELD })
      },
      request: async () => done(waiting({ state: 'denied' })),
    })
    expect(await ask()).toMatchObject({ code: 'ledger-unavailable', operator: 'the places kept changing during the call' })
    expect(rounds).toBe(12)
  })
  test('if the outcome of the write is not known', async () =>
    expect(await setup({ ask: async () => silent }).ask()).toMatchObject({
      code: 'ledger-unavailable',
      detail:
        'The ledger did not answer, so it is not known whether your request was made. Repeat the call: if the request was made, you get the same one.',
      operator: 'ledger: lost',
      evidence: { outcome: 'unknown', next: 'Repeat the call: if the request was made, you get the same one.' },
    }))
  test('if the ledger refuses it', async () => {
    const refusal = refused('idempotency-mismatch', 'another body')
    expect(await setup({ ask: async () => refusal }).ask()).toBe(refusal)
  })
})

describe('a request for approval is made', () => {
  test('with everything that the caller asks for', async () => {
    const asked: unknown[] = []
    const { ask } = setup({
      ask: async (request) => {
        asked.push(request)
        return silent
      },
    })
    const scope = scopeOf()
    await ask(scope, { startsAt: NOW + 5, limits: { uses: 1 }, idempotency: { key: 'k', fingerprint: 'f' } })
    await setup({
      ask: async (request) => {
        asked.push(request)
        return silent
      },
    }).ask(scope)
    expect(asked).toEqual([
      {
        ...{ call, request: idempotentRequestId(dana, 'k'), caller: dana, person: 'people#dana', scope, approval },
        ...{ startsAt: NOW + 5, limits: { uses: 1 }, fingerprint: 'f' },
      },
      { call, request: expect.stringMatching(/^req_[0-9a-z]{26}$/), caller: dana, person: 'people#dana', scope, approval },
    ])
  })
  test('for a job, with the person who triggered it', async () => {
    const asked: any[] = []
    const { ask } = setup({
      ask: async (request) => {
        asked.push(request)
        return silent
      },
    })
    const scope = scopeOf({ terms: { ...scopeOf().terms, triggeredBy: 'eve' } as never })
    await ask(scope, {}, caller({ issuer: 'ci', kind: 'workload' }))
    expect(asked[0]).toMatchObject({ triggeredBy: 'eve' })
  })
  test('pending, once for identical calls within ten minutes', async () => {
    const { ask } = setup()
    const first = await ask()
    expect(first).toMatchObject({ value: { found: false, request: { state: 'pending' } } })
    const again = await ask()
    expect(again).toMatchObject({ value: { found: true } })
    expect(idOf(again)).toBe(idOf(first))
  })
  const terms = (change: object, hash: string) => scopeOf({ terms: { ...scopeOf().terms, ...change } as never, termsHash: hash.repeat(64) })
  test.each<[string, ReturnType<typeof scopeOf>, object]>([
    ['other parameters', terms({ parameters: { a: 'b' } }, 'b'), {}],
    ['a narrowed policy', terms({ narrow: [{ Effect: 'Allow' }] }, 'c'), {}],
    ['another start', terms({}, 'd'), { startsAt: NOW + 60_000 }],
    ['another person behind the job', terms({ triggeredBy: 'eve' }, 'e'), {}],
  ])('apart from one with %s', async (_name, scope, options) => {
    const { ask } = setup()
    expect(idOf(await ask(scope, options))).not.toBe(idOf(await ask()))
  })
  test.each<[string, object, object]>([
    ['other parameters', { parameters: { a: 'b' } }, {}],
    ['a narrowed policy', { narrow: [{ Effect: 'Allow' }] }, {}],
    ['another start', {}, { startsAt: NOW + 60_000 }],
    ['another person behind the job', { triggeredBy: 'eve' }, {}],
    ['a request that it extends', {}, { extended: REQUEST }],
    ['another request that it extends', {}, { extended: HELD.request }],
  ])('with an ID of its own from the first attempt, if it is for %s', async (_name, change, options) => {
    const ids: string[] = []
    const { ask } = setup({
      takePlace: async () => done({ place: 'taken' }),
      ask: async ({ request }) => {
        ids.push(request)
        return silent
      },
    })
    await ask()
    await ask(scopeOf(), { extended: `req_${'3'.repeat(26)}` })
    await ask(scopeOf({ terms: { ...base, ...change } as never }), options)
    expect(new Set(ids).size).toBe(3)
  })
  test('anew if the first was decided', async () => {
    const { ask, memory } = setup()
    const first = idOf(await ask())
    await memory.ledger.change(first as RequestId, NOW, () =>
      done({ state: 'denied', from: ['pending'], set: {}, events: [{ type: 'request.denied', by: rita, channel: 'api' }] }),
    )
    const second = await ask()
    expect(idOf(second)).not.toBe(first)
    expect(second).toMatchObject({ value: { found: false, request: { state: 'pending' } } })
  })
  test('at most ten times in a row', async () => {
    const ids: string[] = []
    const { ask } = setup({
      takePlace: async () => done({ place: 'taken' }),
      ask: async ({ request }) => {
        ids.push(request)
        return done({ request: waiting({ state: 'denied' }), found: true })
      },
    })
    expect(await ask()).toMatchObject({ code: 'rate-limited', detail: 'You have made the same request too often in the last ten minutes.' })
    expect(new Set(ids).size).toBe(10)
  })
  describe('and counted once', () => {
    /** Counts as the ledger does: each request once. */
    function counting(most: number) {
      const it = ledgerInProcess()
      const counted = new Set<string>()
      const ask = (scope = scopeOf()) =>
        requestApproval(
          {
            rules,
            ledger: {
              ...it.ledger,
              countAsk: async (_caller, request) => {
                if (counted.size < most) counted.add(request)
                return done(counted.has(request) ? counted.size : undefined)
              },
            },
          },
          call,
          dana,
          scope,
          approval,
        )
      return { memory: it, ask, counts: () => counted.size }
    }
    test('when the identical call finds it', async () => {
      const { ask, counts } = counting(9)
      const first = idOf(await ask())
      expect([idOf(await ask()), counts()]).toEqual([first, 1])
    })
    test('when another follows one that was cancelled', async () => {
      const { ask, memory, counts } = counting(9)
      const first = idOf(await ask()) as RequestId
      await memory.ledger.change(first, NOW, () =>
        done({ state: 'cancelled', from: ['pending'], set: {}, events: [{ type: 'request.cancelled', by: rita, channel: 'api' }] }),
      )
      expect([idOf(await ask()) === first, counts()]).toEqual([false, 2])
    })
    test('when an earlier call for it took the place and was refused', async () => {
      const { ask, memory } = counting(0)
      for (let sent = 0; sent < 3; sent++) expect(await ask()).toMatchObject({ code: 'rate-limited' })
      expect(memory.table.items().filter(({ pk }) => pk?.S?.startsWith('REQ#'))).toEqual([])
    })
    test('when identical calls arrive together', async () => {
      const { ask, counts } = counting(9)
      const made = await Promise.all([ask(), ask(), ask()])
      expect(made.some(({ outcome }) => outcome === 'done')).toBe(true)
      expect(counts()).toBe(1)
    })
  })
})

describe('a request for approval with an Idempotency-Key', () => {
  const idempotency = { key: 'k', fingerprint: 'f'.repeat(64) }
  test('returns the first request, without a place and a count', async () => {
    const { memory, ask } = setup()
    const first = idOf(await ask(scopeOf(), { idempotency }))
    expect(first).toBe(idempotentRequestId(dana, 'k'))
    let taken = 0
    const ledger = {
      ...memory.ledger,
      takePlace: async () => {
        taken++
        return silent
      },
      countAsk: async () => {
        taken++
        return silent
      },
    }
    const again = await requestApproval({ rules, ledger }, call, dana, scopeOf(), approval, { idempotency })
    expect([idOf(again), taken]).toEqual([first, 0])
  })
  test('is refused beside an identical request without it', async () => {
    const { ask } = setup()
    const first = idOf(await ask())
    expect(await ask(scopeOf(), { idempotency })).toMatchObject({
      code: 'rate-limited',
      detail: `You already have an identical pending request without this Idempotency-Key: ${first}.`,
    })
  })
})

describe('another justification', () => {
  test('is added to the request that waits', async () => {
    const { ask } = setup()
    const first = idOf(await ask(justified('one')))
    const again = await ask(justified('two'))
    expect(idOf(again)).toBe(first)
    expect(again).toMatchObject({ value: { found: true, request: { moreJustifications: [{ at: NOW, text: 'two' }] } } })
  })
  test('is added with the origin of the call', async () => {
    const options: unknown[] = []
    const { ask, memory } = setup()
    await ask(justified('one'))
    const ledger: typeof memory.ledger = {
      ...memory.ledger,
      change: async (id, now, decide, given) => {
        options.push(id, now, given)
        return memory.ledger.change(id, now, decide, given)
      },
    }
    const made = await requestApproval({ rules, ledger }, call, dana, justified('two'), approval)
    expect(options).toEqual([idOf(made), NOW, { origin: { source: '203.0.113.7', token: 'a'.repeat(64) } }])
  })
  test('is not written where none is given', async () => {
    const { memory } = setup()
    const ledger = {
      ...memory.ledger,
      takePlace: async () => done({ place: 'held' as const, by: HELD }),
      request: async () => done(waiting()),
      change: async () => silent,
    }
    expect(await requestApproval({ rules, ledger }, call, dana, scopeOf(), approval)).toEqual(done({ request: waiting(), found: true }))
  })
  const held = (change: Ledger['change']) => ({
    takePlace: async () => done({ place: 'held' as const, by: HELD }),
    request: async () => done(waiting()),
    change,
  })
  test('whose write is not answered', async () =>
    expect(await setup(held((async () => silent) as never)).ask(justified('two'))).toMatchObject({
      code: 'ledger-unavailable',
      detail:
        'The ledger did not answer, so it is not known whether your justification was added. Repeat the call: a justification is added once.',
    }))
  test('that is one too many is refused', async () => {
    const many = refused('rate-limited', 'already has 4')
    expect(await setup(held((async () => many) as never)).ask(justified('two'))).toBe(many)
  })
  test('for a request that was decided before the response arrived: the next turn is tried', async () => {
    const denied = done({ ...waiting(), state: 'denied' as const })
    expect(await setup(held((async () => denied) as never)).ask(justified('two'))).toMatchObject({
      detail: 'You have made the same request too often in the last ten minutes.',
    })
  })
  test('for a request that was decided meanwhile: the next turn is tried', async () => {
    const decided = refused('request-not-pending', 'denied', { evidence: { state: 'denied' } } as never)
    expect(await setup(held((async () => decided) as never)).ask(justified('two'))).toMatchObject({
      detail: 'You have made the same request too often in the last ten minutes.',
    })
  })
  test('is added to the request of the same bucket, if its place was taken', async () => {
    const { memory } = setup()
    const ledger = {
      ...memory.ledger,
      takePlace: async () => done({ place: 'kept' as const }),
      ask: async () => done({ request: waiting(), found: true }),
      change: (async (id: string) => done(waiting({ id: id as RequestId, version: 7 }))) as never,
    }
    expect(await requestApproval({ rules, ledger }, call, dana, justified('two'), approval)).toMatchObject({
      value: { found: true, request: { version: 7 } },
    })
  })
})

describe('a place that another request holds', () => {
  const after = async (found: AccessRequest | undefined, now = NOW) => {
    const taken: unknown[] = []
    const { ask } = setup({
      takePlace: async (...given) => {
        taken.push(given)
        return done(taken.length === 1 ? { place: 'held', by: HELD } : { place: 'taken' })
      },
      request: async () => done(found),
      ask: async ({ request }) => done({ request: waiting({ id: request }), found: false }),
    })
    const made = await ask(scopeOf(), {}, dana, approval, now)
    return { taken: taken as unknown[][], made }
  }
  test.each<[string, AccessRequest | undefined, number]>([
    ['was decided', waiting({ state: 'denied' }), NOW],
    ['has expired', waiting({ expiresAt: NOW }), NOW],
    ['is on other terms', waiting({ termsHash: 'b'.repeat(64) }), NOW],
    ['was never written', undefined, NOW + 90_000],
  ])('is taken over if that request %s', async (_name, found, now) => {
    const { taken, made } = await after(found, now)
    expect(made).toMatchObject({ value: { found: false } })
    const own = [{ issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' }, 'a'.repeat(64), idOf(made), 5, now]
    expect(taken).toEqual([
      [...own, undefined],
      [...own, HELD],
    ])
  })
  test('is not taken over while its call is under way', async () =>
    expect((await after(undefined, NOW + 89_999)).made).toMatchObject({
      code: 'rate-limited',
      detail: 'Another of your calls is making this request. Try again in a moment.',
    }))
})

describe('a full list of places', () => {
  const OTHER = { ...HELD, request: REQUEST }
  test.each<[string, Record<string, AccessRequest | undefined>, number, readonly string[]]>([
    ['decided', { [HELD.request]: waiting({ state: 'denied' }), [REQUEST]: waiting() }, NOW, [HELD.request]],
    ['never written', { [HELD.request]: undefined, [REQUEST]: waiting({ expiresAt: NOW + 200_000 }) }, NOW + 90_000, [HELD.request]],
    [
      'over, all of them',
      { [HELD.request]: waiting({ expiresAt: NOW }), [REQUEST]: waiting({ state: 'approved' }) },
      NOW,
      [HELD.request, REQUEST],
    ],
    ['decided, only the last', { [HELD.request]: waiting(), [REQUEST]: waiting({ state: 'denied' }) }, NOW, [REQUEST]],
    ['under way', { [HELD.request]: undefined, [REQUEST]: waiting() }, NOW, []],
  ])('is freed of requests that are %s', async (_name, requests, now, expected) => {
    const left: string[] = []
    let tries = 0
    const { ask } = setup({
      takePlace: async () => done(tries++ === 0 ? { place: 'full', all: [HELD, OTHER] } : { place: 'taken' }),
      request: async (id) => done(requests[id]),
      leavePlace: async (who, place) => {
        left.push(place.request)
        return who.subject === 'dana' ? done(true) : silent
      },
      ask: async () => done({ request: waiting(), found: false }),
    })
    const made = await ask(scopeOf(), {}, dana, approval, now)
    expect(left).toEqual(expected)
    expect(made.outcome).toBe(expected.length === 0 ? 'refused' : 'done')
  })
})

test('a freeze that is not there stops no one', () => expect(stoppedBy(done(undefined))).toBeUndefined())

test('a decision whose outcome is not known', () =>
  expect(decisionUnknown('ledger: lost')).toEqual({
    outcome: 'refused',
    code: 'ledger-unavailable',
    detail:
      'The ledger did not answer, so it is not known whether your decision took effect. Read the request again to see its state. If it is unchanged, send the same decision again.',
    operator: 'ledger: lost',
    evidence: {
      outcome: 'unknown',
      next: 'Read the request again to see its state. If it is unchanged, send the same decision again.',
    },
  }))
