/**
 * Loads a `stint.config.ts` from any location: bundled by esbuild with `stint` resolvable, imported, and checked.
 */

import { fileURLToPath } from 'node:url'
import { type Bindings, type CheckedConfig, checkConfig } from '@stint/core/config/check'
import { build } from 'esbuild'

export async function loadConfig(file: string, bindings: Bindings): Promise<CheckedConfig> {
  const imported = await importConfig(file)
  return imported.ok ? checkConfig(imported.value, bindings) : { ok: false, faults: [{ path: '', fault: imported.fault }] }
}

/** Before there were packages, configs imported the helpers from a workspace of the repository. */
const unresolvedCore = /Could not resolve "@stint\/core"/
const IMPORT_STINT = "Import the helpers from 'stint'. It has everything that configs imported from '@stint/core'."

/** The default export of a file. Importing it runs its code, which is the operator's own. */
export async function importConfig(
  file: string,
): Promise<{ readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string }> {
  const bundle = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    alias: { stint: fileURLToPath(import.meta.resolve('stint')) },
  }).catch((error: Error) => ({ error: error.message }))
  if ('error' in bundle) return { ok: false, fault: unresolvedCore.test(bundle.error) ? `${bundle.error}\n${IMPORT_STINT}` : bundle.error }
  const code = bundle.outputFiles[0]?.text ?? ''
  const module: { default?: unknown } | Error = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`).catch(
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  if (module instanceof Error) return { ok: false, fault: `Loading ${file} failed: ${module.message}` }
  return module.default === undefined ? { ok: false, fault: `${file} has no default export` } : { ok: true, value: module.default }
}
