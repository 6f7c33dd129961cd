/**
 * From what `stint.config.ts` exports to rules that the broker may follow. Runs at build and at the sandbox's start,
 * never on the vend path: the deployed function reads what this has accepted.
 *
 * There are three passes, and each reports the path and the fix: fill in bindings, check the shape (unknown properties are
 * errors), and check values against each other.
 */

import * as v from 'valibot'
import { sha256Hex } from '../digest.ts'
import { canonicalJson } from '../json.ts'
import { type Bindings, fillBindings } from './bindings.ts'
import { type FormerSetting, formerFault, formerSettings } from './former.ts'
import { meaningFaults } from './meaning.ts'
import { rulesOf } from './rules.ts'
import { configSchema } from './schema.ts'
import type { Config, Rules } from './shape.ts'

export type { Bindings } from './bindings.ts'
export type ConfigFault = { readonly path: string; readonly fault: string }
export type CheckedConfig = { readonly ok: true; readonly rules: Rules } | { readonly ok: false; readonly faults: readonly ConfigFault[] }

/** `former`: the settings of earlier releases. */
export function checkConfig(source: unknown, bindings: Bindings = {}, former: readonly FormerSetting[] = formerSettings): CheckedConfig {
  const faults: ConfigFault[] = []
  const filled = fillBindings(source, bindings, '', faults)
  if (faults.length > 0) return { ok: false, faults }

  const shaped = v.safeParse(configSchema, filled)
  if (!shaped.success) return { ok: false, faults: shaped.issues.map((issue) => shapeFault(issue, former)) }
  const config = shaped.output as unknown as Config

  meaningFaults(config, (path, fault) => void faults.push({ path, fault }))
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, rules: rulesOf(config, sha256Hex(canonicalJson(config))) }
}

export const formatFaults = (faults: readonly ConfigFault[]): string =>
  faults.map(({ path, fault }) => `${path || 'config'}: ${fault}`).join('\n')

function shapeFault(issue: v.BaseIssue<unknown>, former: readonly FormerSetting[]): ConfigFault {
  const path = (issue.path ?? [])
    .map((item) => (typeof item.key === 'number' ? `[${item.key}]` : `.${String(item.key)}`))
    .join('')
    .replace(/^\./, '')
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  const missing = issue.received === 'undefined'
  const expected = issue.expected ? `must be ${issue.expected}, not ${issue.received}` : issue.message
  const builtIn = issue.message.startsWith('Invalid ')
  return {
    path,
    fault: unknown
      ? (formerFault(path, former) ?? 'is an unknown setting. Remove it or check the spelling')
      : missing
        ? `is missing; ${expected}`
        : builtIn
          ? expected
          : issue.message,
  }
}
