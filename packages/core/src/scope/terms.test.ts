/** What a session would get: parameters, durations, policies, tags, and the hash over all of it. */

import { evaluate, policy, type StatementJson } from '@stint/iam'
import { mintingActions, mintingPatterns, openedBy } from '@stint/iam/minting/actions'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { param, text } from '../config/define.ts'
import type { Approval, Profile } from '../config/shape.ts'
import type { Caller } from '../identity/caller.ts'
import type { SessionId } from '../ids.ts'
import { canonicalJson } from '../json.ts'
import { caller, NOW, profile, rules } from '../testing/fixtures.ts'
import { assumeRoleInput, sessionExpiry } from './assume-role.ts'
import { sessionPolicy } from './policy.ts'
import { type AccessInput, changedTerms, resolveScope, type Scope } from './terms.ts'

const bucket = { bucket: { pattern: '[a-z0-9.*?${}"\\n_-]+', max: 63 } }
const readBucket: Partial<Profile> = {
  parameters: bucket,
  policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: text`arn:aws:s3:::${param('bucket')}/*` }],
}

function resolve(change: Partial<Profile>, ask: Partial<AccessInput> = {}, who: Partial<Caller> = {}) {
  const made = profile(change)
  return resolveScope(rules({ reader: made }), made, caller(who), { profile: 'reader', ...ask }, 1)
}
const scopeOf = (...args: Parameters<typeof resolve>): Scope => {
  const resolved = resolve(...args)
  if (resolved.outcome !== 'done') throw new Error(`${resolved.code}: ${resolved.detail}`)
  return resolved.value
}
const codeOf = (...args: Parameters<typeof resolve>) => {
  const resolved = resolve(...args)
  return resolved.outcome === 'done' ? 'ok' : resolved.code
}

const sessionNamed = { session: 'req_X.y' as SessionId, sessionName: 'Dana-req_X.y' } as const

describe('parameters', () => {
  test.each<[string, AccessInput['parameters'], string]>([
    ['missing', undefined, 'parameter-invalid'],
    ['one too many', { bucket: 'logs', key: 'x' }, 'parameter-invalid'],
    ['inherited', { toString: 'x' } as never, 'parameter-invalid'],
    ['not a string', { bucket: 7 }, 'parameter-invalid'],
    ['a list', { bucket: ['logs'] }, 'parameter-invalid'],
    ['empty', { bucket: '' }, 'parameter-invalid'],
    ['too long', { bucket: 'a'.repeat(64) }, 'parameter-invalid'],
    ['a star', { bucket: '*' }, 'parameter-invalid'],
    ['a question mark', { bucket: 'log?' }, 'parameter-invalid'],
    ['a variable', { bucket: '${aws:userid}' }, 'parameter-invalid'],
    ['half a variable', { bucket: 'a$' }, 'parameter-invalid'],
    ['a line feed that its pattern allows', { bucket: 'a\nb' }, 'parameter-invalid'],
    ['a letter outside Latin-1', { bucket: 'łogs' }, 'parameter-invalid'],
    ['what its pattern does not take', { bucket: 'LOGS' }, 'parameter-invalid'],
    ['a fitting line after another', { bucket: 'LOGS\nlogs' }, 'parameter-invalid'],
    ['fitting', { bucket: 'logs' }, 'ok'],
    ['a quote that its pattern takes', { bucket: 'a"b' }, 'ok'],
  ])('%s → %s', (_name, parameters, code) => expect(codeOf(readBucket, parameters ? { parameters } : {})).toBe(code))

  test('what fits its pattern and still makes a policy that STS refuses is refused before anything is reserved', () => {
    const declared: Partial<Profile> = {
      parameters: { account: { pattern: '[0-9]+', max: 20 }, day: { pattern: '[0-9-]+', max: 10 } },
      policy: [
        {
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: { join: ['arn:aws:sqs:eu-central-1:', { param: 'account' }, ':q'] },
          Condition: { DateLessThan: { 'aws:CurrentTime': { join: [{ param: 'day' }] } } },
        },
      ],
    }
    const of = (account: string, day: string) => codeOf(declared, { parameters: { account, day } })
    expect([of('111122223333', '2026-12-31'), of('11112222333', '2026-12-31'), of('111122223333', '2026-02-30')]).toEqual([
      'ok',
      'parameter-invalid',
      'parameter-invalid',
    ])
  })

  test('a pattern that backtracks elsewhere refuses 61 characters like any other', () => {
    const declared = { ...readBucket, parameters: { bucket: { pattern: '([a-z]+)+-logs', max: 63 } } }
    expect(codeOf(declared, { parameters: { bucket: `${'a'.repeat(60)}!` } })).toBe('parameter-invalid')
    expect(codeOf(declared, { parameters: { bucket: `${'a'.repeat(58)}-logs` } })).toBe('ok')
  })

  test('wildcards pass where declared, variables never', () => {
    const declared = { ...readBucket, parameters: { bucket: { ...bucket.bucket, wildcard: true as const } } }
    expect(codeOf(declared, { parameters: { bucket: 'logs-*' } })).toBe('ok')
    expect(codeOf(declared, { parameters: { bucket: '${*}' } })).toBe('parameter-invalid')
  })

  test('no parameter changes the structure of the policy', () => {
    const open = { ...readBucket, parameters: { bucket: { pattern: '[\\s\\S]*', max: 200 } } }
    const shape = (statements: readonly StatementJson[]) =>
      JSON.stringify(statements, (key, value) => (key === 'Resource' ? typeof value : value))
    const expected = shape(scopeOf(open, { parameters: { bucket: 'x' } }).terms.policy)
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60, unit: fc.constantFrom('"', '\\', '{', '}', '$', '*', '?', ',', ':', 'a', '\n', '[', ']', '/') }),
        (value) => {
          const resolved = resolve(open, { parameters: { bucket: value } })
          if (resolved.outcome !== 'done') return true
          const parsed = JSON.parse(sessionPolicy(resolved.value.terms, NOW)) as { Statement: StatementJson[] }
          return (
            shape(resolved.value.terms.policy) === expected &&
            parsed.Statement.length === 2 &&
            parsed.Statement[0]?.Resource === `arn:aws:s3:::${value}/*`
          )
        },
      ),
    )
  })
})

describe('durations', () => {
  test.each<[number | string | undefined, string]>([
    [undefined, 'ok'],
    [60, 'ok'],
    ['60s', 'ok'],
    ['1h', 'ok'],
    [3600, 'ok'],
    ['15m', 'ok'],
    [59, 'duration-invalid'],
    ['59s', 'duration-invalid'],
    [3601, 'duration-invalid'],
    ['61m', 'duration-invalid'],
    [0, 'duration-invalid'],
    [-900, 'duration-invalid'],
    [900.5, 'duration-invalid'],
    ['900', 'duration-invalid'],
    ['1 fortnight', 'duration-invalid'],
    ['', 'duration-invalid'],
    [Number.MAX_VALUE, 'duration-invalid'],
  ])('%j → %s', (duration, code) => expect(codeOf({}, duration === undefined ? {} : { duration })).toBe(code))

  test.each<[unknown, string]>([
    ['900', "'900' has no unit"],
    ['12.25', "'12.25' has no unit"],
    ['', 'is not a duration such as 15m'],
    ['about 15', 'is not a duration such as 15m'],
    ['15 or so', 'is not a duration such as 15m'],
    ['.5', 'is not a duration such as 15m'],
    [true, 'is not a duration such as 15m'],
    [['15m'], 'is not a duration such as 15m'],
    [['900'], 'is not a duration such as 15m'],
    [900.5, 'must be a whole number of seconds'],
    [59, 'is out of range'],
    ['61m', 'is out of range'],
  ])('of %j: the caller is told what is wrong and what the profile allows', (duration, fault) =>
    expect(resolve({}, { duration: duration as never })).toMatchObject({ detail: `duration ${fault}; this profile allows 1m to 1h.` }),
  )
  test('are the default of the profile where the call has none', () => {
    expect(scopeOf({})).toMatchObject({ duration: 1800, durationAsked: false })
    expect(scopeOf({}, { duration: '30m' })).toMatchObject({ duration: 1800, durationAsked: true })
  })
  test('of each set of credentials are part of the terms, if a session has several', () => {
    expect(scopeOf({ duration: { default: '4h', max: '8h', renew: '30m' } }).terms.renew).toBe(1800)
    expect(scopeOf({}).terms).not.toHaveProperty('renew')
  })

  test('AWS is asked for the time to the end, which an approver may have brought nearer', () => {
    const input = assumeRoleInput(scopeOf({}, { duration: '1h' }), sessionNamed, NOW + 1_800_000, NOW + 999)
    expect(input.durationSeconds).toBe(1800)
  })
  test('AWS is asked for at least 900 s, the policy ends sooner, in whole seconds', () => {
    const scope = scopeOf({}, { duration: '60s' })
    const end = sessionExpiry(NOW + 999, scope.duration)
    expect(end).toBe(NOW + 60_000)
    const input = assumeRoleInput(scope, sessionNamed, end, NOW + 999)
    expect(input.durationSeconds).toBe(900)
    expect(JSON.parse(input.policy).Statement.at(-1)).toEqual({
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { DateGreaterThanEquals: { 'aws:CurrentTime': '2026-11-24T12:01:00Z' } },
    })
  })
})

describe('session policies', () => {
  const named = (statements: readonly StatementJson[]) => statements.map(({ Effect, Action }) => `${Effect} ${[Action].flat().join()}`)
  /** What AWS gets before the end-time Deny. */
  const sent = (change: Partial<Profile>, ask: Partial<AccessInput> = {}) =>
    named((JSON.parse(sessionPolicy(scopeOf(change, ask).terms, NOW)) as { Statement: StatementJson[] }).Statement.slice(0, -1))
  const readOnly = ['arn:aws:iam::aws:policy/ReadOnlyAccess']
  const allMinting = `Deny ${mintingPatterns.map(({ pattern }) => pattern).join()}`
  test.each<[string, Partial<Profile>, string[], string[]]>([
    ['neither policy nor ARNs: all that the role may', {}, ['Allow *'], [allMinting]],
    ['a policy stands for itself', { policy: [{ Effect: 'Allow', Action: 's3:List*', Resource: '*' }] }, ['Allow s3:List*'], []],
    [
      'a policy that reaches a minting action',
      { policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] },
      ['Allow s3:*'],
      ['Deny s3:GetDataA*'],
    ],
    ['ARNs alone: Denies only, since an inline Allow would widen the union', { policyArns: readOnly }, [], [allMinting]],
    [
      'ARNs with a Deny',
      { policyArns: readOnly, policy: [{ Effect: 'Deny', Action: 's3:*', Resource: '*' }] },
      ['Deny s3:*'],
      [allMinting],
    ],
    [
      'what mints names is not denied, and only that',
      { mints: ['sts:AssumeRole'], policy: [{ Effect: 'Allow', Action: 'sts:Assume*', Resource: '*' }] },
      ['Allow sts:Assume*'],
      ['Deny sts:AssumeRoleWithSAML,sts:AssumeRoleWithWebIdentity,sts:AssumeRoot'],
    ],
  ])('%s', (_name, change, expected, added) => {
    expect(named(scopeOf(change).terms.policy)).toEqual(expected)
    expect(sent(change)).toEqual([...expected, ...added])
  })

  test('chaining is short for mints of sts:AssumeRole', () => {
    expect(scopeOf({ chaining: true }).terms).toEqual(scopeOf({ mints: ['sts:AssumeRole'] }).terms)
    expect(scopeOf({ chaining: true }).terms.mints).toEqual(['sts:AssumeRole'])
    expect(scopeOf({}).terms).not.toHaveProperty('mints')
  })
  test('the caller’s Denies are kept in addition to Stint’s own', () => {
    const narrow = { Statement: [{ Effect: 'Deny', Action: 's3:PutObject', Resource: '*' }] }
    expect(sent({}, { narrow: narrow as never })).toEqual(['Allow *', 'Deny s3:PutObject', allMinting])
    const less = { Statement: [{ Effect: 'Allow', Action: 'iam:Create*', Resource: '*' }] }
    expect(sent({}, { narrow: less as never })).toEqual(['Allow iam:Create*', 'Deny iam:Cre*Key,iam:*ateLogin*,iam:Cre*tial'])
  })
  test('no Deny is left out to make a policy fit', () => {
    const arns = (count: number) => Array.from({ length: count }, (_, index) => `arn:aws:s3:::bucket-${String(index).padStart(2, '0')}/*`)
    const statement = (Action: string) => ({ policy: [{ Effect: 'Allow' as const, Action, Resource: arns(60) }] })
    expect(codeOf(statement('s3:GetObject'))).toBe('ok')
    expect(codeOf({ ...statement('s3:GetObject'), policyArns: readOnly })).toBe('packed-policy-too-large')
    expect(codeOf(statement('*'))).toBe('packed-policy-too-large')
  })

  test('whatever the profile, a session may use no minting action that mints does not name', () => {
    const action = fc.constantFrom('*', 'sts:*', 'sts:Get*', 'iam:*', 'IAM:create*', 'ecr:*', 'codeartifact:*', 's3:*', 's3:GetObject')
    const lists = fc.array(action, { minLength: 1, maxLength: 3 })
    const statement = fc.oneof(
      lists.map((Action): StatementJson => ({ Effect: 'Allow', Action, Resource: '*' })),
      lists.map((NotAction): StatementJson => ({ Effect: 'Allow', NotAction, Resource: '*' })),
      lists.map((Action): StatementJson => ({ Effect: 'Deny', Action, Resource: '*' })),
    )
    const kinds = fc.record({
      policy: fc.option(fc.array(statement, { minLength: 1, maxLength: 3 }), { nil: undefined }),
      arns: fc.boolean(),
      chaining: fc.boolean(),
      mints: fc.subarray([...mintingActions], { maxLength: 4 }),
    })
    const everything = policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, 'identity')
    let opened = 0
    fc.assert(
      fc.property(kinds, fc.option(fc.array(statement, { minLength: 1, maxLength: 2 }), { nil: undefined }), (kind, narrow) => {
        const resolved = resolve(
          {
            ...(kind.policy ? { policy: kind.policy } : {}),
            ...(kind.arns ? { policyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] } : {}),
            ...(kind.chaining ? { chaining: true as const } : {}),
            ...(kind.mints.length > 0 ? { mints: kind.mints } : {}),
          },
          narrow ? { narrow: { Version: '2012-10-17', Statement: narrow } as never } : {},
        )
        if (resolved.outcome !== 'done') return true
        const input = assumeRoleInput(resolved.value, sessionNamed, NOW + 1_800_000, NOW)
        const session = [policy(JSON.parse(input.policy), 'session'), ...(kind.arns ? [everything] : [])]
        const open = openedBy([...kind.mints, ...(kind.chaining ? ['sts:AssumeRole'] : [])])
        return mintingActions.every((name) => {
          const { allowed } = evaluate({
            principal: { arn: 'arn:aws:sts::1:assumed-role/r/s', account: '1' },
            action: name,
            resource: { arn: 'arn:aws:iam::1:role/other', account: '1' },
            context: { 'aws:CurrentTime': '2026-11-24T12:00:00Z' },
            identity: [everything],
            session,
          })
          if (allowed && open.has(name)) opened++
          return !allowed || open.has(name)
        })
      }),
      { numRuns: 400 },
    )
    // The property would also hold of a policy that denies everything.
    expect(opened).toBeGreaterThan(50)
  })

  test('a policy too long for AWS is refused before AWS is called', () => {
    const long = {
      policy: [
        {
          Effect: 'Allow' as const,
          Action: 's3:GetObject',
          Resource: Array.from({ length: 60 }, (_, index) => `arn:aws:s3:::some-long-bucket-name-${index}/*`),
        },
      ],
    }
    expect(codeOf(long)).toBe('packed-policy-too-large')
  })
})

describe('narrow', () => {
  const allow = (Action: string, Resource: string, more: object = {}) => ({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource, ...more }],
  })
  const wide: Partial<Profile> = {
    policy: [
      { Effect: 'Allow', Action: ['s3:Get*', 's3:ListBucket'], Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'] },
      { Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::b/secret/*' },
    ],
  }
  test.each<[string, Partial<Profile>, unknown, string]>([
    ['within', wide, allow('s3:GetObject', 'arn:aws:s3:::b/logs/*'), 'ok'],
    ['a wider action', wide, allow('s3:*', 'arn:aws:s3:::b/*'), 'narrow-too-wide'],
    ['a wider resource', wide, allow('s3:GetObject', '*'), 'narrow-too-wide'],
    ['a prefix that is another bucket', wide, allow('s3:GetObject', 'arn:aws:s3:::b*'), 'narrow-too-wide'],
    ['only Denies', wide, { Statement: [{ Effect: 'Deny', Action: 's3:GetObject', Resource: '*' }] }, 'ok'],
    ['within all', {}, allow('s3:GetObject', 'arn:aws:s3:::any/*'), 'ok'],
    ['a principal', wide, allow('s3:GetObject', 'arn:aws:s3:::b/x', { Principal: '*' }), 'narrow-unsupported'],
    ['a variable', wide, allow('s3:GetObject', 'arn:aws:s3:::b/${aws:userid}'), 'narrow-unsupported'],
    [
      'an unknown operator',
      wide,
      allow('s3:GetObject', 'arn:aws:s3:::b/x', { Condition: { StringMatches: { k: 'v' } } }),
      'narrow-unsupported',
    ],
    ['an unknown member', wide, { ...allow('s3:GetObject', 'arn:aws:s3:::b/x'), Extra: 1 }, 'narrow-unsupported'],
    ['letters outside Latin-1', wide, allow('s3:GetObject', 'arn:aws:s3:::b/ł'), 'narrow-unsupported'],
    ['a string', wide, '{}', 'narrow-unsupported'],
    ['null', wide, null, 'narrow-unsupported'],
    ['no statements', wide, { Statement: [] }, 'narrow-unsupported'],
    ['an Allow with ARNs', { policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] }, allow('s3:GetObject', '*'), 'narrow-unsupported'],
    [
      'an Allow with ARNs and a policy',
      { ...wide, policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] },
      allow('s3:GetObject', 'arn:aws:s3:::b/x'),
      'narrow-unsupported',
    ],
    [
      'a Deny with ARNs',
      { policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] },
      { Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' } },
      'ok',
    ],
  ])('%s → %s', (_name, change, narrow, code) => expect(codeOf(change, { narrow: narrow as never })).toBe(code))

  test('what is narrowed allows what was asked for and nothing else of the profile', () => {
    const narrow = allow('s3:GetObject', 'arn:aws:s3:::b/one')
    const { terms } = scopeOf(
      {
        policy: [
          { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::b/*' },
          { Effect: 'Deny', Action: 's3:Delete*', Resource: '*' },
        ],
      },
      { narrow: narrow as never },
    )
    expect(terms.policy.filter(({ Effect }) => Effect === 'Allow')).toEqual([
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::b/one'] },
    ])
    expect(terms.policy).toContainEqual({ Effect: 'Deny', Action: 's3:Delete*', Resource: '*' })
  })
  test('what is narrowed never allows more than what is not, whatever the profile', () => {
    const action = fc.constantFrom('s3:GetObject', 's3:Get*', 's3:*', '*', 's3:PutObject')
    const resource = fc.constantFrom('*', 'arn:aws:s3:::b/*', 'arn:aws:s3:::b/k', 'arn:aws:s3:::*')
    const statement = fc.record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Deny' as const),
      Action: action,
      Resource: resource,
    })
    const kinds = fc.record({
      policy: fc.option(fc.array(statement, { minLength: 1, maxLength: 3 }), { nil: undefined }),
      arns: fc.boolean(),
      chaining: fc.boolean(),
    })
    const request = fc.record({
      action: fc.constantFrom('s3:GetObject', 's3:PutObject', 'sts:AssumeRole'),
      arn: fc.constantFrom('arn:aws:s3:::b/k', 'arn:aws:s3:::b/x', 'arn:aws:s3:::c/k'),
    })
    const arnPolicy = policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: '*' } }, 'identity')
    let narrowed = 0
    fc.assert(
      fc.property(kinds, fc.array(statement, { minLength: 1, maxLength: 2 }), request, (kind, asked, { action: name, arn }) => {
        const change: Partial<Profile> = {
          ...(kind.policy ? { policy: kind.policy } : {}),
          ...(kind.arns ? { policyArns: ['arn:aws:iam::aws:policy/X'] } : {}),
          ...(kind.chaining ? { chaining: true as const } : {}),
        }
        const less = resolve(change, { narrow: { Version: '2012-10-17', Statement: asked } as never })
        if (less.outcome !== 'done') return true
        narrowed++
        const allows = (terms: Scope['terms']) =>
          evaluate({
            principal: { arn: 'arn:aws:sts::1:assumed-role/r/s', account: '1' },
            action: name,
            resource: { arn, account: '1' },
            context: { 'aws:CurrentTime': '2026-11-24T12:00:00Z' },
            identity: [policy({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, 'identity')],
            session: [policy(JSON.parse(sessionPolicy(terms, NOW + 1000)), 'session'), ...(kind.arns ? [arnPolicy] : [])],
          }).allowed
        return !allows(less.value.terms) || allows(scopeOf(change).terms)
      }),
      { numRuns: 5000 },
    )
    expect(narrowed).toBeGreaterThan(300)
  })
})

describe('justification', () => {
  test.each<[string, string | undefined, string]>([
    ['missing', undefined, 'justification-required'],
    ['blank', '  ', 'justification-required'],
    ['given', 'INC-4711', 'ok'],
    ['of 2,000 characters', 'x'.repeat(2000), 'ok'],
    ['of 2,001 characters', 'x'.repeat(2001), 'body-invalid'],
    ['of 2,000 characters and 4,000 bytes', 'é'.repeat(2000), 'ok'],
    ['of 4,002 bytes', '語'.repeat(1334), 'body-invalid'],
    ['of quotes and wide characters, 5,331 bytes as JSON', `${'"'.repeat(1333)}${'𝒳'.repeat(666)}`, 'ok'],
    ['of control characters, 5,400 bytes as JSON', '\u0001'.repeat(900), 'ok'],
    ['of control characters, 5,401 bytes as JSON', `a${'\u0001'.repeat(900)}`, 'body-invalid'],
    ['of 1,000 emoji', '🚨'.repeat(1000), 'ok'],
    ['of 1,001 emoji, which are 4,004 bytes', '🚨'.repeat(1001), 'body-invalid'],
    ['of 2,000 control characters', '\u0001'.repeat(2000), 'body-invalid'],
    ['of 2,000 quotes', '"'.repeat(2000), 'ok'],
    ['of several lines', 'INC-4711\n\nThe queue is stuck.\n'.repeat(60), 'ok'],
    ['with space around 2,000 characters', ` ${'x'.repeat(2000)}\n`, 'ok'],
  ])('%s', (_name, justification, code) =>
    expect(codeOf({ justification: 'required' }, justification === undefined ? {} : { justification })).toBe(code),
  )
})

describe('justification and ticket', () => {
  test('are in the scope, and not in the terms', () => {
    const scope = scopeOf({}, { justification: ' INC-4711 ', ticket: 'OPS-1' })
    expect(scope).toMatchObject({ justification: 'INC-4711', ticket: 'OPS-1' })
    expect(scope.terms).not.toHaveProperty('justification')
    expect(scope.terms).not.toHaveProperty('ticket')
  })
  test('are absent if the call has none', () => {
    expect(Object.keys(scopeOf({}))).not.toContain('justification')
    expect(Object.keys(scopeOf({}, { justification: ' \n' }))).not.toContain('justification')
    expect(Object.keys(scopeOf({}))).not.toContain('ticket')
  })
  test('the property at fault is named', () => {
    expect(resolve({}, { justification: 'x'.repeat(2001) })).toMatchObject({ evidence: { property: 'justification' } })
    expect(resolve({}, { ticket: '' })).toMatchObject({ evidence: { property: 'ticket' } })
  })
  test.each<[string, string]>([
    ['OPS-1', 'ok'],
    ['acme/broker#17:a_b.c', 'ok'],
    ['a', 'ok'],
    ['a'.repeat(64), 'ok'],
    ['a'.repeat(65), 'body-invalid'],
    ['', 'body-invalid'],
    ['OPS 1', 'body-invalid'],
    [' OPS-1', 'body-invalid'],
    ['OPS-1\n', 'body-invalid'],
    ['OPS-é', 'body-invalid'],
  ])('ticket %j → %s', (ticket, code) => expect(codeOf({}, { ticket })).toBe(code))
})

describe('approval', () => {
  const approval: Approval = {
    rules: [{ by: [{ issuer: 'people', claims: { groups: { includes: 'approvers' } } }], count: 1 }],
    expiresAfter: '1h',
    window: '2h',
    maxUses: 5,
  }
  test('the terms hold the rule, its window and its uses', () =>
    expect(scopeOf({ approval }).terms).toMatchObject({ approval, window: 7200, uses: 5 }))
  test('without one, the terms hold no rule and no window, and the uses of the call', () => {
    const { terms } = scopeOf({})
    expect(terms).toMatchObject({ window: 0, uses: 1 })
    expect(terms).not.toHaveProperty('approval')
  })
  test('break-glass needs a justification', () => {
    expect(codeOf({ approval: { ...approval, breakGlass: true } })).toBe('justification-required')
    expect(codeOf({ approval: { ...approval, breakGlass: true } }, { justification: 'INC-4711' })).toBe('ok')
  })
  test('a session of an approved request needs no other justification', () => {
    const requestId = `req_${'0'.repeat(26)}`
    expect(codeOf({ approval: { ...approval, breakGlass: true } }, { requestId })).toBe('ok')
    expect(codeOf({ justification: 'required' }, { requestId })).toBe('justification-required')
  })

  const triggered = { issuer: 'ci', claims: { actor: 'dana' } }
  const triggeredBy = (change: Partial<Profile>, kind: Caller['kind']) => {
    const made = profile(change)
    const { targets, issuers } = rules({ reader: made })
    const shared = {
      targets,
      issuers: { ...issuers, ci: { ...issuers.ci, actorClaim: 'actor' } } as typeof issuers,
      people: { dana: [{ issuer: 'ci', actor: 'dana' }] },
    }
    const resolved = resolveScope(shared, made, caller({ ...triggered, kind }), { profile: 'reader' }, 1)
    return resolved.outcome === 'done' ? resolved.value.terms.triggeredBy : resolved.code
  }
  test('the terms name who triggered a workload that needs it', () => {
    expect(triggeredBy({ approval }, 'workload')).toBe('dana')
    expect(triggeredBy({}, 'workload')).toBeUndefined()
    expect(triggeredBy({ approval }, 'human')).toBeUndefined()
  })
})

test('the narrowing policy is in the terms, in its canonical form', () => {
  const narrow = { Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' } } as never
  expect(scopeOf({}, { narrow }).terms.narrow).toEqual([{ Effect: 'Deny', Action: ['s3:*'], Resource: ['*'] }])
  expect(scopeOf({}).terms).not.toHaveProperty('narrow')
})

describe('changed terms', () => {
  const { terms } = scopeOf({})
  const approved = canonicalJson(terms)
  test.each<[string, Partial<Scope['terms']>, object]>([
    ['nothing', {}, {}],
    ['a value', { uses: 2 }, { uses: { approved: 1, now: 2 } }],
    ['a property that was not there', { mints: ['sts:AssumeRole'] }, { mints: { approved: null, now: ['sts:AssumeRole'] } }],
    ['a property that is gone', { sourceIdentity: undefined as never }, { sourceIdentity: { approved: 'acme.dana', now: null } }],
  ])('%s', (_name, change, diff) => expect(changedTerms(approved, JSON.parse(JSON.stringify({ ...terms, ...change })))).toEqual(diff))
  test('are in alphabetical order', () => {
    const now = { ...terms, window: 60, uses: 2, mints: ['sts:AssumeRole'] }
    expect(Object.keys(changedTerms(approved, now))).toEqual(['mints', 'uses', 'window'])
  })
})

describe('tags', () => {
  test('come from claims, constants and parameters; transitive ones are marked', () => {
    const scope = scopeOf(
      {
        ...readBucket,
        tags: {
          team: { const: 'dev', transitive: true },
          bucket: { param: 'bucket' },
          who: { claim: 'sub', stable: true },
          run: { claim: 'run_id' },
        },
      },
      { parameters: { bucket: 'logs' } },
    )
    expect(scope.terms.tags).toEqual([
      { key: 'team', value: 'dev', transitive: true },
      { key: 'bucket', value: 'logs', transitive: false },
      { key: 'who', value: 'dana', transitive: false },
    ])
    expect(scope.passingTags).toEqual([{ key: 'run', value: '7', transitive: false }])
  })
  test.each([
    ['a claim that is missing', { nothing: 'x' }],
    ['a claim that is a list', { tag: ['a'] }],
    ['a claim that is null', { tag: null }],
  ])('%s is refused', (_name, claims) => expect(codeOf({ tags: { tag: { claim: 'tag' } } }, {}, { claims })).toBe('not-eligible'))
})

describe('the hash', () => {
  const hash = (change: Partial<Profile> = {}, ask: Partial<AccessInput> = {}, who: Partial<Caller> = {}) =>
    scopeOf(change, ask, who).termsHash
  test('what AWS does not accept is encoded, and what is then too long is refused, never cut', () => {
    const sent = (tag: string, max?: number) => {
      const scope = resolve({ tags: { tag: { claim: 'tag', ...(max ? { max } : {}) } } }, {}, { claims: { tag } })
      return scope.outcome === 'refused' ? scope.code : scope.value.passingTags[0]?.value
    }
    expect([sent('dependabot[bot]'), sent('a*b')]).toEqual(['dependabot=5Bbot=5D', 'a=2Ab'])
    expect([sent('x'.repeat(256)), sent('x'.repeat(257)), sent('#'.repeat(86))]).toEqual([
      'x'.repeat(256),
      'parameter-invalid',
      'parameter-invalid',
    ])
    expect([sent('x'.repeat(8), 8), sent('x'.repeat(9), 8), sent('#'.repeat(3), 8)]).toEqual([
      'xxxxxxxx',
      'parameter-invalid',
      'parameter-invalid',
    ])
  })
  const withTag = (value: object): Partial<Profile> => ({ tags: { t: value as never } })
  test('covers everything that is approved', () => {
    const all = [
      hash(),
      hash({ duration: { default: '30m', max: '45m' } }),
      hash({ chaining: true }),
      hash({ mints: ['ecr:GetAuthorizationToken'] }),
      hash({ sourceIdentity: false }),
      hash({ policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] }),
      hash(withTag({ const: 'x' })),
      hash(readBucket, { parameters: { bucket: 'a' } }),
      hash(readBucket, { parameters: { bucket: 'b' } }),
      hash({}, { narrow: { Statement: { Effect: 'Deny', Action: 's3:*', Resource: '*' } } as never }),
      hash({}, {}, { subject: 'sam' }),
      hash({}, {}, { identity: 'sam' }),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
  test('is not of what one call may change', () => {
    expect(hash({}, { duration: '15m' })).toBe(hash())
    expect(hash({}, { justification: 'why not' })).toBe(hash())
    expect(hash(withTag({ claim: 'run_id' }), {}, { claims: { run_id: '1' } })).toBe(
      hash(withTag({ claim: 'run_id' }), {}, { claims: { run_id: '2' } }),
    )
  })
})
