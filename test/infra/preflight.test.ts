/** What a deployment says before it makes anything: each finding by itself, and a deployment of the repository's own config. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@stint/broker/build/config-file'
import { placeholdersIn } from '@stint/broker/build/placeholders'
import { describe, expect, test } from 'vitest'
import { adoptable } from '../../infra/adoptable.ts'
import { findingsText, preflight } from '../../infra/preflight.ts'
import { deploy } from './deploy.ts'
import { root } from './platform.ts'

type Facts = Parameters<typeof preflight>[0]
const good: Facts = {
  stage: 'dev',
  kept: false,
  settings: { alarmsTo: [], reserveConcurrency: false, userPool: false },
  manifest: { slack: false, directories: [], signIn: [], placeholders: [] },
  hasSecret: () => false,
}
const settings = (more: Partial<Facts['settings']>) => ({ settings: { ...good.settings, ...more } })
const manifest = (more: Partial<Facts['manifest']>) => ({ manifest: { ...good.manifest, ...more } })

test.each<[string, Partial<Facts>, readonly [boolean, RegExp][]]>([
  ['nothing', {}, []],
  [
    'slack without secrets',
    manifest({ slack: true }),
    [
      [
        true,
        /SlackToken is missing\. It holds the bot token of your Slack app, which the config's `slack` needs\.\n {2}npx sst secret set SlackToken xoxb-… --stage dev/,
      ],
      [true, /SlackSigningSecrets is missing/],
    ],
  ],
  ['slack with secrets', { ...manifest({ slack: true }), hasSecret: (name) => name.startsWith('Slack') }, []],
  ['a directory', manifest({ directories: ['people'] }), [[true, /DirectoryTokens .*for people.*\n.*'\{"people":"…"\}' --stage dev/]]],
  ['a sign-in', manifest({ signIn: ['people'] }), [[true, /SignInSecrets .*client secret of people/]]],
  ['a sign-in through the user pool', { ...manifest({ signIn: ['people'] }), ...settings({ userPool: true }) }, []],
  [
    'an example, on a stage that goes',
    manifest({ placeholders: ['login.acme.example'] }),
    [[false, /still has example names: login\.acme\.example/]],
  ],
  [
    'an example, on a stage that stays',
    { ...manifest({ placeholders: ['111122223333'] }), ...settings({ alarmsTo: ['a@b.c'] }), kept: true },
    [[true, /still has example names: 111122223333/]],
  ],
  ['a stage in upper case, with a user pool', { stage: 'Dev', ...settings({ userPool: true }) }, [[true, /lower-case/]]],
  ['a stage in upper case, without one', { stage: 'Dev' }, []],
  ['a stage with a reserved word', { stage: 'my-aws', ...settings({ userPool: true }) }, [[true, /must not contain 'aws'/]]],
  ['a stage that is too long', { stage: 'x'.repeat(45), ...settings({ userPool: true }) }, [[true, /too long/]]],
  ['the longest stage', { stage: 'x'.repeat(44), ...settings({ userPool: true }) }, []],
  ['a new account', { ...settings({ reserveConcurrency: true }), concurrency: 10 }, [[true, /can run 10 functions at once/]]],
  ['101', { ...settings({ reserveConcurrency: true }), concurrency: 101 }, [[true, /needs 102/]]],
  ['102', { ...settings({ reserveConcurrency: true }), concurrency: 102 }, []],
  ['an unknown quota', settings({ reserveConcurrency: true }), [[false, /could not be read/]]],
  ['a resource to adopt', settings({ adopt: { StoryTable: 'stint-dev-StoryTable-x' } }), []],
  [
    'a resource to adopt that is unknown',
    settings({ adopt: { Storytable: 'x' } as object }),
    [[true, /unknown resource Storytable\.\n.*StoryTable, SideTable/]],
  ],
  ['alarms for nobody, on a stage that stays', { kept: true }, [[false, /No one receives the alarms/]]],
])('%s', (_what, more, expected) => {
  const found = preflight({ ...good, ...more })
  expect(found.map((finding) => [finding.stops, findingsText([finding])])).toEqual(
    expected.map(([stops, words]) => [stops, expect.stringMatching(words)]),
  )
})

describe('the repository’s own config', () => {
  test('has the names of an example', async () => {
    const checked = await loadConfig(join(root, 'stint.config.ts'), {})
    const found = checked.ok ? placeholdersIn(checked.rules) : []
    expect(found).toContain('111122223333')
    expect(found.some((name) => name.endsWith('.example'))).toBe(true)
    expect(found).not.toContain('token.actions.githubusercontent.com')
  })
  test('does not deploy to prod, and nothing is made', async () => {
    const error: Error = await deploy('prod', undefined, { isExample: true }).then(
      () => Promise.reject(new Error('it deployed')),
      (thrown) => thrown,
    )
    expect(error.message).toMatch(/Nothing was deployed\.[\s\S]*error: The config still has example names/)
    expect((error as Error & { resources: readonly object[] }).resources).toEqual([])
  }, 400_000)
})

test('docs/examples/deploy-role.json has every service of which prod has a resource', async () => {
  const { Statement } = JSON.parse(await readFile(join(root, 'docs/examples/deploy-role.json'), 'utf8')) as { Statement: Statement[] }
  const allowed = new Set(Statement.flatMap(({ Action }) => Action.map((action) => action.split(':')[0])))
  const prefixes: { readonly [module: string]: string } = { apigatewayv2: 'apigateway', cognito: 'cognito-idp' }
  const { resources } = await deploy('prod')
  const used = new Set(
    resources.flatMap(({ type }) => {
      const [, module = ''] = /^aws:(\w+)\/(?!log|event)/.exec(type) ?? []
      if (/^aws:cloudwatch\/log/.test(type)) return ['logs']
      if (/^aws:cloudwatch\/event/.test(type)) return ['events']
      return module === '' ? [] : [prefixes[module] ?? module]
    }),
  )
  expect(used.size).toBeGreaterThan(8)
  expect([...used].filter((service) => !allowed.has(service))).toEqual([])
}, 400_000)
type Statement = { readonly Action: readonly string[] }

test('adopt takes over what a removed stage left', async () => {
  const adopt = Object.fromEntries(adoptable.map((name) => [name, `stint-again-${name}`]))
  const { found, resources } = await deploy('again', { adopt })
  expect(found).toMatchObject(adopt)
  expect(resources.filter(({ name }) => Object.hasOwn(adopt, name))).toEqual([])
}, 400_000)
