/** The mutants of an area. Its sources are instrumented once: each holds all its mutants, and a global says which one is active. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { type Area, ROOT } from './areas.ts'

export type Mutant = {
  /** Unique in its area. */
  readonly id: string
  readonly file: string
  /** Counts from 1. */
  readonly lineNumber: number
  readonly mutator: string
  /** The line that the mutant starts in, the code that it replaces, and with what: unlike a line number, they survive other changes. */
  readonly line: string
  readonly original: string
  readonly replacement: string
}

export type Instrumented = {
  readonly mutants: readonly Mutant[]
  /** JavaScript by path. */
  readonly code: Readonly<Record<string, string>>
}

const silent = () => false
const logger = {
  ...{ isTraceEnabled: silent, isDebugEnabled: silent, isInfoEnabled: silent, isWarnEnabled: silent },
  ...{ isErrorEnabled: silent, isFatalEnabled: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  fatal: silent,
}

/** The instrumenter negates a property of strings (flag `v`), such as `\p{RGI_Emoji}`. That is a syntax error, in which no test could run. */
const notOfStrings = {
  shouldIgnore: ({ node }: { readonly node: { readonly type: string; readonly flags?: string } }) =>
    node.type === 'RegExpLiteral' && node.flags?.includes('v') ? 'a property of strings cannot be negated' : undefined,
}

export async function instrument({ sources }: Area): Promise<Instrumented> {
  const files = sources.map((name) => ({ name, mutate: true, content: readFileSync(ROOT + name, 'utf8') }))
  const result = await new Instrumenter(logger).instrument(files, { plugins: null, excludedMutations: [], ignorers: [notOfStrings] })
  const linesOf = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  return {
    mutants: result.mutants
      .filter(({ status }) => status !== 'Ignored')
      .map(({ id, fileName, mutatorName, replacement, location: { start, end } }) => {
        const lines = linesOf.get(fileName) ?? []
        const spanned = lines.slice(start.line, end.line + 1)
        const last = spanned.length - 1
        spanned[last] = (spanned[last] ?? '').slice(0, end.column)
        spanned[0] = (spanned[0] ?? '').slice(start.column)
        return {
          id,
          file: fileName,
          lineNumber: start.line + 1,
          mutator: mutatorName,
          line: (lines[start.line] ?? '').trim(),
          original: onOneLine(spanned.join('\n')),
          replacement: onOneLine(replacement),
        }
      }),
    code: Object.fromEntries(result.files.map(({ name, content }) => [name, stripTypeScriptTypes(content)])),
  }
}

const MAX_LENGTH = 120
function onOneLine(code: string): string {
  const short = code.replace(/\s+/g, ' ')
  return short.length > MAX_LENGTH ? `${short.slice(0, MAX_LENGTH)}…` : short
}

/**
 * Messages for people are left out by rule: a string is a message if it holds two words with a space between them. Codes, IDs, names and
 * parts of formats have none, and are mutated.
 */
export const isMessage = ({ mutator, original }: Mutant): boolean =>
  mutator === 'StringLiteral' && /[A-Za-z0-9,;:’]\s+[A-Za-z‘“]/.test(original.replace(/\$\{[^}]*\}/g, '0'))
