/**
 * `npm run build`: the Lambda functions as CJS bundles, each with its rules next to it, the API reference, and `openapi.json`.
 *
 *     npm run build -- [--config FILE] [--binding NAME=VALUE]… [--out DIR]
 *
 * The settings come from measurements: see docs/performance.md. A bundle that grows by more than 5 % fails the build.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rulesOfCell } from '@stint/core/config/cells'
import { formatFaults } from '@stint/core/config/check'
import { packRules } from '@stint/core/config/rules'
import type { Rules } from '@stint/core/config/shape'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { assumePolicies, revokerPolicies } from '../src/lambda/assume.ts'
import { type FunctionName, functionNames } from '../src/lambda/functions.ts'
import { loadConfig } from './config-file.ts'
import { openApiText } from './openapi.ts'
import { placeholdersIn } from './placeholders.ts'
import { writePublicFiles } from './public-files.ts'
import { splitBundle } from './split.ts'

const here = dirname(fileURLToPath(import.meta.url))
/** `vend-sdk` is `vend` over AWS's SDK: a deployment can switch to it (infra/settings.ts). */
export type BundleName = FunctionName | 'vend-sdk'
const bundleNames: readonly BundleName[] = [...functionNames, 'vend-sdk']

/** Each bundle's size when it was last changed on purpose, and 5 %: a new dependency must not go unnoticed. */
export const LIMITS_KB = {
  // The reasons of refused tokens, the nearest rule, and long subjects and justifications are 4.5 KB of it.
  vend: 125,
  // One file, so it also has what vend loads on first use.
  'vend-sdk': 415,
  api: 690,
  slack: 485,
  notify: 435,
  ship: 483,
  sweep: 300,
  end: 260,
  compare: 501,
  retire: 264,
} as const satisfies Record<BundleName, number>

/**
 * AWS's chain of credential providers asks files and the network for what Stint reads from the environment, and takes 115 KB. Every client
 * is given its credentials (src/adapters/aws.ts), so it is never called.
 */
const PROVIDER_CHAIN = '@aws-sdk/credential-provider-node'
function withoutProviderChain(): { readonly plugin: Plugin; readonly isMet: () => boolean } {
  let met = false
  const plugin: Plugin = {
    name: 'without-provider-chain',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => {
        met = true
        return { path, namespace: 'stub' }
      })
      onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
        contents: `export function defaultProvider() { throw new Error('${PROVIDER_CHAIN} is not in this bundle') }`,
        loader: 'js',
      }))
    },
  }
  return { plugin, isMet: () => met }
}

/** `bytes`: what a cold start loads. `rest`: what is loaded on first use. */
export type Built = {
  readonly file: string
  readonly bytes: number
  readonly rest: number
  readonly inputs: Readonly<Record<string, number>>
}

export async function buildFunction(name: BundleName, out: string): Promise<Built> {
  const { plugin, isMet } = withoutProviderChain()
  const [entry, folder] = [join(here, `../src/lambda/${name}.ts`), join(out, name)]
  const { files, inputs } = await (name === 'vend' ? splitBundle : wholeBundle)(entry, folder, { ...options, plugins: [plugin] })
  // `vend` contains nothing of the SDK. If the chain moves elsewhere, the other bundles must not grow by it.
  if (isMet() !== (name !== 'vend')) throw new Error(`${name}: ${PROVIDER_CHAIN} is ${isMet() ? 'imported' : 'no longer imported'}`)
  await mkdir(folder, { recursive: true })
  let [bytes, rest] = [0, 0]
  for (const [file, { code, map }] of files) {
    await writeFile(join(folder, file), code)
    await writeFile(join(folder, `${file}.map`), map)
    if (file === 'index.js') bytes += Buffer.byteLength(code)
    else rest += Buffer.byteLength(code)
  }
  return { file: join(folder, 'index.js'), bytes, rest, inputs }
}

const options: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'error',
}

/** One file. */
async function wholeBundle(entry: string, folder: string, given: BuildOptions): ReturnType<typeof splitBundle> {
  const { outputFiles: [map, code] = [], metafile } = await build({
    ...given,
    entryPoints: { index: entry },
    outdir: folder,
    format: 'cjs',
    supported: { 'dynamic-import': false },
    sourcemap: 'external',
    metafile: true,
    write: false,
  })
  const { inputs = {} } = Object.values(metafile?.outputs ?? {}).find(({ entryPoint }) => entryPoint !== undefined) ?? {}
  return {
    files: new Map([['index.js', { code: code?.text ?? '', map: map?.text ?? '' }]]),
    inputs: Object.fromEntries(Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput])),
  }
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      cell: { type: 'string' },
      out: { type: 'string' },
      binding: { type: 'string', multiple: true, default: [] },
    },
  })
  const root = resolve(here, '../../..')
  const bindings = Object.fromEntries(values.binding.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
  const checked = await loadConfig(resolve(values.config ?? join(root, 'stint.config.ts')), bindings)
  if (!checked.ok) throw new Error(`The config has errors:\n${formatFaults(checked.faults)}`)
  const own = rulesOfCell(checked.rules, values.cell)
  if (!own.ok) throw new Error(own.fault)
  const { rules } = own
  refuseSandboxRules(rules)

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const [openApi, text] = [join(here, '../openapi.json'), openApiText()]
  if ((await readFile(openApi, 'utf8')) !== text) await writeFile(openApi, text)
  const out = resolve(values.out ?? join(root, 'dist'))
  await rm(out, { recursive: true, force: true })
  const code = createHash('sha256')
  for (const name of bundleNames) {
    await mkdir(join(out, name), { recursive: true })
    const { file, bytes, rest } = await buildFunction(name, out)
    if (bytes > LIMITS_KB[name] * 1000)
      throw new Error(`${name} is ${Math.ceil(bytes / 1000)} KB, above its limit of ${LIMITS_KB[name]} KB`)
    await writeFile(join(out, name, 'config.json'), packRules(rules))
    // Read on first use, and not at a cold start.
    if (name === 'api') await writePublicFiles(join(out, name, 'public'))
    for (const built of (await readdir(join(out, name))).sort()) {
      if (built.endsWith('.js')) code.update(await readFile(join(out, name, built)))
      // Next to the bundles and not in them: everything in a function's folder is deployed.
      if (built.endsWith('.map'))
        await rename(join(out, name, built), join(out, built === 'index.js.map' ? `${name}.js.map` : `${name}.${built}`))
    }
    process.stdout.write(
      `${name.padEnd(8)} ${Math.ceil(bytes / 1000)} KB of ${LIMITS_KB[name]} KB${rest > 0 ? `, and ${Math.ceil(rest / 1000)} KB on first use` : ''}  ${file}\n`,
    )
  }
  await writeFile(
    join(out, 'manifest.json'),
    `${JSON.stringify(manifestOf(rules, `${version}+${code.digest('hex').slice(0, 12)}`), null, 2)}\n`,
  )
  process.stdout.write(`config ${rules.hash}\n`)
}

if (import.meta.main) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
}
