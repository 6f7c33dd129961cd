/**
 * Loads a `stint.config.ts` from wherever it lies: bundled by esbuild with `@stint/core` known to it, imported, checked.
 */

import { fileURLToPath } from 'node:url'
import { type Bindings, type CheckedConfig, checkConfig } from '@stint/core/config/check'
import { build } from 'esbuild'

export async function loadConfig(file: string, bindings: Bindings): Promise<CheckedConfig> {
  const bundle = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    alias: { '@stint/core': fileURLToPath(import.meta.resolve('@stint/core')) },
  }).catch((error: Error) => ({ error: error.message }))
  if ('error' in bundle) return { ok: false, faults: [{ path: '', fault: bundle.error }] }
  const code = bundle.outputFiles[0]?.text ?? ''
  const module = (await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as { default?: unknown }
  if (module.default === undefined) return { ok: false, faults: [{ path: '', fault: `${file} has no default export` }] }
  return checkConfig(module.default, bindings)
}
