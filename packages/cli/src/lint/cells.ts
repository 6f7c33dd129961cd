/** What the pinning of profiles to cells does to cells and targets (docs/decisions/0015-cells.md). */
import type { Profile, Rules } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'

export function lintCells({ cells = {} }: Rules, profiles: readonly (readonly [string, Profile])[], report: Report): void {
  const targets = new Map<string, Set<string>>()
  const served = new Set<string>()
  for (const [, { target, cell }] of profiles) {
    if (cell === undefined) continue
    served.add(cell)
    targets.set(target, (targets.get(target) ?? new Set()).add(cell))
  }
  for (const id of Object.keys(cells)) if (!served.has(id)) report('empty-cell', `cells.${id}`, 'No profile names this cell.')
  for (const [target, by] of targets) {
    if (by.size < 2) continue
    const brokers = [...by].map((id) => `'${id}' (account ${cells[id]?.account})`).join(', ')
    report(
      'target-across-cells',
      `targets.${target}`,
      `Profiles of ${by.size} cells use it, and its role must trust each of them: ${brokers}.`,
    )
  }
}
