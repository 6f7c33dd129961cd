import { expect, test } from 'vitest'
import type { Rules } from '../config/shape.ts'
import { identitiesInAws } from './person-in-aws.ts'
import { storedSubject } from './subject.ts'

const issuers = {
  staff: { key: 'st' },
  entra: { key: 'en', identityClaim: 'oid' },
  github: { key: 'gh', actorClaim: 'actor_id' },
  runner: { key: 'rn', actorClaim: 'user_id', identityClaim: 'user_id' },
}
const long = 'x'.repeat(300)
const rules = {
  issuers,
  people: {
    dana: [
      { issuer: 'staff', subject: 'dana' },
      { issuer: 'staff', subject: 'dana|admin' },
      { issuer: 'staff', subject: long },
      { issuer: 'entra', subject: 'pairwise' },
      { issuer: 'github', actor: '42' },
      { issuer: 'runner', actor: '42' },
    ],
  },
} as unknown as Pick<Rules, 'people' | 'issuers'>

test('each identity has the source identity that the config decides, if it does', () => {
  expect(identitiesInAws(rules, 'dana')).toEqual([
    { issuer: 'staff', subject: 'dana', sourceIdentity: 'st.dana' },
    { issuer: 'staff', subject: 'dana|admin', sourceIdentity: 'st.dana=7Cadmin' },
    // The source identity is made from the whole subject, also where a digest is stored.
    { issuer: 'staff', subject: storedSubject(long), sourceIdentity: expect.stringMatching(/^st\.x{33}==[a-z0-9]{26}$/) },
    { issuer: 'entra', subject: 'pairwise' },
    { issuer: 'github', actor: '42' },
    { issuer: 'runner', actor: '42', sourceIdentity: 'rn.42' },
  ])
  expect(identitiesInAws(rules, 'nobody')).toEqual([])
  expect(identitiesInAws({ issuers } as never, 'dana')).toEqual([])
})
