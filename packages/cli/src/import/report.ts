/** The report of an import: each rule with its verdict and the reasons. Rules that differ only in the account are one row. */
import { jsonLine, shownLine } from '../output.ts'
import type { Entry } from './entries.ts'
import { type Rule, type Verdict, verdictOf } from './rules.ts'

const ORDER: readonly Verdict[] = ['needs a decision', 'narrower', 'equal']

export const countsOf = (rules: readonly Rule[]): { readonly [verdict in Verdict]: number } => ({
  equal: rules.filter((rule) => verdictOf(rule) === 'equal').length,
  narrower: rules.filter((rule) => verdictOf(rule) === 'narrower').length,
  'needs a decision': rules.filter((rule) => verdictOf(rule) === 'needs a decision').length,
})

export function importText(rules: readonly Rule[], limit: number): string {
  const groups = Map.groupBy(rules, (rule) => JSON.stringify([verdictOf(rule), rule.name, rule.notes]))
  const rows = [...groups.values()].toSorted(
    ([a], [b]) => ORDER.indexOf(verdictOf(a as Rule)) - ORDER.indexOf(verdictOf(b as Rule)) || ((a?.name ?? '') < (b?.name ?? '') ? -1 : 1),
  )
  const widest = Math.max(...ORDER.map((verdict) => verdict.length))
  const blocks = rows.slice(0, limit).map((group) => {
    const first = group[0] as Rule
    const place = group.length === 1 ? first.place : `${first.place} and ${group.length - 1} more`
    const where = first.account === undefined ? '' : group.length === 1 ? ` in ${first.account}` : ` in ${group.length} accounts`
    const notes = first.notes.map((note) => `${' '.repeat(widest + 2)}${shownLine(note, 500)}\n`).join('')
    return `${verdictOf(first).padEnd(widest)}  ${shownLine(`${first.name}${where}`, 200)}\n${' '.repeat(widest + 2)}${shownLine(place, 300)}\n${notes}`
  })
  const hidden = rows.length > limit ? `… and ${rows.length - limit} more rows. --all prints every row, --json every rule.\n` : ''
  const counts = countsOf(rules)
  const open = counts['needs a decision']
  const left =
    open === 0 ? '0 need a decision' : open === 1 ? '1 needs a decision and is left out' : `${open} need a decision and are left out`
  const sum = `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}: ${counts.equal} equal, ${counts.narrower} narrower, ${left}.`
  return `${blocks.join('')}${hidden}\n${sum}\n`
}

export const importJson = (rules: readonly Rule[], entries: readonly Entry[], files: readonly string[]): string =>
  jsonLine(
    {
      counts: countsOf(rules),
      rules: rules.map((rule) => ({
        rule: rule.name,
        ...(rule.account === undefined ? {} : { account: rule.account }),
        place: rule.place,
        verdict: verdictOf(rule),
        reasons: rule.notes,
      })),
      profiles: entries.reduce((sum, { accounts }) => sum + accounts.length, 0),
      files,
    },
    2,
  )
