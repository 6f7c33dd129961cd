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
  expect(opened.profiles.first()).toEqual(rules.profiles.first())
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

test.each(['nothing', 'p', 'p1"', '\n', '', 'constructor', '__proto__', 'toString'])('%s is no profile', (id) => {
  expect([rules.profiles.find(id), openRules(Buffer.from(packRules(rules))).profiles.find(id)]).toEqual([undefined, undefined])
})
