/** The names of profiles that the broker listed last, for completions. It asks no broker, so it is fast and never fails. */

import type { Env } from '../frame/http.ts'
import { readPrivateJson } from '../frame/private-file.ts'
import { profilesFileOf, readContexts } from '../sign-in/contexts.ts'

export async function knownProfiles(env: Env): Promise<readonly string[]> {
  try {
    const { current, contexts } = await readContexts(env)
    const url = env.STINT_URL || (current === undefined ? undefined : contexts[current]?.url)
    const names = url === undefined ? [] : await readPrivateJson(profilesFileOf(env, url))
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string' && /^[a-z0-9-]+$/.test(name)) : []
  } catch {
    return []
  }
}
