/** From accounts to targets: what fits, and each way in which a list can be wrong. */
import { describe, expect, test } from 'vitest'
import { configLines, type Defaults, parametersOf, type Row, targetsFrom } from './targets.ts'

const defaults: Defaults = { role: 'Deploy', region: 'eu-central-1', path: '/stint/', prefix: 'stint' }
const made = (rows: readonly Row[], existing = {}, more: Partial<Defaults> = {}) => targetsFrom(rows, { ...defaults, ...more }, existing)
const faultsOf = (...given: Parameters<typeof made>) => {
  const all = made(...given)
  return all.ok ? [] : all.faults
}
const prod = { name: 'prod', account: '111122223333' }
const known = {
  old: { account: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy', externalId: 'x', region: 'eu-central-1' },
}

test('one account is one target, whose external ID no other has', () => {
  expect(made([prod, { ...prod, name: 'prod-read', role: 'Read' }])).toEqual({
    ok: true,
    targets: {
      prod: {
        account: '111122223333',
        roleArn: 'arn:aws:iam::111122223333:role/stint/Deploy',
        externalId: 'stint-111122223333-Deploy',
        region: 'eu-central-1',
      },
      'prod-read': {
        account: '111122223333',
        roleArn: 'arn:aws:iam::111122223333:role/stint/Read',
        externalId: 'stint-111122223333-Read',
        region: 'eu-central-1',
      },
    },
  })
})
test.each([
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eu-west-3', 'aws'],
])('%s is of %s', (region, partition) => {
  const all = made([{ ...prod, region }])
  expect(all.ok && all.targets.prod?.roleArn).toBe(`arn:${partition}:iam::111122223333:role/stint/Deploy`)
})

describe('a list is wrong where', () => {
  test.each<[string, readonly Row[], object, string]>([
    ['it is empty', [], {}, 'no targets'],
    ['an account is short', [{ ...prod, account: '1234' }], {}, 'is not an account ID'],
    ['an account lost its zeros in a spreadsheet', [{ ...prod, account: '1.11122E+11' }], {}, 'is not an account ID'],
    ['a name is none of a config', [{ ...prod, name: 'Prod Account' }], {}, 'invalid name'],
    ['a role is none', [{ ...prod, role: 'a/b' }], {}, 'prod: "a/b" is not a valid role name. Use 1 to 56 characters'],
    ['a role leaves no room for its revoker', [{ ...prod, role: 'r'.repeat(57) }], {}, 'is not a valid role name'],
    ['a region is none', [{ ...prod, region: 'europe' }], {}, 'is not a valid region'],
    ['a name is there twice', [prod, { ...prod, account: '444455556666' }], {}, 'row 2 (prod): the name is already used by row 1 (prod)'],
    ['a role is there twice', [prod, { ...prod, name: 'again' }], {}, 'is already the role of row 1 (prod)'],
    ['the config has the name', [{ name: 'old', account: '444455556666' }], known, 'the name is already used by the config'],
    ['the config has the role', [prod], known, 'is already the role of target old of the config'],
  ])('%s', (_name, rows, existing, fault) => expect(faultsOf(rows, existing).join('\n')).toContain(fault))
  test('it says all that is wrong, at once', () => {
    expect(
      faultsOf([
        { name: 'A', account: '1' },
        { name: 'B', account: '2' },
      ]),
    ).toHaveLength(4)
  })
  test.each(['stint', '/stint', '//', '/st*/', '/stint//x/', '/stint/\n'])('the path is %j', (path) =>
    expect(faultsOf([prod], {}, { path })).toEqual([expect.stringContaining('must begin and end with a slash')]),
  )
  test.each(['', 's', 'st*', 'stint\n', 's'.repeat(65)])('the prefix is %j', (prefix) =>
    expect(faultsOf([prod], {}, { prefix })).toEqual([expect.stringContaining('must be 2 to 64 characters')]),
  )
  test('the path is longer than IAM takes', () => {
    expect(faultsOf([prod], {}, { path: `/${'p'.repeat(511)}/` }).join('\n')).toContain('have at most 512 characters')
  })
  test('a role that differs from another in case only', () => {
    const rows = [
      { ...prod, role: 'Deploy' },
      { ...prod, name: 'other', role: 'deploy' },
    ]
    expect(faultsOf(rows)).toEqual([expect.stringContaining('is already the role of')])
    expect(faultsOf([{ ...prod, role: 'deploy' }], known)).toEqual([expect.stringContaining('is already the role of target old')])
  })
})

test('the longest path with the longest name, and the European Sovereign Cloud, are taken', () => {
  const long = { ...prod, region: 'us-gov-west-1', role: 'r'.repeat(56) }
  expect(faultsOf([long], {}, { path: `/${'p'.repeat(510)}/` })).toEqual([])
  const all = made([{ ...prod, region: 'eusc-de-east-1' }])
  expect(all.ok && all.targets.prod?.roleArn).toBe('arn:aws-eusc:iam::111122223333:role/stint/Deploy')
})

test('what is written is what a config takes', () => {
  const all = made([prod, { ...prod, name: 'prod-read', role: 'Read' }])
  const lines = all.ok ? configLines(all.targets) : ''
  expect(new Function(`return {${lines}}`)()).toEqual(all.ok && all.targets)
})

test('stacks are told once for all accounts that have a role of one name', () => {
  const all = made([prod, { name: 'staging', account: '444455556666' }, { name: 'read', account: '111122223333', role: 'Read' }])
  const given = { brokerRole: 'arn:aws:iam::123456789012:role/stint-vend', path: '/stint/', prefix: 'stint', policies: ['a', 'b'] }
  const files = parametersOf(all.ok ? all.targets : {}, given)
  expect([...files].map(([role, { accounts }]) => [role, accounts])).toEqual([
    ['Deploy', ['111122223333', '444455556666']],
    ['Read', ['111122223333']],
  ])
  expect(files.get('Read')?.parameters).toContainEqual({ ParameterKey: 'RoleName', ParameterValue: 'Read' })
})
