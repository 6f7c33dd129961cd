/**
 * Shell code that sets or unsets variables. Every value comes out as it went in, whatever it holds, and nothing in it is executed. For POSIX
 * shells it is the same code as that of `format: env` (core/shell.ts).
 */
import { exportCode, failCode as posixFailCode, unsetCode as posixUnsetCode } from '@stint/core/shell'

export const shells = ['posix', 'bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof shells)[number]
/**
 * Which code is printed. `either` runs in fish and in POSIX shells alike. It is for a $SHELL of fish: that variable names the login shell,
 * which need not be the one that reads the code, and bash takes fish's `set -e` for its own option, which ends it at the next error.
 */
export type Code = Shell | 'either'

/** fish: inside single quotes, a backslash escapes a quote and a backslash (fish documentation, "Quotes"). */
export const fishQuoted = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`
/** PowerShell: a quote is doubled, and it takes the typographic ones for quotes too (about_Quoting_Rules). */
const powershell = (value: string): string => `'${value.replace(/['\u2018\u2019\u201A\u201B]/g, '$&$&')}'`

/** True in fish, which reads two backslashes in single quotes as one, and false in every POSIX shell. */
const IS_FISH = "test x'\\\\'x = x\\\\x"

export function setCode(code: Code, variables: Readonly<Record<string, string>>): string {
  const entries = Object.entries(variables)
  if (code === 'fish') return entries.map(([name, value]) => `set -gx ${name} ${fishQuoted(value)}\n`).join('')
  if (code === 'powershell') return entries.map(([name, value]) => `$env:${name} = ${powershell(value)}\n`).join('')
  // fish has `export`, too. Values in single quotes mean the same to both, unless they hold a quote or a backslash.
  if (code === 'either' && entries.some(([, value]) => /[\\']/.test(value)))
    throw new RangeError('a value with a quote or a backslash has no code that every shell reads alike')
  return exportCode(variables)
}

/** In fish, erasing what is not set fails, so the code ends with a success of its own. */
const fishUnset = (names: readonly string[]): string => `set -e ${names.join(' ')}; true`

export function unsetCode(code: Code, names: readonly string[]): string {
  if (code === 'fish') return `${fishUnset(names)}\n`
  if (code === 'powershell') return `Remove-Item -ErrorAction Ignore ${names.map((name) => `Env:${name}`).join(', ')}\n`
  if (code === 'either') return `${IS_FISH} && eval '${fishUnset(names)}' || ${posixUnsetCode(names)}`
  return posixUnsetCode(names)
}

/** Makes `eval` return this code, without ending the user's shell. */
export function failCode(code: Code, exit: number): string {
  if (code === 'fish' || code === 'either') return `sh -c 'exit ${exit}'\n`
  if (code === 'powershell') return `$global:LASTEXITCODE = ${exit}; throw 'stint: no credentials'\n`
  return posixFailCode(exit)
}

/** The code for whatever shell reads it, if the user does not say which one that is. */
export function codeFor(env: { readonly [name: string]: string | undefined }, platform: NodeJS.Platform): Code {
  const name = /([^/\\]+?)(\.exe)?$/i.exec(env.SHELL ?? '')?.[1]
  if (name === 'fish') return 'either'
  if (name === undefined && (platform === 'win32' || env.PSModulePath !== undefined)) return 'powershell'
  return 'posix'
}
