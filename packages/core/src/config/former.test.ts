import { describe, expect, test } from 'vitest'
import { config, profile } from '../testing/fixtures.ts'
import { checkConfig } from './check.ts'
import { deprecatedIn, type FormerSetting, formerFault, formerSettings } from './former.ts'
import { configSchema } from './schema.ts'

const [since, instead] = ['0.2.0', 'Set maxUses.']
const table: readonly FormerSetting[] = [
  { kind: 'renamed', path: 'profiles.*.summary', since, to: 'description' },
  { kind: 'renamed', path: 'profiles.*.approval.rules[*].needed', since, to: 'count' },
  { kind: 'removed', path: 'approvals', since, instead },
  { kind: 'deprecated', path: 'profiles.*.description', since, instead },
  { kind: 'deprecated', path: 'profiles.*.eligible[*].issuer', since, instead },
  { kind: 'deprecated', path: 'log', since, instead },
]
type Draft = any
const approval = (rule: object) => ({ rules: [rule], expiresAfter: '1h', window: '1h', maxUses: 1 })
const by = [{ issuer: 'people', claims: { groups: 'approvers' } }]

describe('a setting that is gone', () => {
  const faultsOf = (change: (config: Draft) => void, former?: readonly FormerSetting[]) => {
    const changed = structuredClone(config()) as Draft
    change(changed)
    const checked = checkConfig(changed, {}, former)
    return checked.ok ? [] : checked.faults
  }
  test.each<[string, (config: Draft) => void, string, string]>([
    [
      'renamed, of a profile',
      (it) => Object.assign(it.profiles.reader, { summary: 'x' }),
      'profiles.reader.summary',
      'was renamed to description in 0.2.0',
    ],
    [
      'renamed, in a list',
      (it) => Object.assign(it.profiles.reader, { approval: approval({ by, count: 1, needed: 1 }) }),
      'profiles.reader.approval.rules[0].needed',
      'was renamed to count in 0.2.0',
    ],
    ['removed', (it) => Object.assign(it, { approvals: {} }), 'approvals', 'was removed in 0.2.0. Set maxUses.'],
    [
      'never there',
      (it) => Object.assign(it.profiles.reader, { sumary: 'x' }),
      'profiles.reader.sumary',
      'is an unknown setting. Remove it or check the spelling',
    ],
  ])('%s', (_what, change, path, fault) => expect(faultsOf(change, table)).toEqual([{ path, fault }]))

  test('in any place of a list', () =>
    expect(formerFault('profiles.a.approval.rules[10].needed', table)).toBe('was renamed to count in 0.2.0'))
  test.each([
    ['a setting below it', 'approvals.window'],
    ['a setting above it', 'profiles'],
    ['a place of a list in its stead', 'profiles.a[0]'],
    ['a name where the table has a place', 'profiles.a.approval.rules.x.needed'],
    ['more than a place', 'profiles.a.approval.rules[0]x.needed'],
    ['a deprecated setting', 'log'],
  ])('is not %s', (_name, path) => expect(formerFault(path, table)).toBeUndefined())
})

test.each<[string, boolean]>([
  ['profiles.reader.approval.rules[12].needed', true],
  ['profiles.reader.approval.rules.needed', false],
  ['profiles.reader.approval.rules[x].needed', false],
  ['profiles.reader.approval.rules[0]x.needed', false],
  ['profiles.reader.approval.rules.x[0].needed', false],
  ['profiles.reader.approval.rules[0].needed.of', false],
  ['profiles.reader.approval', false],
  // It still works.
  ['log', false],
])('%s is a setting of an earlier release: %s', (path, isFormer) => expect(formerFault(path, table) !== undefined).toBe(isFormer))

describe('a deprecated setting', () => {
  test('is `chaining`, for which there is `mints`', () =>
    expect(deprecatedIn({ profiles: { a: { chaining: true } } })).toEqual([
      { path: 'profiles.a.chaining', what: "Deprecated since 0.1.0. Use mints: ['sts:AssumeRole'], which has the same effect." },
    ]))

  const what = 'Deprecated since 0.2.0. Set maxUses.'
  test.each<[string, unknown, readonly string[]]>([
    ['of each profile that has it', { profiles: { a: { description: 'x' }, b: {}, c: { description: '' } } }, ['a', 'c']],
    ['of no profile', { profiles: { a: { descriptions: 'x' } } }, []],
    ['of no config', { profiles: { a: null } }, []],
    ['of no profiles', { profiles: undefined }, []],
    ['that is undefined', { profiles: { a: { description: undefined } } }, []],
    ['that was renamed before', { profiles: { a: { summary: 'x' } } }, []],
  ])('%s', (_what, given, ids) =>
    expect(deprecatedIn(given, table)).toEqual(ids.map((id) => ({ path: `profiles.${id}.description`, what }))),
  )
  test('in lists and at the top', () => {
    const given = { log: {}, profiles: { a: { eligible: [{}, { issuer: 'x' }, { issuer: 'y' }] } } }
    const paths = deprecatedIn(given, table).map(({ path }) => path)
    expect(paths).toEqual(['profiles.a.eligible[1].issuer', 'profiles.a.eligible[2].issuer', 'log'])
  })
})

test('chaining is deprecated, in favor of mints', () =>
  expect(deprecatedIn(config({ reader: profile({ chaining: true }) }))).toEqual([
    { path: 'profiles.reader.chaining', what: expect.stringContaining("Use mints: ['sts:AssumeRole']") },
  ]))

describe('the table', () => {
  /** The schema's own description of a setting; undefined if there is none. */
  function settingAt(path: string): { readonly description: string | undefined } | undefined {
    const inner = (schema: Draft): Draft => schema?.wrapped ?? schema?.pipe?.[0] ?? schema
    const bare = (schema: Draft): Draft => (inner(schema) === schema ? schema : bare(inner(schema)))
    let schema: Draft = configSchema
    for (const segment of path.replaceAll('[', '.[').split('.')) {
      const at = bare(schema)
      schema = segment === '*' ? at?.value : segment === '[*]' ? at?.item : at?.entries?.[segment]
    }
    if (schema === undefined) return undefined
    const described = (one: Draft): string | undefined =>
      one?.pipe?.find(({ type }: Draft) => type === 'description')?.description ?? (one?.wrapped && described(one.wrapped))
    return { description: described(schema) }
  }
  test('finds settings in the schema', () => {
    expect(settingAt('profiles.*.eligible[*].issuer')?.description).toMatch(/^The issuer/)
    expect(settingAt('profiles.*.nothing')).toBeUndefined()
  })
  test.each(formerSettings)('$path is $kind, and the schema agrees', (former) => {
    const setting = settingAt(former.path)
    if (former.kind === 'deprecated') expect(setting?.description).toMatch(/^Deprecated\./)
    else expect(setting).toBeUndefined()
    if (former.kind === 'renamed') expect(settingAt(former.path.replace(/[^.]+$/, former.to))).toBeDefined()
    expect(former.since).toMatch(/^\d+\.\d+\.\d+$/)
    if (former.kind !== 'renamed') expect(former.instead).toMatch(/\.$/)
  })
})
