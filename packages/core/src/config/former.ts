/**
 * Settings that changed since an earlier release. A deprecated setting still works, and `stint lint` reports it. The config check answers a
 * renamed or a removed one with what to write instead. A row stays until no supported release has the setting.
 */

/** `path`: as in messages, with `*` for any ID, and `[*]` for any place in a list. `since`: the release that changed it. */
export type FormerSetting = { readonly path: string; readonly since: string } & (
  | { readonly kind: 'renamed'; readonly to: string }
  /** `instead`: a sentence that says what to do. */
  | { readonly kind: 'removed' | 'deprecated'; readonly instead: string }
)

export const formerSettings: readonly FormerSetting[] = [
  // One word for one thing: `mints` came later, and names this action like every other.
  { kind: 'deprecated', path: 'profiles.*.chaining', since: '0.1.0', instead: "Use mints: ['sts:AssumeRole'], which has the same effect." },
]

/** What to write instead of an unknown setting that an earlier release had. */
export function formerFault(path: string, former: readonly FormerSetting[]): string | undefined {
  const found = former.find((one) => one.kind !== 'deprecated' && matches(one.path, path))
  if (!found) return undefined
  return found.kind === 'renamed' ? `was renamed to ${found.to} in ${found.since}` : `was removed in ${found.since}. ${found.instead}`
}

/** The deprecated settings that a config has. */
export function deprecatedIn(
  config: unknown,
  former: readonly FormerSetting[] = formerSettings,
): readonly { readonly path: string; readonly what: string }[] {
  return former.flatMap((one) => {
    if (one.kind !== 'deprecated') return []
    const what = `Deprecated since ${one.since}. ${one.instead}`
    return pathsOf(config, segmentsOf(one.path)).map((path) => ({ path, what }))
  })
}

const segmentsOf = (path: string): readonly string[] => path.replaceAll('[', '.[').split('.')

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [segmentsOf(pattern), segmentsOf(path)]
  return (
    wanted.length === given.length && wanted.every((one, at) => one === '*' || one === given[at] || (one === '[*]' && isPlace(given[at])))
  )
}
const isPlace = (segment = ''): boolean => /^\[\d+\]$/.test(segment)

/** Every place of `value` that the pattern matches. */
function pathsOf(value: unknown, [segment, ...rest]: readonly string[], path = ''): readonly string[] {
  if (segment === undefined) return value === undefined ? [] : [path.replaceAll('.[', '[')]
  if (typeof value !== 'object' || value === null) return []
  const entries = Object.entries(value).map(([key, inner]) => [Array.isArray(value) ? `[${key}]` : key, inner] as const)
  return entries
    .filter(([key]) => matches(segment, key))
    .flatMap(([key, inner]) => pathsOf(inner, rest, path === '' ? key : `${path}.${key}`))
}
