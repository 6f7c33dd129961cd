/** One config for several brokers: what the broker of one cell gets of it. Only the build and the sandbox use this, so brokers know no cells. */
import { rulesOf } from './rules.ts'
import type { Profile, Rules } from './shape.ts'

type RulesOfCell = { readonly ok: true; readonly rules: Rules } | { readonly ok: false; readonly fault: string }

/**
 * The rules of one cell: its profiles, their targets, and its log. A profile of another cell is unknown, and its target cannot be assumed.
 * The hash stays that of the whole config, so that every log names the config that was reviewed. Rules without cells are returned as they
 * are. `cell`: the ID, if one was given.
 */
export function rulesOfCell(rules: Rules, cell: string | undefined): RulesOfCell {
  const { cells, profiles, targets, hash, ...rest } = rules
  if (!cells) {
    return cell === undefined
      ? { ok: true, rules }
      : { ok: false, fault: `The config has no cells. Remove --cell ${cell}, or add the cell to the config.` }
  }
  const known = `Use one of: ${Object.keys(cells).join(', ')}.`
  if (cell === undefined) return { ok: false, fault: `The config has several cells, and each has its own broker. Pass --cell ID. ${known}` }
  const own = Object.hasOwn(cells, cell) ? cells[cell] : undefined
  if (!own) return { ok: false, fault: `Unknown cell '${cell}'. ${known}` }
  const served = profiles.ids.flatMap((id) => {
    const { cell: pinned, ...profile } = profiles.find(id) as Profile
    return pinned === cell ? [[id, profile] as const] : []
  })
  if (served.length === 0) return { ok: false, fault: `Cell '${cell}' has no profiles, so its broker would have nothing to serve.` }
  const used = new Set(served.map(([, { target }]) => target))
  return {
    ok: true,
    rules: rulesOf(
      {
        ...rest,
        targets: Object.fromEntries(Object.entries(targets).filter(([id]) => used.has(id))),
        profiles: Object.fromEntries(served),
        log: own.log,
      },
      hash,
    ),
  }
}
