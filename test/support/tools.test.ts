/** A missing tool must be visible: a test that needs it runs, or says why it does not, or fails. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testWith } from './tools.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stint-tools-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A PATH whose only terraform ends with this exit code; none at all without one. */
function pathWith(exitCode?: number): string {
  const path = mkdtempSync(join(folder, 'bin-'))
  if (exitCode === undefined) return path
  writeFileSync(join(path, 'terraform'), `#!/bin/sh\nexit ${exitCode}\n`)
  chmodSync(join(path, 'terraform'), 0o755)
  return path
}

type Registered = { readonly kind: 'test' | 'skip'; readonly title: string; readonly body: () => unknown }
function registered(env: { PATH: string; STINT_REQUIRE_TOOLS?: string }, body: () => unknown = () => 'ran'): Registered {
  const all: Registered[] = []
  const add = (kind: Registered['kind']) => (title: string, run: () => unknown) => void all.push({ kind, title, body: run })
  testWith('terraform', env, Object.assign(add('test'), { skip: add('skip') }))('plans', body)
  expect(all).toHaveLength(1)
  return all[0] as Registered
}

test('runs the test where the tool runs', () => {
  const { kind, title, body } = registered({ PATH: pathWith(0) })
  expect([kind, title, body()]).toEqual(['test', 'plans', 'ran'])
})
test('runs the test where the tool runs and tools are required', () => {
  const { kind, title, body } = registered({ PATH: pathWith(0), STINT_REQUIRE_TOOLS: '1' })
  expect([kind, title, body()]).toEqual(['test', 'plans', 'ran'])
})
test.each<[string, number | undefined]>([
  ['there is no such file on PATH', undefined],
  ['the file on PATH is a shim with nothing behind it', 127],
])('skips the test and says what to install where %s', (_name, exitCode) => {
  const { kind, title } = registered({ PATH: pathWith(exitCode) })
  expect([kind, title]).toEqual([
    'skip',
    'plans (skipped: terraform is not on PATH; install Terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install)',
  ])
})
test('fails the test, without running it, where the tool is missing and tools are required', () => {
  let ran = false
  const { kind, title, body } = registered({ PATH: pathWith(), STINT_REQUIRE_TOOLS: '1' }, () => {
    ran = true
  })
  expect([kind, title]).toEqual(['test', 'plans'])
  expect(body).toThrow(/^STINT_REQUIRE_TOOLS=1, but terraform is not on PATH; install Terraform/)
  expect(ran).toBe(false)
})
test.each(['0', '', ' ', 'aws', 'aws,'])('skips the test where STINT_REQUIRE_TOOLS is %j', (setting) => {
  expect(registered({ PATH: pathWith(), STINT_REQUIRE_TOOLS: setting }).kind).toBe('skip')
})
test.each(['terraform', 'aws,terraform', 'terraform aws', ' aws, terraform '])(
  'fails the test where STINT_REQUIRE_TOOLS is %j',
  (setting) => {
    const { kind, body } = registered({ PATH: pathWith(), STINT_REQUIRE_TOOLS: setting })
    expect(kind).toBe('test')
    expect(body).toThrow(`STINT_REQUIRE_TOOLS=${setting}, but terraform is not on PATH`)
  },
)
test.each(['teraform', '1,aws', 'true', 'toString'])('refuses %j as STINT_REQUIRE_TOOLS, whether or not the tool runs', (setting) => {
  for (const PATH of [pathWith(), pathWith(0)])
    expect(() => registered({ PATH, STINT_REQUIRE_TOOLS: setting })).toThrow(/^STINT_REQUIRE_TOOLS names an unknown tool: /)
})
