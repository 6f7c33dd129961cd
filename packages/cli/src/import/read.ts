/** Reads the files of a source. A fault names the file and the property, and nothing is written. */
import { readFile, stat } from 'node:fs/promises'
import * as v from 'valibot'
import { Failure } from '../frame/failure.ts'

/** The authorization details of an account with 5,000 roles are about 20 MB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024
export const MAX_FILES = 2000
const MAX_FAULTS = 20

export async function readText(file: string): Promise<string> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  )
  if (size === undefined) throw unreadable(`${file} is unreadable.`, 'Check the path.')
  if (size > MAX_FILE_BYTES) throw unreadable(`${file} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`, 'Split it into several files.')
  return readFile(file, 'utf8')
}

/** A JSON file of this form. */
export async function readJson<S extends v.GenericSchema>(file: string, schema: S): Promise<v.InferOutput<S>> {
  return checked(file, parseJson(file, await readText(file)), schema)
}

function parseJson(file: string, text: string): unknown {
  try {
    // PowerShell writes a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw unreadable(`${file} is not valid JSON: ${(error as Error).message}.`, 'Save the output of the command again.')
  }
}

/** The value in this form, or a failure that lists the faults by property. */
export function checked<S extends v.GenericSchema>(file: string, value: unknown, schema: S): v.InferOutput<S> {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'file'}: ${faultOf(issue)}`)
  throw new Failure('unreachable', `${file} does not have the expected form:`, {
    details: [...faults.slice(0, MAX_FAULTS), ...(faults.length > MAX_FAULTS ? [`and ${faults.length - MAX_FAULTS} more`] : [])],
    next: 'docs/guides/import.md shows how to collect it.',
  })
}

const faultOf = (issue: v.BaseIssue<unknown>): string =>
  issue.expected === 'never'
    ? 'is an unknown property'
    : issue.received === 'undefined'
      ? `is missing; must be ${issue.expected}`
      : issue.message.startsWith('Invalid ')
        ? `must be ${issue.expected}, not ${issue.received}`
        : issue.message

const unreadable = (message: string, next: string): Failure => new Failure('unreachable', message, { next })
