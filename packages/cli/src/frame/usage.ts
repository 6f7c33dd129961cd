/** What is wrong with the words of a command line, in sentences. */
import {
  AliasNotFoundError,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  InvalidNegatedFlagSyntaxError,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core'
import { shownLine } from '../output.ts'

/** By the class of the error: its message is written for another frame, and its name does not survive the bundle. */
export function usageText(error: unknown): string {
  if (error instanceof FlagNotFoundError)
    return `Unknown flag: --${shownLine(error.input)}.${suggestion(error.corrections.map((flag) => `--${flag}`))}`
  if (error instanceof AliasNotFoundError) return `Unknown flag: -${shownLine(error.input)}.`
  if (error instanceof ArgumentParseError) {
    const { externalFlagNameOrPlaceholder: name, input, exception } = error
    return `Invalid ${named(name)}: '${shownLine(input)}'. ${sentence(exception instanceof Error ? exception.message : String(exception))}`
  }
  if (error instanceof EnumValidationError)
    return `Invalid --${error.externalFlagName}: '${shownLine(error.input)}'. It must be ${alternatives(error.values)}.`
  if (error instanceof UnsatisfiedFlagError) {
    const { externalFlagName: flag, nextFlagName: next } = error
    return next === undefined ? `Missing --${flag}, or its value.` : `Missing value of --${flag}: it is followed by --${next}.`
  }
  if (error instanceof UnexpectedPositionalError)
    return `Unexpected argument: '${shownLine(error.input)}'. The command takes ${error.expectedCount === 0 ? 'none' : `at most ${error.expectedCount}`}.`
  if (error instanceof UnsatisfiedPositionalError) return `Missing ${error.placeholder}.`
  if (error instanceof UnexpectedFlagError) return `--${error.externalFlagName} is set twice.`
  if (error instanceof InvalidNegatedFlagSyntaxError) return `--${error.externalFlagName} takes no value.`
  return error instanceof Error ? shownLine(error.message) : 'The arguments cannot be read.'
}

export const unknownCommandText = ({ input, corrections }: { readonly input: string; readonly corrections: readonly string[] }): string =>
  `Unknown command: '${shownLine(input)}'.${suggestion(corrections.map((name) => name.replaceAll('`', '')))}`

/** Placeholders of arguments are in capitals, names of flags are not. */
const named = (name: string): string => (/^[A-Z|]+$/.test(name) ? name : `--${name}`)

/** Parsers say `must be a day …` or a whole sentence. */
const sentence = (text: string): string => {
  const words = /^must /.test(text) ? `It ${text}` : text
  return shownLine(/[.!?]$/.test(words) ? words : `${words}.`)
}

const suggestion = (names: readonly string[]): string => (names.length === 0 ? '' : ` Did you mean ${alternatives(names)}?`)

function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}
