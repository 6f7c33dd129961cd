import { expect, test } from 'vitest'
import { config, profile } from '../testing/fixtures.ts'
import { openRules, packRules, rulesOf } from './rules.ts'

const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`p${index}`, profile({ description: `number ${index}` })]))
const rules = rulesOf(config(many), 'hash')

test('what is packed is opened again, profile by profile', () => {
  const opened = openRules(packRules(rules))
  expect(opened.profiles.ids).toEqual(rules.profiles.ids)
  for (const id of rules.profiles.ids) expect(opened.profiles.find(id)).toEqual(rules.profiles.find(id))
  expect(opened).toMatchObject({ hash: 'hash', issuers: rules.issuers, targets: rules.targets })
  expect(opened.profiles.find('p7')).toBe(opened.profiles.find('p7'))
})

test.each(['nothing', 'constructor', '__proto__', 'toString'])('%s is no profile', (id) => {
  expect([rules.profiles.find(id), openRules(packRules(rules)).profiles.find(id)]).toEqual([undefined, undefined])
})
