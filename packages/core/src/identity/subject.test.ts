/** Subjects of up to 2,048 characters: which a token can have, and that stored ones stay short and never collide. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { jsonBytes } from '../json.ts'
import { isStoredAs, isSubject, isSubjectDigest, storedSubject, typedSubject } from './subject.ts'

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`

describe('can be the subject of a token', () => {
  test.each([
    ['one character', 'x'],
    ['a UUID', '6f0c1b9e-7c1e-4d52-9d3a-0a51a25b3a11'],
    ['an Auth0 user (auth0.com/docs, "User profile structure")', 'auth0|5f7c8ec7c33c6c004bbafe82'],
    ['an Auth0 user of an enterprise connection', 'samlp|acme|dana.lópez@acme.example'],
    ['a Keycloak user with an offline identity (f:<provider>:<name>)', 'f:8e4a1c3f-1111-2222-3333-444455556666:Zoë'],
    ['a name in Japanese', '山田太郎'],
    ['a name in Arabic', 'أحمد'],
    ['an emoji with joiners', '👩‍💻'],
    ['a distinguished name', 'CN=Łukasz Żółw,OU=Platform,O=Acme GmbH & Co. KG,C=DE'],
    ['a GitHub job with a long branch', `repo:acme/web:ref:refs/heads/${'b'.repeat(244)}`],
    ['a SPIFFE ID of 2,048 bytes (SPIFFE-ID §2.4)', `spiffe://acme.example/${'p'.repeat(2026)}`],
    ['spaces', 'Dana Doe'],
    ['2,048 characters', 'x'.repeat(2048)],
    ['2,048 characters outside the BMP', '𝒳'.repeat(2048)],
  ])('%s', (_name, sub) => expect(isSubject(sub)).toBe(true))
})

describe('cannot be the subject of a token', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 7],
    ['an empty string', ''],
    ['2,049 characters', 'x'.repeat(2049)],
    ['2,049 characters outside the BMP', '𝒳'.repeat(2049)],
    ['a line feed', 'dana\neve'],
    ['a NUL', 'dana\u0000'],
    ['a C1 control character', 'dana\u0085'],
    ['DEL', 'dana\u007f'],
    ['a lone surrogate', 'dana\ud800'],
    ['a list', ['dana']],
  ])('%s', (_name, sub) => expect(isSubject(sub)).toBe(false))
})

describe('as it is stored', () => {
  test.each([
    ['short', 'dana'],
    ['256 bytes', 's'.repeat(256)],
    ['256 bytes of UTF-8', 'é'.repeat(128)],
    ['256 bytes of JSON', '"'.repeat(128)],
  ])('%s: the subject itself', (_name, sub) => expect(storedSubject(sub)).toBe(sub))

  test.each([
    ['257 bytes', 's'.repeat(257)],
    ['258 bytes of UTF-8', 'é'.repeat(129)],
    ['258 bytes of JSON', '"'.repeat(129)],
    ['2,048 characters outside the BMP', '𝒳'.repeat(2048)],
    ['what looks like a digest', digestOf('s'.repeat(257))],
  ])('%s: its digest', (_name, sub) => {
    expect(storedSubject(sub)).toBe(digestOf(sub))
    expect(isSubjectDigest(storedSubject(sub))).toBe(true)
    expect(jsonBytes(storedSubject(sub))).toBe(71)
  })

  test('is compared with another subject as if both were stored', () => {
    const long = 's'.repeat(300)
    const subjects = [
      'dana',
      's'.repeat(256),
      's'.repeat(257),
      long,
      digestOf(long),
      digestOf(digestOf(long)),
      '"'.repeat(129),
      'é'.repeat(128),
    ]
    for (const one of subjects)
      for (const other of subjects) expect([one, other, isStoredAs(one, storedSubject(other))]).toEqual([one, other, one === other])
  })

  test.each([`x${digestOf('a')}`, `${digestOf('a')}0`, digestOf('a').toUpperCase()])('%s is not a digest', (text) =>
    expect(isSubjectDigest(text)).toBe(false),
  )

  test('typed by a person: the subject, or the digest from an event', () => {
    const long = 's'.repeat(300)
    expect([typedSubject('dana'), typedSubject(long), typedSubject(digestOf(long))]).toEqual(['dana', digestOf(long), digestOf(long)])
  })
})
