/** The releases of the company's config, loaded once. */
import { fileURLToPath } from 'node:url'
import { loadConfig } from '@stint/broker/build/config-file'
import type { Rules } from '@stint/core/config/shape'

async function load(name: string): Promise<Rules> {
  const loaded = await loadConfig(fileURLToPath(new URL(`./${name}.config.ts`, import.meta.url)), {})
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults))
  return loaded.rules
}

export const RELEASES: readonly Rules[] = await Promise.all(['company', 'next'].map(load))
