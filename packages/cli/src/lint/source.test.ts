/** From a path to a line, and from a comment to what it silences. */
import { describe, expect, test } from 'vitest'
import type { Finding } from './catalogue.ts'
import { place, reportJson, reportText } from './report.ts'
import { readSource } from './source.ts'

const text = `import { defineConfig, github, type Config } from 'stint'
import { more } from './more.ts'

const shared = { region: 'eu-central-1' }
const gh = github({
  key: 'gh',
  audiences: ['a'],
})
const eligible = [
  { issuer: 'gh', claims: { ref: 'refs/heads/main', 'x.y/z': '1' } },
]

export default defineConfig({
  issuers: { gh, ...more.issuers },
  targets: {
    t: { account: '1', ...shared },
  },
  profiles: {
    // stint-lint-ignore fork-reachable: the environment's rules keep forks out
    a: {
      target: 't',
      eligible,
    },
    b: {
      eligible: [
        { issuer: 'gh', claims: { sub: 'x' } }, // stint-lint-ignore name-without-id: never renamed
      ],
    } satisfies Config,
  },
} as const)
`
const source = readSource(text)

describe('locate', () => {
  test.each<[string, number | undefined]>([
    ['issuers.gh', 14],
    ['issuers.gh.audiences[0]', 7],
    ['issuers.gh.tenant', 14],
    ['targets.t.region', 4],
    ['targets.t.account', 16],
    ['profiles.a.target', 21],
    ['profiles.a.eligible[0].claims.ref', 10],
    ['profiles.a.eligible[0].claims.x.y/z', 10],
    ['profiles.b.eligible[0].claims.sub', 26],
    ['profiles.b.eligible[7]', 25],
    ['profiles.c.eligible', 18],
    ['nothing', undefined],
  ])('%s is said on line %s', (path, line) => expect(source.locate(path)?.at.line).toBe(line))
  test('lists with a list spread in them are counted through', () => {
    const of = readSource(
      "const devs = [\n  { issuer: 'a' },\n  { issuer: 'b' },\n]\nexport default {\n  profiles: { p: { eligible: [\n    ...devs,\n    { issuer: 'c' },\n    ...made(),\n    { issuer: 'd' },\n  ] } },\n}\n",
    )
    expect([0, 1, 2, 3].map((index) => of.locate(`profiles.p.eligible[${index}].issuer`)?.at.line)).toEqual([2, 3, 8, 6])
  })
  test('an argument is what comes out of a helper of ours, and of no other function', () => {
    const of = readSource(
      "import { defineConfig } from 'stint'\nexport default defineConfig({\n  profiles: { q: merge({ target: 't' }, { target: 'u' }) },\n})\n",
    )
    expect(of.locate('profiles.q.target')?.at.column).toBe(15)
  })
  test('what is no config has no lines', () => expect(readSource('export const x = 1').locate('profiles')).toBeUndefined())
})

describe('exceptions', () => {
  const finding = (rule: Finding['rule'], path: string): Finding => ({ rule, path, what: 'what' })
  const rest = (findings: readonly Finding[], of = source) =>
    place(findings, of).findings.map(({ rule, what, at }) => [rule, at?.line, what])
  const both = [finding('fork-reachable', 'profiles.a.eligible[0]'), finding('name-without-id', 'profiles.b.eligible[0].claims.sub')]

  test('silence what stands below them, and beside them', () => {
    expect(place(both, source)).toEqual({ findings: [], ignored: 2 })
  })
  test('silence no other rule and no other place', () => {
    const others = [finding('fork-reachable', 'profiles.b.eligible[0]'), finding('name-without-id', 'profiles.a.eligible[0].claims.ref')]
    expect(rest([...both, ...others])).toEqual([
      ['name-without-id', 10, 'what'],
      ['fork-reachable', 26, 'what'],
    ])
  })
  test('that silence nothing are found', () => {
    expect(rest([both[0] as Finding])).toEqual([['ignore', 26, 'It silences nothing: there is no name-without-id finding here.']])
  })
  test.each([
    ['no reason', '// stint-lint-ignore fork-reachable', /^The reason is missing/],
    ['an empty reason', '// stint-lint-ignore fork-reachable:  ', /^The reason is missing/],
    ['no rule', '// stint-lint-ignore: because', /^Unknown rule/],
    ['a reason that is none', '// stint-lint-ignore fork-reachable: .', /^The reason is missing/],
    ['another form', '// stint-lint-ignore fork-reachable because', /^Unknown rule/],
    ['two rules at once', '// stint-lint-ignore fork-reachable, open-prefix: because', /^Unknown rule/],
    ['another name', '// stint-lint-ignore-next-line fork-reachable: because', /^Unknown rule/],
    ['the config’s own faults', '// stint-lint-ignore config: because', /^'config' cannot be silenced/],
    ['a rule that is none', '// stint-lint-ignore forks: because', /^Unknown rule 'forks'/],
  ])('with %s are found and silence nothing', (_name, comment, what) => {
    const of = readSource(text.replace(/\/\/ stint-lint-ignore fork.*/, comment))
    expect(rest(both, of)).toEqual(
      [
        ['ignore', 19, expect.stringMatching(what)],
        ['fork-reachable', 10, 'what'],
      ].toSorted((a, b) => Number(a[1]) - Number(b[1])),
    )
  })
  test('above a whole section silence nothing', () => {
    const of = readSource(
      text
        .replace('  profiles: {', '  // stint-lint-ignore fork-reachable: all of them\n  profiles: {')
        .replace(/ {4}\/\/ stint-lint-ignore fork.*\n/, ''),
    )
    expect(rest(both, of).map(([rule]) => rule)).toEqual(['fork-reachable', 'ignore'])
  })
  test('one within another is not idle', () => {
    const of = readSource(
      text.replace(
        '      eligible,\n',
        "      // stint-lint-ignore fork-reachable: and here again\n      eligible: [{ issuer: 'gh', claims: {} }],\n",
      ),
    )
    expect(place([both[0] as Finding], of).findings.filter(({ at }) => at?.line !== 27)).toEqual([])
  })
  test('behind a comment on the same line hold for that line', () => {
    const of = readSource(
      text.replace(
        / {4}\/\/ stint-lint-ignore fork.*\n {4}a: \{/,
        "    /* stint-lint-ignore fork-reachable: the environment's rules */ a: {",
      ),
    )
    expect(rest([both[0] as Finding], of).map(([rule]) => rule)).toEqual(['ignore']) // the other one, which is idle
  })
  test('above what is computed silence what comes out of it', () => {
    const of = readSource(
      "import { defineConfig } from 'stint'\nexport default defineConfig({\n  // stint-lint-ignore fork-reachable: made from the list of teams\n  profiles: Object.fromEntries([]),\n})\n",
    )
    expect(rest([both[0] as Finding], of)).toEqual([])
  })
  test('are not counted as idle where the config check came first', () => {
    expect(rest([finding('config', 'profiles.a.target')])).toEqual([['config', 21, 'what']])
  })
})

test('a person reads place, rule, what, why and fix; a machine the same', () => {
  const { findings, ignored } = place(
    [{ rule: 'mutable-person', path: 'profiles.a.eligible[0].claims.ref', what: 'what it is' }],
    readSource(text.replace(/\/\/ stint-lint-ignore.*/g, '')),
  )
  expect(reportText('stint.config.ts', findings, ignored)).toMatch(
    /^stint\.config\.ts:10:\d+ {2}error {2}mutable-person {2}profiles\.a\S+\n {2}what it is\n {2}why {2}.+\n {2}fix {2}.+\n\n1 error\.\n$/,
  )
  expect(JSON.parse(reportJson('stint.config.ts', findings, 3))).toMatchObject({
    file: 'stint.config.ts',
    findings: [{ rule: 'mutable-person', severity: 'error', line: 10, what: 'what it is' }],
    ignored: 3,
  })
  expect(reportText('f', [], 1)).toBe('No findings; 1 silenced with a reason.\n')
})
