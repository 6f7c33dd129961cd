/** Who is behind a Slack user, and who is told by name: what Slack and the directory say today, and what they do not say. */
import type { Rules } from '@stint/core/config/shape'
import { storedSubject } from '@stint/core/identity/subject'
import { done } from '@stint/core/outcome'
import { describe, expect, test } from 'vitest'
import { approversNamed } from './request-messages.ts'
import { linkedPerson } from './testing/links.ts'
import { type WhoParts, whoIs } from './who.ts'

const NOW = Date.UTC(2026, 10, 25, 3)
const rules = {
  issuers: { people: { kind: 'human', key: 'p' } },
  slack: { team: 'T1', app: 'A1' },
  directories: { people: { scim: 'https://d', by: 'id' } },
} as unknown as Rules
const slack = { team: 'T1', user: 'U1' }
const link = {
  id: 'lnk_1',
  version: 1,
  caller: { issuer: 'people', subject: 'dana', name: 'Dana', kind: 'human' },
  identity: 'dana',
  active: { slack: { ...slack, name: 'dana' }, since: NOW - 3_600_000, expiresAt: NOW + 3_600_000 },
}
const member = done({ id: 'U1', team: 'T1', name: 'dana', member: true })
const unknown = { outcome: 'unknown', cause: 'answered 429' } as const

async function asked(user: object, claims: object, found: object | 'nobody' = link) {
  let asks = 0
  const subjects: string[] = []
  const parts = {
    rules,
    linking: { ofSlack: async () => done(found === 'nobody' ? undefined : found), end: async () => done(link) },
    api: {
      user: async () => {
        asks++
        return user
      },
    },
    directory: {
      claimsOf: async (_issuer: string, subject: string) => {
        subjects.push(subject)
        return claims
      },
    },
    log: () => {},
  } as unknown as WhoParts
  const known = await whoIs(parts, slack, 'f'.repeat(64), NOW)
  const caller = known.outcome === 'done' ? known.value.caller : undefined
  return {
    asks,
    subjects,
    caller,
    known: known.outcome === 'done' ? known.value.directorySilent : known.outcome === 'refused' ? known.code : known.outcome,
  }
}

describe('behind a Slack user', () => {
  test.each<[string, object, object, unknown]>([
    ['a member whom the directory knows', member, done({ groups: [] }), false],
    ['a member of whom the directory does not answer: nothing to decide by', member, unknown, true],
    ['a member whom the directory does not know', member, done(undefined), 'not-eligible'],
    ['who is a member of another workspace', done({ ...member.value, team: 'T2' }), done({}), 'link-unknown'],
    ['who is no member', done({ ...member.value, member: false }), done({}), 'link-unknown'],
    ['whom Slack does not find', { outcome: 'refused', error: 'user_not_found' }, done({}), 'link-unknown'],
    ['whose account is switched off', { outcome: 'refused', error: 'account_inactive' }, done({}), 'link-unknown'],
    ['of whom Slack does not answer: the link holds', unknown, done({}), false],
    ['of whom Slack lets us know nothing: the link holds', { outcome: 'refused', error: 'missing_scope' }, done({}), false],
  ])('%s', async (_name, user, claims, expected) => expect((await asked(user, claims)).known).toBe(expected))
  test('Slack is asked only about people who are linked', async () => {
    expect(await asked(member, done({}), 'nobody')).toMatchObject({ asks: 0, known: 'link-unknown' })
  })
  test('a link with another Slack user, made in the meantime, is kept if this user is not a member', async () => {
    const { links, linkTo, linked } = linkedPerson(NOW)
    await linkTo('U1')
    const user = async () => {
      await linkTo('U2')
      return done({ ...member.value, member: false })
    }
    const parts = { rules, linking: links, api: { user }, directory: { claimsOf: async () => done({}) }, log: () => {} }
    expect(await whoIs(parts as unknown as WhoParts, slack, 'f'.repeat(64), NOW)).toMatchObject({ code: 'link-unknown' })
    expect(await linked()).toBe('U2')
  })
  test('the directory and the rules see the whole subject, and the ledger sees what it stores', async () => {
    const fullSubject = `CN=Dána,${'OU=山,'.repeat(200)}C=DE`
    const stored = storedSubject(fullSubject)
    const { subjects, caller } = await asked(member, done({}), { ...link, caller: { ...link.caller, subject: stored }, fullSubject })
    expect([subjects, caller?.claims.sub, caller?.subject, caller?.fullSubject]).toEqual([[fullSubject], fullSubject, stored, fullSubject])
    const by = [{ by: [{ issuer: 'people', claims: { sub: fullSubject } }] }]
    expect(approversNamed(rules, by)).toEqual([{ issuer: 'people', subject: stored }])
  })
})

test('only those are told by name of whom the rule asks no more than a name', () => {
  const by = (claims: object) => [{ by: [{ issuer: 'people', claims }] }] as unknown as Parameters<typeof approversNamed>[1]
  const named = (claims: object) => approversNamed(rules, by(claims)).map(({ subject }) => subject)
  expect(named({ sub: { oneOf: ['a', 'b'] } })).toEqual(['a', 'b'])
  expect(named({ sub: 'a', groups: { includes: 'sre' } })).toEqual([])
  expect(named({ groups: { includes: 'sre' } })).toEqual([])
})
