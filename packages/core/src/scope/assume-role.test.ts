/** The one call to AWS: every parameter made from the terms, the caller and the session. */
import { expect, test } from 'vitest'
import { roleSessionName } from '../identity/name.ts'
import type { SessionId } from '../ids.ts'
import { caller, NOW } from '../testing/fixtures.ts'
import { assumeRoleInput, sessionExpiry } from './assume-role.ts'
import type { Scope, Terms } from './terms.ts'

const SESSION = `req_${'0'.repeat(26)}.00000000` as SessionId
const scope = (terms: Partial<Terms> = {}): Scope =>
  ({
    terms: {
      role: 'arn:aws:iam::111122223333:role/stint/Reader',
      externalId: 'ext-1',
      policy: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
      policyArns: [],
      tags: [{ key: 'team', value: 'a', transitive: true }],
      ...terms,
    },
    target: { region: 'eu-central-1' },
    passingTags: [{ key: 'run', value: '7', transitive: false }],
  }) as unknown as Scope
const input = (seconds: number, terms?: Partial<Terms>) =>
  assumeRoleInput(
    scope(terms),
    { session: SESSION, sessionName: roleSessionName(caller().name, SESSION) },
    sessionExpiry(NOW, seconds),
    NOW,
  )

test('the session’s own tag is sent with every session, and sticks to none that follows', () => {
  const { tags } = input(900)
  expect(tags).toEqual([
    { key: 'team', value: 'a', transitive: true },
    { key: 'run', value: '7', transitive: false },
    { key: 'stint:session', value: SESSION, transitive: false },
  ])
})
test.each<[number, number]>([
  [60, 900],
  [899, 900],
  [900, 900],
  [901, 901],
  [3600, 3600],
])('a session of %i seconds is asked of AWS for %i', (seconds, asked) => expect(input(seconds).durationSeconds).toBe(asked))
test('role, external ID and region are the target’s', () => {
  expect(input(900)).toMatchObject({
    roleArn: 'arn:aws:iam::111122223333:role/stint/Reader',
    externalId: 'ext-1',
    region: 'eu-central-1',
    roleSessionName: `Dana-${SESSION}`,
  })
})
test('a source identity is sent where the terms have one, and left out where they have none', () => {
  expect(input(900, { sourceIdentity: 'acme.dana' }).sourceIdentity).toBe('acme.dana')
  expect(Object.keys(input(900))).not.toContain('sourceIdentity')
})
test('an end is a whole second, however far into a second it was asked for', () => {
  expect(sessionExpiry(NOW + 999, 60)).toBe(NOW + 60_000)
  expect(sessionExpiry(NOW, 60)).toBe(NOW + 60_000)
})
