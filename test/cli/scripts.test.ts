/** Whole sessions at the command line: every file of `scripts`, against a sandbox of its own. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliUser, cliUser } from '../support/cli-user.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { filled, parseScript, patternOf, wordsOf } from './script.ts'

const folder = fileURLToPath(new URL('scripts/', import.meta.url))

describe.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  let sandbox: TestSandbox
  const users = new Map<string, CliUser>()
  const values = new Map<string, string>()
  beforeAll(async () => {
    sandbox = await testSandbox()
    values.set('URL', sandbox.urls.broker)
    values.set('VKEY', sandbox.logVkey)
    values.set('HOST', new URL(sandbox.urls.broker).host)
    values.set('ISSUER', sandbox.urls.issuer)
  })
  afterAll(() => sandbox.close())

  test.each(parseScript(readFileSync(`${folder}${name}`, 'utf8')).map((step) => [`line ${step.line}: ${step.command}`, step] as const))(
    '%s',
    async (_title, step) => {
      const user = users.get(step.as) ?? cliUser(sandbox, step.as)
      users.set(step.as, user)
      values.set('HOME', user.home)
      sandbox.settle()
      await sandbox.ship()
      const words = wordsOf(filled(step.command, values))
      const environment = Object.fromEntries(
        words.slice(0, words.indexOf('stint')).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      )
      const ran = await user.run(words.slice(words.indexOf('stint') + 1), environment)
      const shown = `${ran.stdout}${ran.stderr}`
      expect([ran.code, shown]).toEqual([step.code, shown])
      if (step.capture === undefined) expect(ran.stdout).toMatch(patternOf(step.stdout, values))
      else values.set(step.capture, ran.stdout.trim())
      expect(ran.stderr).toMatch(patternOf(step.stderr, values))
    },
  )
})
