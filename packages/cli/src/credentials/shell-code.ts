/**
 * Shell code that sets or unsets variables. Every value comes out as it went in, whatever it holds, and nothing in it is executed. For POSIX
 * shells it is the same code as that of `format: env` (core/shell.ts).
 */
import { exportCode, failCode as posixFailCode, unsetCode as posixUnsetCode } from '@stint/core/shell'

export const shells = ['posix', 'bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof shells)[number]

/** fish: inside single quotes, a backslash escapes a quote and a backslash (fish documentation, "Quotes"). */
const fish = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`
/** PowerShell: a quote is doubled, and it takes the typographic ones for quotes too (about_Quoting_Rules). */
const powershell = (value: string): string => `'${value.replace(/['\u2018\u2019\u201A\u201B]/g, '$&$&')}'`

export function setCode(shell: Shell, variables: Readonly<Record<string, string>>): string {
  const line = {
    fish: (name: string, value: string) => `set -gx ${name} ${fish(value)}`,
    powershell: (name: string, value: string) => `$env:${name} = ${powershell(value)}`,
  }[shell as string]
  if (!line) return exportCode(variables)
  return Object.entries(variables)
    .map(([name, value]) => `${line(name, value)}\n`)
    .join('')
}

export function unsetCode(shell: Shell, names: readonly string[]): string {
  if (shell === 'fish') return `set -e ${names.join(' ')}\n`
  if (shell === 'powershell') return `Remove-Item -ErrorAction Ignore ${names.map((name) => `Env:${name}`).join(', ')}\n`
  return posixUnsetCode(names)
}

/** Makes `eval` return this code, without ending the user's shell. */
export function failCode(shell: Shell, code: number): string {
  if (shell === 'fish') return `sh -c 'exit ${code}'\n`
  if (shell === 'powershell') return `$global:LASTEXITCODE = ${code}; throw 'stint: no credentials'\n`
  return posixFailCode(code)
}

export function shellOf(env: { readonly [name: string]: string | undefined }, platform: NodeJS.Platform): Shell {
  const name = /([^/\\]+?)(\.exe)?$/i.exec(env.SHELL ?? '')?.[1]
  if (name === 'fish') return 'fish'
  if (name === undefined && (platform === 'win32' || env.PSModulePath !== undefined)) return 'powershell'
  return 'posix'
}
