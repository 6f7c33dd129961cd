/**
 * The last check before anything is written: the config check and the lint rules, on the config as it will be. A rule that either of them
 * refuses is left out with their sentence, so what is written has no errors.
 */
import { checkConfig } from '@stint/core/config/check'
import type { Who } from '@stint/core/config/shape'
import { Failure } from '../frame/failure.ts'
import { catalogue } from '../lint/catalogue.ts'
import { lint } from '../lint/lint.ts'
import { configOf, type Entry, entriesOf, type Setting } from './entries.ts'
import type { Access, Rule } from './rules.ts'

type Settled = { readonly rules: readonly Rule[]; readonly entries: readonly Entry[] }

/** Each round leaves out at least one part of a rule. Lint finds the rest in the next round only if a part hid it. */
const MAX_ROUNDS = 10

export function settle(given: readonly Rule[], setting: Setting): Settled {
  let rules = given
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const entries = entriesOf(rules)
    if (entries.length === 0) return { rules, entries }
    const refused = refusedBy(entries, setting)
    if (refused.length === 0) return { rules, entries }
    rules = rules.map((rule) => without(rule, refused))
  }
  throw new RangeError('the config has errors after leaving out what the checks refuse')
}

/** The last part of a path, as a word of a sentence. */
const settingIn = (path: string): string => `The setting '${path.replace(/^\w+\.[\w-]+\./, '')}'`

/** What to leave out: of accesses like this, one alternative of `eligible`, or all. */
type Refused = { readonly entry: Entry; readonly eligible?: string; readonly why: string }

function refusedBy(entries: readonly Entry[], setting: Setting): readonly Refused[] {
  // Entries are alike in all their accounts, so one account of each is enough.
  const config = configOf(
    entries.map((entry) => ({ ...entry, accounts: entry.accounts.slice(0, 1) })),
    setting,
  )
  const checked = checkConfig(config)
  const findings = checked.ok
    ? lint(checked.rules).flatMap(({ rule, path, what }) =>
        catalogue[rule].severity === 'error' ? [{ path, why: `${what} (lint rule ${rule})` }] : [],
      )
    : checked.faults.map(({ path, fault }) => ({ path, why: `${settingIn(path)} ${fault}.` }))
  return findings.map(({ path, why }): Refused => {
    const [, kind, id = '', index] = /^(profiles|targets)\.([a-z0-9-]+)(?:\.eligible\[(\d+)\])?/.exec(path) ?? []
    const entry = entries.find(({ profile, target, accounts }) => id === `${kind === 'targets' ? target : profile}-${accounts[0]}`)
    // Issuers and the rest come from the flags.
    if (!entry)
      throw new Failure('usage', `The config would be invalid at ${path}: ${why}`, {
        next: 'Leave the flag out, and change the written config by hand: docs/guides/issuers.md, docs/guides/targets.md',
      })
    const who = index === undefined ? undefined : entry.eligible[Number(index)]
    return { entry, why, ...(who ? { eligible: JSON.stringify(who) } : {}) }
  })
}

function without(rule: Rule, refused: readonly Refused[]): Rule {
  const notes = new Set<string>()
  const access = rule.access.flatMap((one): readonly Access[] => {
    const ours = refused.filter(({ entry }) => isOf(one, entry))
    const whole = ours.filter(({ eligible }) => eligible === undefined)
    const gone = new Map(ours.map(({ eligible, why }) => [eligible, why]))
    for (const { why } of whole) notes.add(why)
    if (whole.length > 0) return []
    const left = one.eligible.flatMap((who): readonly Who[] => {
      const why = gone.get(JSON.stringify(who))
      if (why === undefined) return [who]
      const parts = alternativesOf(who)
      if (parts.length === 1) notes.add(why)
      return parts.length === 1 ? [] : parts
    })
    return left.length === 0 ? [] : [{ ...one, eligible: left }]
  })
  return { ...rule, access, notes: [...rule.notes, ...notes] }
}

/** One alternative for each value, so that only what is refused is left out. */
function alternativesOf(who: Who): readonly Who[] {
  for (const [claim, matcher] of Object.entries(who.claims)) {
    if (typeof matcher !== 'object') continue
    const values = 'oneOf' in matcher ? matcher.oneOf : 'any' in matcher ? matcher.any : []
    if (values.length > 0) return values.map((value) => ({ ...who, claims: { ...who.claims, [claim]: value } }))
  }
  return [who]
}

/** The entry was made from this access, among others. */
function isOf(access: Access, entry: Entry): boolean {
  const { account, eligible, ...rest } = access
  const { profile: _profile, target: _target, accounts, eligible: all, ...same } = entry
  const known = new Set(all.map((who) => JSON.stringify(who)))
  return (
    accounts.includes(account) && JSON.stringify(rest) === JSON.stringify(same) && eligible.every((who) => known.has(JSON.stringify(who)))
  )
}
