/** Mutants that a person found to be equivalent to the code, grouped by the reason. */
import { readFileSync } from 'node:fs'
import type { Mutant } from './mutants.ts'

type Mark = Pick<Mutant, 'file' | 'line' | 'original' | 'replacement'>
type Group = { readonly reason: string; readonly mutants: readonly Mark[] }

export const keyOf = ({ file, line, original, replacement }: Mark): string => JSON.stringify([file, line, original, replacement])

/** The reason, by key. */
export function readMarks(): ReadonlyMap<string, string> {
  const groups: readonly Group[] = JSON.parse(readFileSync(new URL('./equivalent.json', import.meta.url), 'utf8'))
  const marks = groups.flatMap(({ reason, mutants }) => mutants.map((mark) => [keyOf(mark), reason] as const))
  const byKey = new Map(marks)
  if (byKey.size !== marks.length) throw new Error('equivalent.json marks a mutant twice')
  return byKey
}
