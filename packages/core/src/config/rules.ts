/**
 * Rules as the broker follows them: a checked config behind a look-up. What the build writes is JSON with one profile a
 * line, so that a profile is found by searching bytes and parsed alone: ten thousand of them cost a cold start their
 * reading and no more.
 */
import type { Config, Profile, Rules } from './shape.ts'

/** Rules over a config that is at hand whole. */
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

/** The text that the build writes beside a function. */
export function packRules({ profiles, ...rest }: Rules): string {
  const lines = profiles.ids.map((id) => `${JSON.stringify(id)}:${JSON.stringify(profiles.find(id))}`)
  return `${JSON.stringify(rest).slice(0, -1)},"profiles":{\n${lines.join(',\n')}\n}}\n`
}

/** Rules from what the build wrote. It was checked there; here it is trusted. */
export function openRules(packed: Buffer): Rules {
  const head = packed.toString('utf8', 0, packed.indexOf('\n'))
  const { profiles: _none, ...rest } = JSON.parse(`${head}}}`) as Config & { readonly hash: string }
  let ids: readonly string[] | undefined

  /** The profile whose line begins here. No text of JSON holds a line feed. */
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
        // On to the end also when it was found: how long it takes must not tell whether a profile exists.
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
