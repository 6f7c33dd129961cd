import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinedName, roleSessionName, sourceIdentity } from './name.ts'

/** AWS STS API Reference, AssumeRole: SourceIdentity and RoleSessionName. */
const awsName = /^[\w+=,.@-]{2,64}$/
const SESSION = `req_${'0'.repeat(26)}.abcdefgh`

describe('sourceIdentity', () => {
  test.each([
    ['what AWS takes stays as it is', 'dana@acme.example', 'acme.dana@acme.example'],
    ['what it does not take is written in hex', 'repo:acme/web', 'acme.repo=3Aacme=2Fweb'],
    ['= is ours, so it is written too', 'a=3A', 'acme.a=3D3A'],
    ['a name that just fits stays whole', 'x'.repeat(59), `acme.${'x'.repeat(59)}`],
    ['bytes are UTF-8', 'é', 'acme.=C3=A9'],
  ])('%s', (_name, identity, expected) => expect(sourceIdentity('acme', identity)).toBe(expected))

  const identity = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('a', '=', ':', '/'), minLength: 1, maxLength: 80 }),
  )
  test('is always a name that AWS takes', () => {
    fc.assert(
      fc.property(identity, (text) => awsName.test(sourceIdentity('a-key', text))),
      { numRuns: 2000 },
    )
  })
  test('is injective, also past the length that AWS takes', () => {
    fc.assert(
      fc.property(identity, identity, (a, b) => a === b || sourceIdentity('k', a) !== sourceIdentity('k', b)),
      { numRuns: 5000 },
    )
  })
  test('a long identity cannot be spelled by a short one', () => {
    const long = sourceIdentity('k', 'x'.repeat(100))
    expect(long).toMatch(/^k\.x+==[0-9a-hjkmnp-tv-z]{26}$/)
    const forged = long.slice(2)
    expect(sourceIdentity('k', forged)).not.toBe(long)
  })
  test('two long identities that differ at the end differ', () => {
    expect(sourceIdentity('k', `${'x'.repeat(100)}1`)).not.toBe(sourceIdentity('k', `${'x'.repeat(100)}2`))
  })
  test('two issuers never share one', () => {
    expect(sourceIdentity('a', 'x')).not.toBe(sourceIdentity('b', 'x'))
  })
})

describe('roleSessionName', () => {
  test('is a readable part and the session id', () => expect(roleSessionName('Dana D', SESSION)).toBe(`Dana=20D-${SESSION}`))
  test('is cut between characters, never within one', () =>
    expect(roleSessionName('ééééééé', SESSION)).toBe(`=C3=A9=C3=A9=C3=A9=C3=A9-${SESSION}`))
  test('is always a name that AWS takes, and at most 64 characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => awsName.test(roleSessionName(name, SESSION))))
  })
})

describe('joinedName', () => {
  test.each<[string, (string | undefined)[], string]>([
    ['of what a job is', ['acme/web', 'refs/heads/main'], 'acme/web:refs/heads/main'],
    ['a colon within a part is no border', ['a:b', 'c'], 'a%3Ab:c'],
    ['nor is its escape', ['a%3Ab', 'c'], 'a%253Ab:c'],
    ['what is missing is empty', ['a', undefined], 'a:'],
    ['128 characters stay whole', ['x'.repeat(126), 'y'], `${'x'.repeat(126)}:y`],
    ['what is empty is not missing', ['a', ''], 'a:%'],
  ])('%s', (_name, parts, expected) => expect(joinedName(parts)).toBe(expected))

  const part = fc.option(fc.string({ unit: fc.constantFrom('a', ':', '%', '=', '3', 'A', 'é'), maxLength: 60 }), { nil: undefined })
  const parts = fc.array(part, { minLength: 3, maxLength: 3 })
  test('is injective', () => {
    fc.assert(
      fc.property(
        parts,
        parts,
        (a, b) => JSON.stringify(a.map((x) => x ?? null)) === JSON.stringify(b.map((x) => x ?? null)) || joinedName(a) !== joinedName(b),
      ),
      { numRuns: 5000 },
    )
  })
  test('is at most 128 characters, and a long one cannot be spelled', () => {
    const long = joinedName(['x'.repeat(300), 'y'])
    expect(long).toMatch(/^x{100}==[0-9a-hjkmnp-tv-z]{26}$/)
    expect(joinedName([long])).not.toBe(long)
  })
})
