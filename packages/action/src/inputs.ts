/** The inputs of the action. Names and meanings follow aws-actions/configure-aws-credentials where it has the same input. */
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
/** No job runs longer. A much larger value would overflow a timer and fire at once. */
const LONGEST_TIMEOUT_SECONDS = 432_000

export function readInputs(runner: Runner): Inputs {
  const url = brokerUrl(runner.required('stint-url'))
  const optional = (name: string, as: string) => (runner.input(name) === '' ? {} : { [as]: runner.input(name) })
  const duration = runner.number('role-duration-seconds')
  const timeout = runner.number('action-timeout-s')
  if (timeout !== undefined && timeout > LONGEST_TIMEOUT_SECONDS)
    throw new InputError(`action-timeout-s must be at most ${LONGEST_TIMEOUT_SECONDS}`)
  const region = runner.input('aws-region')
  if (region !== '' && !/^[a-z0-9-]+$/.test(region)) throw new InputError(`Invalid region: ${region}`)
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
      'refresh cannot be used with role-duration-seconds, inline-session-policy or request-id, because SDKs request the profile as it is',
    )
  return inputs
}

/** Tokens are sent to this URL, so it must use https or loopback. */
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
      if (at < 1) throw new InputError('parameters must have one name=value per line')
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}

function narrowOf(text: string): { readonly narrow?: unknown } {
  if (text === '') return {}
  try {
    return { narrow: JSON.parse(text) }
  } catch {
    throw new InputError('inline-session-policy is not valid JSON')
  }
}

function accountsOf(text: string): readonly string[] {
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  if (text !== '' && ids.length === 0) throw new InputError('allowed-account-ids has no account ID')
  if (ids.some((id) => !/^\d{12}$/.test(id))) throw new InputError('allowed-account-ids must have account IDs of 12 digits')
  return ids
}
