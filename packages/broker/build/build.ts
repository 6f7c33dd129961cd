/**
 * `npm run build`: the Lambda functions as CJS bundles, each with its rules next to it, and `openapi.json`.
 *
 *     npm run build -- [--config FILE] [--binding NAME=VALUE]… [--out DIR]
 *
 * The settings come from measurements: see docs/performance.md. A stub that no longer replaces any file fails the build, so that a new SDK
 * cannot grow the bundle unnoticed.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatFaults } from '@stint/core/config/check'
import { packRules } from '@stint/core/config/rules'
import type { Rules } from '@stint/core/config/shape'
import { build, type Plugin } from 'esbuild'
import { assumePolicies } from '../src/lambda/assume.ts'
import { type FunctionName, functionNames } from '../src/lambda/functions.ts'
import { loadConfig } from './config-file.ts'
import { openApiText } from './openapi.ts'
import { placeholdersIn } from './placeholders.ts'

const here = dirname(fileURLToPath(import.meta.url))
export const LIMITS_KB = { vend: 307, api: 750, sweep: 750, ship: 750, slack: 750, notify: 750 } as const satisfies Record<
  FunctionName,
  number
>

/**
 * Modules that the vend path never reaches: credential providers other than Stint's, multi-region signing, endpoint discovery, event
 * streams. Each is replaced by a module whose exports throw when called. Every client creates an `EndpointCache` and never uses it.
 */
const throwing = (name: string) => `export function ${name}() { throw new Error('${name} is not in this bundle') }`
const stubs: Readonly<Record<string, string>> = {
  '@aws-sdk/credential-provider-node': throwing('defaultProvider'),
  '@aws-sdk/endpoint-cache': 'export class EndpointCache {}',
  // For instances that serve several calls at once. Stint's take the trace from the environment.
  '@aws/lambda-invoke-store': 'export const InvokeStore = { getInstanceAsync: async () => undefined }',
}
/** The S3 client depends on these, though nothing here uses them. */
const stubsBesideS3: Readonly<Record<string, string>> = { ...stubs, '@smithy/core/event-streams': throwing('EventStreamSerde') }
/** Only `vend` contains the STS client. */
const stubsOfVend: Readonly<Record<string, string>> = {
  ...stubsBesideS3,
  '@aws-sdk/signature-v4-multi-region': throwing('SignatureV4MultiRegion'),
}
/** The functions that read or write the log. */
const withS3: readonly FunctionName[] = ['api', 'ship']

type Fragment = { readonly file: RegExp; readonly contents: (text: string) => string }

/**
 * Files of which a fragment is enough: a client's package.json is only needed for its version, SHA-256 in JavaScript duplicates Node's, and
 * adaptive retries are not used. The region is always given, so no instance is asked for it.
 */
const fragments: readonly Fragment[] = [
  {
    file: /[\\/]client-(sts|dynamodb|s3|kms)[\\/]package\.json$/,
    contents: (text) => `export default { version: ${JSON.stringify(JSON.parse(text).version)} }`,
  },
  { file: /[\\/]client-(sts|dynamodb)[\\/].*[\\/]models[\\/]errors\.js$/, contents: shortErrors },
  { file: /[\\/]checksum[\\/]sha256[\\/]Sha256Js\.js$/, contents: () => throwing('Sha256Js') },
  { file: /[\\/]util-retry[\\/]DefaultRateLimiter\.js$/, contents: () => throwing('DefaultRateLimiter') },
  { file: /[\\/]util-retry[\\/]AdaptiveRetryStrategy\.js$/, contents: () => throwing('AdaptiveRetryStrategy') },
  { file: /[\\/]regionConfig[\\/]getInstanceMetadataRegion\.js$/, contents: () => throwing('getInstanceMetadataRegion') },
  // Every client is given its endpoint (src/adapters/aws.ts). STS also asks here whether an endpoint needs another signing scheme.
  {
    file: /[\\/]client-(sts|dynamodb|kms)[\\/].*[\\/]endpointResolver\.js$/,
    contents: () => 'export const defaultEndpointResolver = () => ({ properties: {} })',
  },
]
/** AWS's partitions and the names of buckets, which only S3 needs. */
const fragmentsBesideS3: readonly Fragment[] = [
  ...fragments,
  { file: /[\\/]util-endpoints[\\/]lib[\\/]aws[\\/]partitions\.js$/, contents: () => 'export const partitionsInfo = { partitions: [] }' },
  { file: /[\\/]service-customizations[\\/]index\.js$/, contents: () => throwing('resolveParamsForS3') },
]

/** The same error classes, made by one function: a client writes each out, which takes 13 KB together. */
function shortErrors(text: string): string {
  const base = /^import .* as __BaseException .*$/m.exec(text)?.[0]
  const classes = [...text.matchAll(/^export class (\w+) extends __BaseException \{\n([\s\S]*?)^\}/gm)].map(([, name, body = '']) => {
    const [, shape, fault] = /shapeId = "(.*)";[\s\S]*\$fault = "(\w+)"/.exec(body) ?? []
    if (!shape || !fault) throw new Error(`the error class ${name} has an unknown form`)
    const retryable = /\$retryable = (\{.*\});/.exec(body)?.[1]
    return `export const ${name} = make(${JSON.stringify(shape)}, ${JSON.stringify(fault)}${retryable ? `, { $retryable: ${retryable} }` : ''})`
  })
  if (!base || classes.length === 0 || classes.length !== text.match(/^export /gm)?.length)
    throw new Error('the error classes of a client have an unknown form')
  return `${base}
const make = (shapeId, $fault, more) => class extends __BaseException {
  static shapeId = shapeId
  constructor(opts) {
    super({ name: shapeId.split('#')[1], $fault, ...opts })
    // The base class has set its own prototype.
    Object.setPrototypeOf(Object.assign(this, opts, more), new.target.prototype)
  }
}
${classes.join('\n')}`
}

function stubbing(
  replaced: Readonly<Record<string, string>>,
  cut: readonly Fragment[],
): { readonly plugin: Plugin; readonly unmet: () => readonly string[] } {
  const met = new Set<string>()
  const plugin: Plugin = {
    name: 'stub',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@(aws|aws-sdk|smithy)\// }, ({ path }) => {
        if (!Object.hasOwn(replaced, path)) return undefined
        met.add(path)
        return { path, namespace: 'stub' }
      })
      onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: replaced[path] ?? '', loader: 'js' }))
      for (const { file, contents } of cut) {
        onLoad({ filter: file }, async ({ path }) => {
          met.add(String(file))
          return { contents: contents(await readFile(path, 'utf8')), loader: 'js' }
        })
      }
    },
  }
  const wanted = [...Object.keys(replaced), ...cut.map(({ file }) => String(file))]
  return { plugin, unmet: () => wanted.filter((name) => !met.has(name)) }
}

export type Built = { readonly file: string; readonly bytes: number; readonly inputs: Readonly<Record<string, number>> }

export async function buildFunction(name: FunctionName, out: string): Promise<Built> {
  const { plugin, unmet } = withS3.includes(name)
    ? stubbing(stubs, fragments)
    : stubbing(name === 'vend' ? stubsOfVend : stubsBesideS3, fragmentsBesideS3)
  const file = join(out, name, 'index.js')
  const result = await build({
    entryPoints: [join(here, `../src/lambda/${name}.ts`)],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': false },
    minify: true,
    sourcemap: 'external',
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
    plugins: [plugin],
  })
  const missed = unmet()
  if (missed.length > 0) throw new Error(`${name}: no file matches the stubs ${missed.join(', ')}`)
  const output = Object.entries(result.metafile.outputs).find(([path]) => path.endsWith('index.js'))?.[1]
  return {
    file,
    bytes: output?.bytes ?? 0,
    inputs: Object.fromEntries(Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [path, bytesInOutput])),
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
  slack: rules.slack !== undefined,
  trustEmail: rules.slack?.trustEmail !== undefined,
  signIn: Object.keys(rules.signIn ?? {}),
  directories: Object.keys(rules.directories ?? {}),
  placeholders: placeholdersIn(rules),
})

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, out: { type: 'string' }, binding: { type: 'string', multiple: true, default: [] } },
  })
  const root = resolve(here, '../../..')
  const bindings = Object.fromEntries(values.binding.map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
  const checked = await loadConfig(resolve(values.config ?? join(root, 'stint.config.ts')), bindings)
  if (!checked.ok) throw new Error(`The config has errors:\n${formatFaults(checked.faults)}`)
  refuseSandboxRules(checked.rules)

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const [openApi, text] = [join(here, '../openapi.json'), openApiText()]
  if ((await readFile(openApi, 'utf8')) !== text) await writeFile(openApi, text)
  const out = resolve(values.out ?? join(root, 'dist'))
  await rm(out, { recursive: true, force: true })
  const code = createHash('sha256')
  for (const name of functionNames) {
    await mkdir(join(out, name), { recursive: true })
    const { file, bytes } = await buildFunction(name, out)
    if (bytes > LIMITS_KB[name] * 1000)
      throw new Error(`${name} is ${Math.ceil(bytes / 1000)} KB, above its limit of ${LIMITS_KB[name]} KB`)
    await writeFile(join(out, name, 'config.json'), packRules(checked.rules))
    // Read on first use, and not at a cold start.
    if (name === 'api') await writeFile(join(out, name, 'openapi.json'), text)
    code.update(await readFile(file))
    // Next to the bundles and not in them: everything in a function's folder is deployed.
    await rename(`${file}.map`, join(out, `${name}.js.map`))
    process.stdout.write(`${name.padEnd(5)} ${Math.ceil(bytes / 1000)} KB of ${LIMITS_KB[name]} KB  ${file}\n`)
  }
  await writeFile(
    join(out, 'manifest.json'),
    `${JSON.stringify(manifestOf(checked.rules, `${version}+${code.digest('hex').slice(0, 12)}`), null, 2)}\n`,
  )
  process.stdout.write(`config ${checked.rules.hash}\n`)
}

if (import.meta.main) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
}
