/**
 * The rules that the broker follows: a checked config with a lookup of profiles. The build writes JSON with one profile per line, in the
 * order of their IDs, so that a profile is found by halving the bytes, and parsed alone. With ten thousand profiles, a cold start costs only
 * the time to read the file. The sandbox and the tests use the same packed form.
 */
import type { Config, Profile, Rules } from './shape.ts'

type ConfigAndHash = Omit<Config, 'profiles'> & { readonly hash: string }

/** Rules from a config that is in memory as a whole. */
export const rulesOf = ({ profiles, ...rest }: Config, hash: string): Rules =>
  openRules(Buffer.from(packed({ ...rest, hash }, Object.entries(profiles))))

/** The file that the build writes next to a function. */
export const packRules = ({ profiles, ...rest }: Rules): string =>
  packed(
    rest,
    profiles.ids.map((id) => [id, profiles.find(id) as Profile]),
  )

function packed(rest: ConfigAndHash, profiles: readonly (readonly [id: string, profile: Profile])[]): string {
  const lines = profiles.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, profile]) => `${JSON.stringify(id)}:${JSON.stringify(profile)}`)
  return `${JSON.stringify(rest).slice(0, -1)},"profiles":{\n${lines.join(',\n')}\n}}\n`
}

/** Rules from the file that the build wrote. The build checked it, so it is trusted here. */
export function openRules(packed: Buffer): Rules {
  const head = packed.toString('utf8', 0, packed.indexOf('\n'))
  const { profiles: _none, ...rest } = JSON.parse(`${head}}}`) as Config & { readonly hash: string }
  const [first, end] = [packed.indexOf('\n') + 1, packed.lastIndexOf('\n', packed.length - 2) + 1]
  let ids: readonly string[] | undefined

  /** The profile whose line begins here. A JSON string never contains a raw line feed. */
  const parseLine = (from: number): Profile => {
    const line = packed.toString('utf8', from, packed.indexOf('\n', from))
    return JSON.parse(line.slice(line.indexOf(':') + 1).replace(/,$/, '')) as Profile
  }
  /** How the name compares with what stands there. */
  const order = (name: Buffer, at: number): number => packed.compare(name, 0, name.length, at, Math.min(at + name.length, packed.length))
  /** Where the line that sorts at or after this name begins. It halves as often for a profile that exists as for one that does not. */
  const lowerBound = (name: Buffer): number => {
    let [low, high] = [first, end]
    while (low < high) {
      const at = Math.max(low, packed.lastIndexOf(0x0a, ((low + high) >> 1) - 1) + 1)
      if (order(name, at) < 0) low = packed.indexOf(0x0a, at) + 1
      else high = at
    }
    return low
  }

  return {
    ...rest,
    profiles: {
      find(id) {
        if (!/^[a-z0-9-]+$/.test(id)) return undefined
        const name = Buffer.from(`"${id}":`)
        const at = lowerBound(name)
        return order(name, at) === 0 ? parseLine(at) : undefined
      },
      first: () => parseLine(first),
      get ids() {
        ids ??= [...packed.toString('utf8', first).matchAll(/^"([a-z0-9-]+)":/gm)].map((found) => found[1] ?? '')
        return ids
      },
    },
  }
}
