/**
 * Rules as the broker follows them: a checked config behind a look-up. A profile is parsed when it is asked for, so a
 * config of ten thousand costs a cold start no more than reading its text.
 */
import type { Config, Profile, Rules } from './shape.ts'

/** Rules over a config that is at hand whole. */
export function rulesOf({ profiles, ...rest }: Config, hash: string): Rules {
  return { ...rest, hash, profiles: { ids: Object.keys(profiles), find: (id) => (Object.hasOwn(profiles, id) ? profiles[id] : undefined) } }
}

/** What the build writes beside a function: profiles stay texts within the text. */
type Packed = Omit<Config, 'profiles'> & { readonly hash: string; readonly profiles: { readonly [id: string]: string } }

export function packRules({ profiles, ...rest }: Rules): string {
  const packed: Packed = { ...rest, profiles: Object.fromEntries(profiles.ids.map((id) => [id, JSON.stringify(profiles.find(id))])) }
  return JSON.stringify(packed)
}

/** Rules from what the build wrote. It was checked there; here it is trusted. */
export function openRules(text: string): Rules {
  const { profiles, ...rest } = JSON.parse(text) as Packed
  const opened = new Map<string, Profile>()
  return {
    ...rest,
    profiles: {
      ids: Object.keys(profiles),
      find(id) {
        const known = opened.get(id)
        if (known || !Object.hasOwn(profiles, id)) return known
        const profile = JSON.parse(profiles[id] ?? 'null') as Profile
        opened.set(id, profile)
        return profile
      },
    },
  }
}
