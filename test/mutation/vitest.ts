/**
 * Stands in for Vitest in a worker: it collects the tests of a file, so that the worker can run some of them for one mutant, within
 * milliseconds. A test file that uses more of Vitest than this exports fails to load.
 */
import { expect, vi } from 'vitest'

export { expect, vi }

type Body = () => unknown
export type Collected = { readonly before: Body[]; readonly tests: { readonly name: string; readonly body: Body }[] }
let collected: Collected = { before: [], tests: [] }

export async function collect(load: () => Promise<unknown>): Promise<Collected> {
  collected = { before: [], tests: [] }
  await load()
  return collected
}

type Table = readonly unknown[]
const argumentsOf = (row: unknown): unknown[] => (Array.isArray(row) ? row : [row])

// A test's body is its last function: a timeout or options can stand before or after it.
const add = (name: string, ...rest: unknown[]) => {
  const body = rest.find((one) => typeof one === 'function') as Body
  collected.tests.push({ name, body })
}
export const test = Object.assign(add, {
  each:
    (table: Table) =>
    (name: string, ...rest: unknown[]) => {
      const body = rest.find((one) => typeof one === 'function') as (...row: unknown[]) => unknown
      for (const row of table) collected.tests.push({ name, body: () => body(...argumentsOf(row)) })
    },
})
export const it = test
export const describe = Object.assign((_name: string, body: Body) => body(), {
  each: (table: Table) => (_name: string, body: (...row: unknown[]) => unknown) => {
    for (const row of table) body(...argumentsOf(row))
  },
})
export const beforeAll = (body: Body) => collected.before.push(body)
