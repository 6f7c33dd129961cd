import fc from 'fast-check'
import { expect, test } from 'vitest'
import { config, profile } from '../testing/fixtures.ts'
import { openRules, packRules, rulesOf } from './rules.ts'

const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`p${index}`, profile({ description: `number ${index}` })]))
const rules = rulesOf(config(many), 'hash')

test('what is packed is opened again, profile by profile', () => {
  const opened = openRules(Buffer.from(packRules(rules)))
  expect(opened.profiles.ids).toEqual(rules.profiles.ids)
  for (const id of rules.profiles.ids) expect(opened.profiles.find(id)).toEqual(rules.profiles.find(id))
  expect(opened).toMatchObject({ hash: 'hash', issuers: rules.issuers, targets: rules.targets })
  expect(opened.profiles.first()).toEqual(rules.profiles.find('p0'))
})

test('what is packed is JSON, whatever stands in a profile', () => {
  const odd = rulesOf(config({ odd: profile({ description: 'a\n"p1":{}\u2028' }), p1: profile() }), 'hash')
  expect(JSON.parse(packRules(odd)).profiles).toEqual({ odd: odd.profiles.find('odd'), p1: odd.profiles.find('p1') })
  const opened = openRules(Buffer.from(packRules(odd)))
  expect([opened.profiles.ids, opened.profiles.find('p1'), opened.profiles.find('odd')]).toEqual([
    ['odd', 'p1'],
    odd.profiles.find('p1'),
    odd.profiles.find('odd'),
  ])
})

// The last is how the line of a profile goes on.
test.each(['nothing', 'p', 'p1"', '\n', '', 'constructor', '__proto__', 'toString', 'p1":{"target'])('%s is no profile', (id) => {
  expect([rules.profiles.find(id), openRules(Buffer.from(packRules(rules))).profiles.find(id)]).toEqual([undefined, undefined])
})

/** IDs that are alike: each is the beginning of others. */
const id = fc.stringMatching(/^[ab0][ab0-]{0,5}$/)
test('finds each profile by its ID, and no other, whatever IDs there are', () =>
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 40 }), id, (ids, other) => {
      const all = rulesOf(config(Object.fromEntries(ids.map((one) => [one, profile({ description: one })]))), 'hash')
      expect(all.profiles.ids).toEqual(ids.toSorted())
      for (const one of ids) expect(all.profiles.find(one)?.description).toBe(one)
      if (!ids.includes(other)) expect(all.profiles.find(other)).toBeUndefined()
    }),
  ))

test('looks at few lines of ten thousand', () => {
  const thousands = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`team-${index}`, profile()]))
  const bytes = Buffer.from(packRules(rulesOf(config(thousands), 'hash')))
  let looks = 0
  const compare = bytes.compare.bind(bytes)
  bytes.compare = (...given: Parameters<typeof compare>) => {
    looks++
    return compare(...given)
  }
  const opened = openRules(bytes)
  for (const wanted of ['team-0', 'team-9999', 'team-5000', 'nothing', 'a', 'zzz']) {
    looks = 0
    expect(opened.profiles.find(wanted) !== undefined).toBe(Object.hasOwn(thousands, wanted))
    expect(looks).toBeGreaterThan(10)
    expect(looks).toBeLessThan(30)
  }
})
