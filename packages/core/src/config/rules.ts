/**
 * Rules as the broker follows them: a checked config behind a look-up. What the build writes is JSON with one profile a
 * line, so that a profile is found by searching bytes and parsed alone: ten thousand of them cost a cold start their
 * reading and no more.
 */
import type { Config, Profile, Rules } from './shape.ts'

/** Rules over a config that is at hand whole. */
export function rulesOf({ profiles, ...rest }: Config, hash: string): Rules {
  return { ...rest, hash, profiles: { ids: Object.keys(profiles), find: (id) => (Object.hasOwn(profiles, id) ? profiles[id] : undefined) } }
}

/** The text that the build writes beside a function. */
export function packRules({ profiles, ...rest }: Rules): string {
  const lines = profiles.ids.map((id) => `${JSON.stringify(id)}:${JSON.stringify(profiles.find(id))}`)
  return `${JSON.stringify(rest).slice(0, -1)},"profiles":{\n${lines.join(',\n')}\n}}\n`
}

/** Rules from what the build wrote. It was checked there; here it is trusted. */
export function openRules(packed: Buffer): Rules {
  const head = packed.toString('utf8', 0, packed.indexOf('\n'))
  const { profiles: _none, ...rest } = JSON.parse(`${head}}}`) as Config & { readonly hash: string }
  const opened = new Map<string, Profile>()
  let ids: readonly string[] | undefined

  /** No text of JSON holds a line feed, so one before a quoted id is the beginning of that profile. */
  function find(id: string): Profile | undefined {
    const known = opened.get(id)
    if (known || !/^[a-z0-9-]+$/.test(id)) return known
    const name = `\n"${id}":`
    const at = packed.indexOf(name)
    if (at < 0) return undefined
    const line = packed.toString('utf8', at + name.length, packed.indexOf('\n', at + 1))
    const profile = JSON.parse(line.replace(/,$/, '')) as Profile
    opened.set(id, profile)
    return profile
  }

  return {
    ...rest,
    profiles: {
      find,
      get ids() {
        ids ??= [...packed.toString('utf8').matchAll(/^"([a-z0-9-]+)":/gm)].map((found) => found[1] ?? '')
        return ids
      },
    },
  }
}
