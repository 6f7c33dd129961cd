/** What the workflow asks for. Names and meanings are those of aws-actions/configure-aws-credentials where it has them. */
import { InputError, type Runner } from './runner.ts'

export type Inputs = {
  readonly url: string
  readonly profile: string
  readonly parameters: Readonly<Record<string, string>>
  readonly audience: string
  readonly region?: string
  readonly duration?: number
  readonly narrow?: unknown
  readonly justification?: string
  readonly ticket?: string
  readonly requestId?: string
  readonly approvalTimeout: number
  readonly allowedAccounts: readonly string[]
  readonly maskAccount: boolean
  readonly outputCredentials: boolean
  readonly exportCredentials: boolean
  readonly unsetCurrent: boolean
  readonly refresh: boolean
  readonly attempts: number
  readonly timeout?: number
}

const DEFAULT_ATTEMPTS = 12
/** No job lasts longer; far more would overflow a timer and end it at once. */
const LONGEST_TIMEOUT_SECONDS = 432_000

export function readInputs(runner: Runner): Inputs {
  const url = brokerUrl(runner.required('stint-url'))
  const optional = (name: string, as: string) => (runner.input(name) === '' ? {} : { [as]: runner.input(name) })
  const duration = runner.number('role-duration-seconds')
  const timeout = runner.number('action-timeout-s')
  if (timeout !== undefined && timeout > LONGEST_TIMEOUT_SECONDS)
    throw new InputError(`action-timeout-s is above ${LONGEST_TIMEOUT_SECONDS}`)
  const region = runner.input('aws-region')
  if (region !== '' && !/^[a-z0-9-]+$/.test(region)) throw new InputError(`Region is not valid: ${region}`)
  const inputs: Inputs = {
    url,
    profile: runner.required('profile'),
    parameters: parametersOf(runner.input('parameters')),
    audience: runner.input('audience') || url,
    ...(region === '' ? {} : { region }),
    ...(duration === undefined ? {} : { duration }),
    ...narrowOf(runner.input('inline-session-policy')),
    ...optional('justification', 'justification'),
    ...optional('ticket', 'ticket'),
    ...optional('request-id', 'requestId'),
    approvalTimeout: runner.number('approval-timeout-s') ?? 0,
    allowedAccounts: accountsOf(runner.input('allowed-account-ids')),
    maskAccount: runner.flag('mask-aws-account-id'),
    outputCredentials: runner.flag('output-credentials'),
    exportCredentials: runner.flag('output-env-credentials', true),
    unsetCurrent: runner.flag('unset-current-credentials'),
    refresh: runner.flag('refresh'),
    attempts: runner.flag('disable-retry') ? 1 : Math.max(1, runner.number('retry-max-attempts') ?? DEFAULT_ATTEMPTS),
    ...(timeout === undefined ? {} : { timeout }),
  }
  if (inputs.refresh && (inputs.duration !== undefined || inputs.narrow !== undefined || inputs.requestId !== undefined))
    throw new InputError(
      'refresh takes neither role-duration-seconds nor inline-session-policy nor request-id: SDKs ask for the profile as it is',
    )
  return inputs
}

/** A token is sent there: https, or this machine. */
function brokerUrl(text: string): string {
  const fault = new InputError('stint-url must be an https URL')
  if (!URL.canParse(text)) throw fault
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  const safe = protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  if (!safe || username !== '' || password !== '' || search !== '' || hash !== '') throw fault
  return text.replace(/\/+$/, '')
}

function parametersOf(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=')
      if (at < 1) throw new InputError('parameters takes one name=value a line')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}

function narrowOf(text: string): { readonly narrow?: unknown } {
  if (text === '') return {}
  try {
    return { narrow: JSON.parse(text) }
  } catch {
    throw new InputError('inline-session-policy is no JSON')
  }
}

function accountsOf(text: string): readonly string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (text !== '' && ids.length === 0) throw new InputError('allowed-account-ids names no account')
  if (ids.some((id) => !/^\d{12}$/.test(id))) throw new InputError('allowed-account-ids takes account IDs of 12 digits')
  return ids
}
