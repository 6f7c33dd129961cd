import { run, type StricliDynamicCommandContext } from '@stricli/core'
import { describe, expect, test } from 'vitest'
import type { Context } from '../context.ts'
import { allCommands, applicationFor } from './tree.ts'

// `sandbox` passes its words on to npm start.
test.each(['json', 'quiet', 'debug'])('every command but sandbox has --%s', (flag) => {
  const lacking = allCommands().filter(({ hasFlag }) => !hasFlag(flag))
  expect(lacking.map(({ name }) => name)).toEqual(['sandbox'])
})

const helpOf = async (words: readonly string[]): Promise<string> => {
  let said = ''
  const stream = { isTTY: false, write: (text: string) => (said += text) }
  const process = { env: {}, stdout: stream, stderr: stream, exitCode: null }
  await run(applicationFor(process as unknown as NodeJS.Process), [...words, '--help'], {
    process,
  } as unknown as StricliDynamicCommandContext<Context>)
  return said
}

describe('the help of', () => {
  test.each<[command: string, ...lines: string[]]>([
    ['show', 'ID'],
    ['shell', '[PROFILE]'],
    ['test', '[FILE]'],
    ['why', '[MESSAGE...]'],
    ['import github', 'FILE...'],
    ['audit export', '--from URL|DIR|S3'],
    ['exec', '[PROFILE] -- COMMAND'],
    ['end', 'ID', '--person ID -j TEXT', '--person ID --scp'],
    ['freeze', '[--all|--profile ID|--target ID|--issuer ID [--subject ID]|--person ID] [-j TEXT]'],
    ['target add', '--name NAME --account ACCOUNT', '--csv FILE'],
    ['audit receipt', 'FILE --vkey VKEY'],
    ['audit rebuild', '--from URL|DIR|S3 --side-table NAME'],
    ['sandbox', '[-- OPTION...]', 'token NAME', 'browser NAME URL', 'mfa'],
    ['whoami'],
  ])('stint %s names what it takes', async (command, ...lines) => {
    const usage = (await helpOf(command.split(' '))).split('\n\n')[0]
    expect(usage).toBe(
      ['USAGE', ...[...(lines.length > 0 ? lines : ['']), '--help'].map((line) => `  stint ${command} ${line}`.trimEnd())].join('\n'),
    )
  })
  test.each(allCommands().map(({ name }) => name))('stint %s does not ask for a value without a name', async (command) => {
    expect(await helpOf(command.split(' '))).not.toMatch(/--[\w-]+ (value|VALUE)\b|<[A-Z|]+>/)
  })
})
