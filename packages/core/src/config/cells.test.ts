/** What the broker of one cell gets of a config with several. */
import { describe, expect, test } from 'vitest'
import { config, rules as plain, profile } from '../testing/fixtures.ts'
import { rulesOfCell } from './cells.ts'
import { type CheckedConfig, checkConfig } from './check.ts'
import { binding } from './define.ts'
import { packRules } from './rules.ts'
import { originOf } from './shape.ts'

const cells = {
  emea: { account: '210987654321', log: { origin: 'log.acme.example/emea', publicLog: true } },
  apac: { account: '109876543210', log: { origin: 'log.acme.example/apac' } },
  idle: { account: '098765432109', log: { origin: 'log.acme.example/idle' } },
}
const target = (name: string) => ({
  account: '444455556666',
  roleArn: `arn:aws:iam::444455556666:role/stint/${name}`,
  externalId: `ext-${name}`,
  region: 'eu-central-1',
})
const targets = { prod: config().targets.prod, tokyo: target('tokyo'), shared: target('shared') }
const source = {
  ...config({
    berlin: profile({ target: 'prod', cell: 'emea' }),
    madrid: profile({ target: 'shared', cell: 'emea' }),
    tokyo: profile({ target: 'tokyo', cell: 'apac' }),
    seoul: profile({ target: 'shared', cell: 'apac' }),
  }),
  targets,
  cells,
}
const rulesFrom = (checked: CheckedConfig) => {
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults))
  return checked.rules
}
const whole = rulesFrom(checkConfig(source))
const of = (cell: string | undefined) => {
  const own = rulesOfCell(whole, cell)
  if (!own.ok) throw new Error(own.fault)
  return own.rules
}

describe('the rules of a cell', () => {
  test.each([
    ['emea', ['berlin', 'madrid'], ['prod', 'shared'], 'log.acme.example/emea', true],
    ['apac', ['seoul', 'tokyo'], ['shared', 'tokyo'], 'log.acme.example/apac', undefined],
  ])('%s has its profiles, their targets and its log', (cell, profiles, targets, origin, publicLog) => {
    const own = of(cell)
    expect(own.profiles.ids).toEqual(profiles)
    expect(Object.keys(own.targets).sort()).toEqual(targets)
    expect([originOf(own), own.log?.publicLog]).toEqual([origin, publicLog])
  })

  test('does not know the profiles of another cell', () => {
    expect(of('emea').profiles.find('tokyo')).toBeUndefined()
    expect(of('apac').profiles.find('berlin')).toBeUndefined()
  })

  test('names the whole config, which was reviewed', () => {
    expect([of('emea').hash, of('apac').hash]).toEqual([whole.hash, whole.hash])
  })

  test('is what a config of its own would pack to, but for the hash', () => {
    const { cells: _all, targets: _targets, profiles: _profiles, ...rest } = source
    const alone = checkConfig({
      ...rest,
      targets: { prod: targets.prod, shared: targets.shared },
      profiles: { berlin: profile({ target: 'prod' }), madrid: profile({ target: 'shared' }) },
      log: cells.emea.log,
    })
    expect(JSON.parse(packRules(of('emea')))).toEqual({ ...JSON.parse(packRules(rulesFrom(alone))), hash: whole.hash })
    expect(packRules(of('emea'))).not.toMatch(/cell|apac/)
  })
})

test('a config without a log has a name that no log on the internet has', () => {
  expect(originOf(plain())).toBe('stint.invalid/log')
})

test('returns a config without cells as it is', () => {
  const rules = plain()
  expect(rulesOfCell(rules, undefined)).toEqual({ ok: true, rules })
})

describe('refuses', () => {
  test.each([
    [
      'cells, but none is chosen',
      whole,
      undefined,
      'The config has several cells, and each has its own broker. Pass --cell ID. Use one of: emea, apac, idle.',
    ],
    ['an unknown cell', whole, 'mars', "Unknown cell 'mars'. Use one of: emea, apac, idle."],
    ['a name that every object has', whole, 'constructor', "Unknown cell 'constructor'. Use one of: emea, apac, idle."],
    ['a cell without profiles', whole, 'idle', "Cell 'idle' has no profiles, so its broker would have nothing to serve."],
    ['a cell of a config without cells', plain(), 'emea', 'The config has no cells. Remove --cell emea, or add the cell to the config.'],
  ])('%s', (_name, rules, cell, fault) => expect(rulesOfCell(rules, cell)).toEqual({ ok: false, fault }))
})

test('fills in account and origin from bindings, and compares what was filled in', () => {
  const bound = (name: string) => ({ account: binding(`${name}_ACCOUNT`), log: { origin: binding(`${name}_LOG`) } })
  const bindings = { A_ACCOUNT: '210987654321', A_LOG: 'log.acme.example/a', B_ACCOUNT: '109876543210', B_LOG: 'log.acme.example/b' }
  const both = { ...config({ reader: profile({ cell: 'a' }) }), cells: { a: bound('A'), b: bound('B') } }
  expect(rulesFrom(checkConfig(both, bindings)).cells).toMatchObject({
    b: { account: '109876543210', log: { origin: 'log.acme.example/b' } },
  })
  expect(checkConfig(both, { ...bindings, B_LOG: bindings.A_LOG })).toMatchObject({
    faults: [{ path: 'cells.b.log.origin', fault: "is already the log of cell 'a'" }],
  })
})
