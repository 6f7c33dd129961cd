/** Locates findings, applies the exceptions, and formats the report. */
import { jsonLine, shownLine } from '../output.ts'
import { catalogue, type Finding, type RuleId, type Severity } from './catalogue.ts'
import { ignoreFault, type Location, type Source } from './source.ts'

type Located = Finding & { readonly severity: Severity; readonly at?: Location }

/** Locates findings in the source and removes those that an exception silences. Reports invalid exceptions as well. */
export function place(findings: readonly Finding[], source: Source): { readonly findings: readonly Located[]; readonly ignored: number } {
  const used = new Set<number>()
  const located = findings.flatMap((finding): Located[] => {
    const found = source.locate(finding.path)
    const fitting = source.ignores.flatMap((ignore, index) =>
      ignore.rule === finding.rule && ignoreFault(ignore) === undefined && found?.lines.includes(ignore.holdsFor) ? [index] : [],
    )
    for (const index of fitting) used.add(index)
    return fitting.length > 0 ? [] : [{ ...finding, severity: catalogue[finding.rule].severity, ...(found ? { at: found.at } : {}) }]
  })
  const faults = source.ignores.flatMap((ignore, index): Located[] => {
    // If the config is invalid, the rules did not run. Without --online, that rule did not run.
    const unknown = findings.some(({ rule }) => rule === 'config') || ignore.rule === 'online'
    const what =
      ignoreFault(ignore) ?? (used.has(index) || unknown ? undefined : `It silences nothing: there is no ${ignore.rule} finding here.`)
    return what === undefined ? [] : [{ rule: 'ignore', path: '', what, severity: 'error', at: { line: ignore.line, column: 1 } }]
  })
  const all = [...located, ...faults].toSorted((a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0))
  return { findings: all, ignored: findings.length - located.length }
}

export function reportText(file: string, findings: readonly Located[], ignored: number): string {
  const blocks = findings.map(({ rule, path, what, severity, at }) => {
    const where = at ? `${file}:${at.line}:${at.column}` : file
    return `${shownLine(where)}  ${severity}  ${rule}${path === '' ? '' : `  ${shownLine(path)}`}\n  ${shownLine(what, 2000)}\n  why  ${catalogue[rule].why}\n  fix  ${catalogue[rule].fix}\n`
  })
  const count = (severity: Severity, word: string) => {
    const number = findings.filter((finding) => finding.severity === severity).length
    return number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`]
  }
  const sum = [...count('error', 'error'), ...count('warning', 'warning'), ...count('note', 'note')].join(', ') || 'No findings'
  return `${[...blocks, `${sum}${ignored > 0 ? `; ${ignored} silenced with a reason` : ''}.`].join('\n')}\n`
}

/** `lasting`: by profile, the actions with which its sessions could create access that outlives them. */
export const reportJson = (
  file: string,
  findings: readonly Located[],
  ignored: number,
  lasting: { readonly [profile: string]: readonly string[] } = {},
): string =>
  jsonLine(
    {
      file,
      findings: findings.map(({ rule, severity, path, what, at }) => ({
        rule,
        severity,
        path,
        ...at,
        what,
        why: why(rule),
        fix: catalogue[rule].fix,
      })),
      ignored,
      lastingAccess: lasting,
    },
    2,
  )
const why = (rule: RuleId): string => catalogue[rule].why
