/** The identity stands beside the name, and no name can take its place. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { identityInAws, shownCaller, withIdentity } from './shown.ts'

describe('a name with an identity', () => {
  test.each([
    ['a plain name', 'Olu On-Call', 'Olu On-Call (acme.olu-1)'],
    ['a name that claims another identity', 'Avery (acme.avery-1)', '“Avery (acme.avery-1)” (acme.olu-1)'],
    ['a name that would close the quotes', 'Avery” (acme.avery-1) “', "“Avery' (acme.avery-1) '” (acme.olu-1)"],
    ['wide parentheses', 'Avery（acme.avery-1）', '“Avery（acme.avery-1）” (acme.olu-1)'],
    ...['﹙x﹚', '⦅x⦆', '｟x｠', '❨x❩', '⁽x⁾', '〔x〕', '«x»'].map((name): [string, string, string] => [
      `look-alike brackets: ${name}`,
      `Avery ${name}`,
      `“Avery ${name}” (acme.olu-1)`,
    ]),
    ['a name that turns the line', 'Olu\u202E)1-yreva.emca(', '“Olu‹U+202E›)1-yreva.emca(” (acme.olu-1)'],
    ['a name of many lines', 'Olu\n\nRisk: low', 'Olu ⏎ Risk: low (acme.olu-1)'],
    ['a name from right to left', 'דנה', '\u2068דנה\u2069 (acme.olu-1)'],
    ['an empty name', '', ' (acme.olu-1)'],
  ])('%s', (_name, name, expected) => expect(withIdentity(name, 'acme.olu-1')).toBe(expected))

  test('whatever the name, the identity is the last thing in parentheses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const shown = withIdentity(name, 'acme.olu-1')
        return (
          shown.endsWith(' (acme.olu-1)') && (shown.match(/[()]/g)?.length === 2 || shown.startsWith('“') || shown.startsWith('\u2068“'))
        )
      }),
    )
  })
})

test('an approver is shown with issuer and subject', () =>
  expect(shownCaller({ issuer: 'people', subject: 's\u0000-1', name: 'Avery', kind: 'human' })).toBe('Avery (people/s‹U+0000›-1)'))

test('without a source identity, AWS sees none: issuer and subject stand in its place', () => {
  const caller = { issuer: 'tools', subject: 'reporting', name: 'Reports', kind: 'workload' } as const
  expect(identityInAws({ caller, terms: { sourceIdentity: 'tools.reporting' } as never })).toBe('tools.reporting')
  expect(identityInAws({ caller, terms: {} as never })).toBe('tools/reporting')
})
