/** What the config adds to the bundles: the resolved rules next to each function, and what the deployment needs to know. */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { rulesOfCell } from '@stint/core/config/cells'
import { formatFaults } from '@stint/core/config/check'
import { packRules } from '@stint/core/config/rules'
import type { Rules } from '@stint/core/config/shape'
import { assumePolicies, revokerPolicies } from '../src/lambda/assume.ts'
import { type FunctionName, functionNames } from '../src/lambda/functions.ts'
import { loadConfig } from './config-file.ts'
import { placeholdersIn } from './placeholders.ts'

/** `vend-sdk` is `vend` over AWS's SDK: a deployment can switch to it (infra/settings.ts). */
export type BundleName = FunctionName | 'vend-sdk'
export const bundleNames: readonly BundleName[] = [...functionNames, 'vend-sdk']

/** The folder of the bundles, and the rules that a command line names: `--config FILE --cell ID --binding NAME=VALUE --out DIR`. */
export async function deploymentOf(words: readonly string[], root: string): Promise<{ readonly out: string; readonly rules: Rules }> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      config: { type: 'string' },
      cell: { type: 'string' },
      out: { type: 'string' },
      binding: { type: 'string', multiple: true, default: [] },
    },
  })
  const bindings = Object.fromEntries(values.binding.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
  const checked = await loadConfig(resolve(values.config ?? join(root, 'stint.config.ts')), bindings)
  if (!checked.ok) throw new Error(`The config has errors:\n${formatFaults(checked.faults)}`)
  const own = rulesOfCell(checked.rules, values.cell)
  if (!own.ok) throw new Error(own.fault)
  refuseSandboxRules(own.rules)
  return { out: resolve(values.out ?? join(root, 'dist')), rules: own.rules }
}

/** Writes `config.json` next to each function, and `manifest.json`. `build` is what `buildFunctions` returned. */
export async function writeDeployment(out: string, rules: Rules, build: string): Promise<void> {
  const packed = packRules(rules)
  for (const name of bundleNames) await writeFile(join(out, name, 'config.json'), packed)
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(manifestOf(rules, build), null, 2)}\n`)
  process.stdout.write(`config ${rules.hash}\n`)
}

/** Checks what only a deployed config must satisfy: no issuer over http, which only the sandbox may use, and a log name of its own. */
export function refuseSandboxRules(rules: Pick<Rules, 'issuers' | 'log'>): void {
  for (const [id, { url, jwksUri }] of Object.entries(rules.issuers)) {
    if (![url, jwksUri].every((address) => address.startsWith('https://')))
      throw new Error(`issuers.${id}: deployed functions accept https issuers only`)
  }
  if (!rules.log) throw new Error('log.origin: a deployed log needs a unique, permanent name')
}

/** What the deploy needs to know about the config (infra/built.ts). */
export type Manifest = {
  /** The hash of the config. */
  readonly config: string
  /** Identifies the code in every event: the version, and the hash of the bundles. */
  readonly build: string
  /** The name of the log. */
  readonly origin: string
  /** Policies that let `vend` assume the roles of the targets. */
  readonly assume: readonly string[]
  /** Policies that let `end` assume the revokers of targets. Empty if no target has `revocation`. */
  readonly revokers: readonly string[]
  readonly slack: boolean
  /** Whether users can be linked by email. If so, `api` calls Slack too. */
  readonly trustEmail: boolean
  /** Issuers used for signing in on Stint's pages, and issuers whose directories are queried. */
  readonly signIn: readonly string[]
  readonly directories: readonly string[]
  /** Names of an example, such as login.acme.example, which a deployment cannot use. */
  readonly placeholders: readonly string[]
}
const manifestOf = (rules: Rules, build: string): Manifest => ({
  config: rules.hash,
  build,
  origin: rules.log?.origin ?? '',
  assume: assumePolicies(rules),
  revokers: revokerPolicies(rules),
  slack: rules.slack !== undefined,
  trustEmail: rules.slack?.trustEmail !== undefined,
  signIn: Object.keys(rules.signIn ?? {}),
  directories: Object.keys(rules.directories ?? {}),
  placeholders: placeholdersIn(rules),
})
