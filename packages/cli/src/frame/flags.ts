/** Flags that several commands share, and parsers of their values. */
import { formatDuration, parseDuration } from '@stint/core/duration'
import { parseIso } from '@stint/core/instant'

export const text = (value: string): string => value

export const json = { kind: 'boolean', brief: 'Print JSON on stdout', default: false } as const
const quiet = { kind: 'boolean', brief: 'Print nothing on stderr except errors and what you must do', default: false } as const
const debug = { kind: 'boolean', brief: 'Print each HTTP call on stderr, without tokens and bodies', default: false } as const
export const talk = { json, quiet, debug } as const
export type TalkFlags = { readonly json: boolean; readonly quiet: boolean; readonly debug: boolean }

/** Flags of every command that calls a broker. */
export const broker = {
  url: { kind: 'parsed', parse: text, optional: true, brief: 'The URL of the broker (default: $STINT_URL)', placeholder: 'URL' },
  context: { kind: 'parsed', parse: text, optional: true, brief: 'The context to use (default: the current one)', placeholder: 'NAME' },
  tokenFile: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'A file with your JWT (default: $STINT_TOKEN, $STINT_TOKEN_FILE)',
    placeholder: 'FILE',
  },
  ...talk,
} as const
export type BrokerFlags = TalkFlags & { readonly url?: string; readonly context?: string; readonly tokenFile?: string }

/** A duration in seconds. A bare number is refused, because its unit is ambiguous. */
export function duration(value: string): number {
  if (/^\d+$/.test(value)) throw new SyntaxError(`A duration needs a unit. Use ${value}m for minutes, or ${value}s for seconds.`)
  const seconds = parseDuration(value)
  if (seconds === undefined || seconds === 0) throw new SyntaxError("Invalid duration. Use a form such as '90s', '15m' or '1h30m'.")
  return seconds
}
/** The same, as the broker takes it. */
export const durationText = (value: string): string => formatDuration(duration(value))

export function instant(value: string): number {
  const at = parseIso(/^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value)
  if (at === undefined) throw new SyntaxError('must be a day (2026-11-24) or an RFC 3339 time')
  return at
}

export function nameValue(value: string): string {
  if (!/^[^=]+=/.test(value)) throw new SyntaxError('must be NAME=VALUE')
  return value
}

const wholeNumber =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value)
    if (!/^\d{1,9}$/.test(value) || number < least || number > most)
      throw new SyntaxError(`must be a whole number from ${least} to ${most}`)
    return number
  }
export const port = wholeNumber(1, 65_535)
/** How many rows of a list. */
export const limit = wholeNumber(1, 5000)

/** Parses `NAME=VALUE`. */
export const pairs = (given: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(
    given.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )

/** The longest wait for an approval if `--wait` names none. */
const DEFAULT_WAIT = '10m'

export const wait = {
  kind: 'parsed',
  parse: (value: string) => duration(value === '' ? DEFAULT_WAIT : value),
  inferEmpty: true,
  optional: true,
  brief: `Wait for approval, at most this long (--wait alone: ${DEFAULT_WAIT})`,
  placeholder: 'DURATION',
} as const

/** Flags that say which session is wanted. */
export const session = {
  parameter: {
    kind: 'parsed',
    parse: nameValue,
    variadic: true,
    optional: true,
    brief: 'A parameter of the profile. Repeatable',
    placeholder: 'NAME=VALUE',
  },
  duration: { kind: 'parsed', parse: durationText, optional: true, brief: 'How long the session lasts', placeholder: 'DURATION' },
  justification: { kind: 'parsed', parse: text, optional: true, brief: 'Why you need access', placeholder: 'TEXT' },
  ticket: { kind: 'parsed', parse: text, optional: true, brief: 'A reference in your issue tracker', placeholder: 'ID' },
  request: { kind: 'parsed', parse: text, optional: true, brief: 'The approved request to use', placeholder: 'ID' },
  wait,
} as const
export type SessionFlags = {
  readonly parameter?: readonly string[]
  readonly duration?: string
  readonly justification?: string
  readonly ticket?: string
  readonly request?: string
  readonly wait?: number
}
export const sessionAliases = { p: 'parameter', d: 'duration', j: 'justification' } as const
