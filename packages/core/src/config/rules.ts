/**
 * The rules that the broker follows: a checked config with a lookup of profiles. The build writes JSON with one profile per
 * line, so that a profile is found by a byte search and parsed alone. With ten thousand profiles, a cold start costs only the
 * time to read the file.
 */
import type { Config, Profile, Rules } from './shape.ts'

/** Rules from a config that is in memory as a whole. */
export function rulesOf({ profiles, ...rest }: Config, hash: string): Rules {
  return {
    ...rest,
    hash,
    profiles: {
      ids: Object.keys(profiles),
      find: (id) => (Object.hasOwn(profiles, id) ? profiles[id] : undefined),
      first: () => Object.values(profiles)[0] as Profile,
    },
  }
}

/** The file that the build writes next to a function. */
export function packRules({ profiles, ...rest }: Rules): string {
  const lines = profiles.ids.map((id) => `${JSON.stringify(id)}:${JSON.stringify(profiles.find(id))}`)
  return `${JSON.stringify(rest).slice(0, -1)},"profiles":{\n${lines.join(',\n')}\n}}\n`
}

/** Rules from the file that the build wrote. The build checked it, so it is trusted here. */
export function openRules(packed: Buffer): Rules {
  const head = packed.toString('utf8', 0, packed.indexOf('\n'))
  const { profiles: _none, ...rest } = JSON.parse(`${head}}}`) as Config & { readonly hash: string }
  let ids: readonly string[] | undefined

  /** The profile whose line begins here. A JSON string never contains a raw line feed. */
  const parseLine = (from: number): Profile => {
    const line = packed.toString('utf8', from, packed.indexOf('\n', from))
    return JSON.parse(line.slice(line.indexOf(':') + 1).replace(/,$/, '')) as Profile
  }

  return {
    ...rest,
    profiles: {
      find(id) {
        if (!/^[a-z0-9-]+$/.test(id)) return undefined
        const name = `\n"${id}":`
        const at = packed.indexOf(name)
        // Search to the end even after a match, so that the time taken does not reveal whether a profile exists.
        if (at < 0 || packed.indexOf(name, at + 1) >= 0) return undefined
        return parseLine(at + 1)
      },
      first: () => parseLine(packed.indexOf('\n') + 1),
      get ids() {
        ids ??= [...packed.toString('utf8').matchAll(/^"([a-z0-9-]+)":/gm)].map((found) => found[1] ?? '')
        return ids
      },
    },
  }
}
