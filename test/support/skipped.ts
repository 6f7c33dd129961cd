/**
 * A Vitest reporter whose last line counts the skipped tests by reason, so that you see them without a search.
 * A test gives its reason with `context.skip(reason)`, or at the end of its title as `testWith` does: `(skipped: reason)`.
 */
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

export default class SkippedReporter implements Reporter {
  private vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.vitest = vitest
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons: (string | undefined)[] = []
    // A test that `vitest -t` leaves out also counts as skipped for Vitest.
    const pattern = this.vitest?.config.testNamePattern
    for (const module of modules)
      for (const test of module.children.allTests('skipped'))
        if (!pattern || pattern.test(test.fullName)) reasons.push(reasonOf(test.name, noteOf(test)))
    this.vitest?.logger.log(skippedLine(reasons))
  }
}

function noteOf(test: TestCase): string | undefined {
  const result = test.result()
  return result.state === 'skipped' ? result.note : undefined
}

export const reasonOf = (title: string, note: string | undefined): string | undefined => note ?? /\(skipped: (.+)\)$/.exec(title)?.[1]

/** One line, with the most frequent reason first. */
export function skippedLine(reasons: readonly (string | undefined)[]): string {
  if (reasons.length === 0) return 'Skipped no tests.'
  const counts = new Map<string | undefined, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const parts = [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => (reason === undefined ? `${count} without a reason` : `${count} because ${withAdviceInBrackets(reason)}`))
  return `Skipped ${reasons.length} ${reasons.length === 1 ? 'test' : 'tests'}: ${parts.join(', ')}.`
}

/** `terraform is not on PATH; install …` is one item of a list. */
const withAdviceInBrackets = (reason: string): string => reason.replace(/; (.+)$/, ' ($1)')
