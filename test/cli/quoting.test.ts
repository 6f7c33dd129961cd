/** `stint env` in real shells: every value comes out as it went in, and nothing in it is executed. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeFor, failCode, type Shell, setCode, unsetCode } from '@stint/cli/credentials/shell-code'
import { shellWord } from '@stint/core/shell'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spawned } from '../support/cli-user.ts'
import { testWith } from '../support/tools.ts'

const PRINT =
  'process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => /^V\\d+$/.test(name)))))'
/** What shells treat as special, and what quoting gets wrong first. */
const special = fc.constantFrom(
  "'",
  '"',
  '\\',
  '$',
  '`',
  '!',
  '\n',
  '\r',
  '\t',
  ' ',
  '#',
  ';',
  '&',
  '|',
  '(',
  ')',
  '{',
  '}',
  '~',
  '*',
  '?',
  '[',
  ']',
  '=',
  '%',
  '^',
  '<',
  '>',
  '\u2019',
  '\u0007',
  '\u001b',
  'é',
  '😀',
)
const value = fc.oneof(
  fc.array(special, { maxLength: 12 }).map((parts) => parts.join('')),
  fc
    .string({ unit: 'grapheme', maxLength: 30 })
    .map((text) => text.replaceAll('\0', '').replace(/[\uD800-\uDFFF]/g, (unit) => (text.isWellFormed() ? unit : ''))),
  fc.constantFrom(
    '$(touch PWNED)',
    '`touch PWNED`',
    "'; touch PWNED; '",
    '\\',
    "\\'",
    "'\\''; touch PWNED #",
    '-n',
    '!!',
    '%s',
    "a\n'b'\n",
    '(touch PWNED)',
    '"; touch PWNED; "',
  ),
)

const shells: readonly [program: 'bash' | 'dash' | 'zsh' | 'fish', shell: Shell, args: readonly string[]][] = [
  ['bash', 'bash', ['--norc', '--noprofile', '-c', 'eval "$(cat "$1")"; exec "$2" -e "$3"', 'x']],
  ['dash', 'posix', ['-c', 'eval "$(cat "$1")"; exec "$2" -e "$3"', 'x']],
  ['zsh', 'zsh', ['-f', '-c', 'eval "$(cat "$1")"; exec "$2" -e "$3"', 'x']],
  ['fish', 'fish', ['--no-config', '-c', 'cat $argv[1] | source; exec $argv[2] -e $argv[3]']],
]

describe.each(shells)('%s', (program, shell, args) => {
  const withShell = testWith(program)
  const run = (code: string, script?: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'stint-quoting-'))
    writeFileSync(join(folder, 'code'), code)
    const env = { PATH: process.env.PATH ?? '', HOME: folder, AWS_PROFILE: 'old' }
    const commands = script === undefined ? args : args.map((arg) => (arg.includes('exec') ? arg.replace(/exec .*/, script) : arg))
    return spawned('env', ['-C', folder, program, ...commands, join(folder, 'code'), process.execPath, PRINT], env).then((ran) => ({
      ...ran,
      files: readdirSync(folder).filter((name) => !name.startsWith('.')),
    }))
  }

  withShell('sets every value as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 40, maxLength: 80 }), async (values) => {
        const variables = Object.fromEntries(values.map((one, at) => [`V${at}`, one]))
        const { stdout, files } = await run(setCode(shell, variables))
        expect(JSON.parse(stdout)).toEqual(variables)
        expect(files.filter((name) => name === 'PWNED')).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
  withShell('unsets, and fails with the code, without ending the shell', async () => {
    const status = shell === 'fish' ? 'echo "$status/$AWS_PROFILE/"' : 'echo "$?/$AWS_PROFILE/"'
    const { stdout, code } = await run(`${unsetCode(shell, ['AWS_PROFILE', 'NOT_SET'])}${failCode(shell, 4)}`, status)
    expect([code, stdout]).toEqual([0, '4//\n'])
  })
  withShell('code for either kind of shell sets what AWS issues', async () => {
    const variables = { V0: 'ASIAEXAMPLE', V1: 'wJalr/XUtn+FEMI=', V2: '2026-11-24T10:00:00Z', V3: 'eu-central-1' }
    const { stdout } = await run(`${unsetCode('either', ['AWS_PROFILE', 'NOT_SET'])}${setCode('either', variables)}`)
    expect(JSON.parse(stdout)).toEqual(variables)
  })
  withShell('code for either kind of shell unsets, changes no option, and leaves the status of a success', async () => {
    const options = shell === 'fish' ? 'true' : 'set +o | grep -i "errexit\\|exit_on"'
    const status = shell === 'fish' ? '$status' : '$?'
    const { stdout, stderr } = await run(
      unsetCode('either', ['AWS_PROFILE', 'NOT_SET']),
      `echo "${status}/$AWS_PROFILE/"; ${options}; false; echo alive`,
    )
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^0\/\/\n/)
    expect(stdout).toMatch(/alive\n$/)
    expect(stdout).not.toMatch(/^set -o errexit/m)
  })
  withShell('code for either kind of shell fails with the code', async () => {
    const status = shell === 'fish' ? '$status' : '$?'
    const { stdout } = await run(
      `${unsetCode('either', ['AWS_PROFILE', 'NOT_SET'])}${failCode('either', 4)}`,
      `echo "${status}/$AWS_PROFILE/"`,
    )
    expect(stdout).toBe('4//\n')
  })
  withShell('its own code leaves the status of a success', async () => {
    const { stdout } = await run(
      `${unsetCode(shell, ['NOT_SET', 'NOR_THIS'])}${setCode(shell, { V0: 'x' })}`,
      `echo "${shell === 'fish' ? '$status' : '$?'}/$V0/"`,
    )
    expect(stdout).toBe('0/x/\n')
  })
})

describe.each([
  ['bash', ['--norc', '--noprofile']],
  ['dash', []],
  ['zsh', ['-f']],
] as const)('a word to show in a command, in %s', (program, options) => {
  testWith(program)('is the word that was given', async () => {
    const path = fc.constantFrom('', '/home/dana/a file', '/etc/passwd', '=ls', '~', '-n', 'bucket=acme-orders-logs')
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(value, path), { minLength: 40, maxLength: 80 }), async (words) => {
        const { stdout } = await spawned(program, [...options, '-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {})
        expect(stdout).toBe(words.map((word) => `${word}\0`).join(''))
      }),
      { numRuns: 15 },
    )
  })
})

test('there is no code for either kind of shell if a value would differ', () => {
  for (const value of ["a'b", 'a\\b']) expect(() => setCode('either', { A: value })).toThrow(RangeError)
})

test.each([
  // It names the login shell, and another one may read the code.
  [{ SHELL: '/usr/bin/fish' }, 'linux', 'either'],
  [{ SHELL: '/bin/zsh' }, 'darwin', 'posix'],
  [{}, 'linux', 'posix'],
  [{}, 'win32', 'powershell'],
  [{ SHELL: 'C:\\Program Files\\Git\\usr\\bin\\bash.exe' }, 'win32', 'posix'],
] as const)('%j on %s is %s', (env, platform, shell) => {
  expect(codeFor(env, platform)).toBe(shell)
})

test('PowerShell doubles every quote that it knows, and nothing else is special in single quotes', () => {
  expect(setCode('powershell', { A: 'a\'b\u2018c\u2019d$(x)`"' })).toBe("$env:A = 'a''b\u2018\u2018c\u2019\u2019d$(x)`\"'\n")
})
