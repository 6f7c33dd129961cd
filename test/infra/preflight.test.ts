/** The checks before a deployment: each finding by itself, and a deployment of the repository's own config. */

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
  ['accepts a complete deployment', {}, []],
  [
    'stops if the secrets for Slack are missing',
    manifest({ slack: true }),
    [
      [
        true,
        /SlackToken is missing\. It holds the bot token of your Slack app, which the config's `slack` needs\.\n {2}npx sst secret set SlackToken xoxb-… --stage dev/,
      ],
      [true, /SlackSigningSecrets is missing/],
    ],
  ],
  ['accepts Slack with its secrets', { ...manifest({ slack: true }), hasSecret: (name) => name.startsWith('Slack') }, []],
  [
    'stops if the token of a directory is missing',
    manifest({ directories: ['people'] }),
    [[true, /DirectoryTokens .*for people.*\n.*'\{"people":"…"\}' --stage dev/]],
  ],
  [
    'stops if the client secret of a sign-in is missing',
    manifest({ signIn: ['people'] }),
    [[true, /SignInSecrets .*client secret of people/]],
  ],
  [
    'needs no client secret for a sign-in through the user pool',
    { ...manifest({ signIn: ['people'] }), ...settings({ userPool: true }) },
    [],
  ],
  [
    'warns about example names on a stage that can be removed',
    manifest({ placeholders: ['login.acme.example'] }),
    [[false, /still has example names: login\.acme\.example/]],
  ],
  [
    'stops at example names on a stage that is kept',
    { ...manifest({ placeholders: ['111122223333'] }), ...settings({ alarmsTo: ['a@b.c'] }), kept: true },
    [[true, /still has example names: 111122223333/]],
  ],
  ['stops at a stage in upper case with a user pool', { stage: 'Dev', ...settings({ userPool: true }) }, [[true, /lower-case/]]],
  ['accepts a stage in upper case without a user pool', { stage: 'Dev' }, []],
  ['stops at a stage with a reserved word', { stage: 'my-aws', ...settings({ userPool: true }) }, [[true, /must not contain 'aws'/]]],
  ['stops at a stage that is too long', { stage: 'x'.repeat(45), ...settings({ userPool: true }) }, [[true, /too long/]]],
  ['accepts the longest stage', { stage: 'x'.repeat(44), ...settings({ userPool: true }) }, []],
  [
    'stops at the concurrency of a new account',
    { ...settings({ reserveConcurrency: true }), concurrency: 10 },
    [[true, /can run 10 functions at once/]],
  ],
  ['stops at a concurrency that is one too low', { ...settings({ reserveConcurrency: true }), concurrency: 103 }, [[true, /needs 104/]]],
  ['accepts the lowest concurrency', { ...settings({ reserveConcurrency: true }), concurrency: 104 }, []],
  ['warns if the concurrency is unknown', settings({ reserveConcurrency: true }), [[false, /could not be read/]]],
  ['accepts a resource to adopt', settings({ adopt: { StoryTable: 'stint-dev-StoryTable-x' } }), []],
  [
    'stops at an unknown resource to adopt',
    settings({ adopt: { Storytable: 'x' } as object }),
    [[true, /unknown resource Storytable\.\n.*StoryTable, SideTable/]],
  ],
  ['warns if no one receives the alarms of a stage that is kept', { kept: true }, [[false, /No one receives the alarms/]]],
])('%s', (_what, more, expected) => {
  const found = preflight({ ...good, ...more })
  expect(found.map((finding) => [finding.stops, findingsText([finding])])).toEqual(
    expected.map(([stops, words]) => [stops, expect.stringMatching(words)]),
  )
})

describe('the repository’s own config', () => {
  test('has example names', async () => {
    const checked = await loadConfig(join(root, 'stint.config.ts'), {})
    const found = checked.ok ? placeholdersIn(checked.rules) : []
    expect(found).toContain('111122223333')
    expect(found.some((name) => name.endsWith('.example'))).toBe(true)
    expect(found).not.toContain('token.actions.githubusercontent.com')
  })
  test('is not deployed to prod, and creates no resource', async () => {
    const error: Error = await deploy('prod', undefined, { isExample: true }).then(
      () => Promise.reject(new Error('it deployed')),
      (thrown) => thrown,
    )
    expect(error.message).toMatch(/Nothing was deployed\.[\s\S]*error: The config still has example names/)
    expect((error as Error & { resources: readonly object[] }).resources).toEqual([])
  }, 400_000)
})

test('adopt takes over what a removed stage left', async () => {
  const adopt = Object.fromEntries(adoptable.map((name) => [name, `stint-again-${name}`]))
  const { found, resources } = await deploy('again', { adopt })
  expect(found).toMatchObject(adopt)
  expect(resources.filter(({ name }) => Object.hasOwn(adopt, name))).toEqual([])
}, 400_000)
