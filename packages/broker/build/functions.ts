/**
 * The Lambda functions as CJS bundles. They do not depend on the config, which lies next to each of them (deployment.ts): the same bundles
 * are built here and shipped in the package.
 *
 * The settings come from measurements: see docs/performance.md. A bundle that grows by more than 5 % fails the build.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { type BundleName, bundleNames } from './deployment.ts'
import { writePublicFiles } from './public-files.ts'
import { splitBundle } from './split.ts'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')

/** Each bundle's size when it was last changed on purpose, and 5 %: a new dependency must not go unnoticed. */
export const LIMITS_KB = {
  // The reasons of refused tokens, the nearest rule, and long subjects and justifications are 4.5 KB of it.
  vend: 125,
  // One file, so it also has what vend loads on first use.
  'vend-sdk': 420,
  api: 690,
  slack: 485,
  notify: 440,
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
  const bundle = name === 'vend' ? splitBundle : wholeBundle
  const { files, inputs } = await bundle(entry, join(root, 'dist', name), { ...options, plugins: [plugin] })
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
  // Paths are in source maps, and in the names of chunks by their hash. Here and with one folder for `out`, they are the same for every
  // checkout, so that two builds of one commit are equal.
  absWorkingDir: root,
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

/**
 * Bundles all functions into folders of `out`, and their source maps next to the folders. Returns what identifies the code: the version,
 * and the hash of the bundles. `print` gets the sizes.
 */
export async function buildFunctions(out: string, version: string, print: (line: string) => void): Promise<string> {
  const code = createHash('sha256')
  for (const name of bundleNames) {
    await mkdir(join(out, name), { recursive: true })
    const { file, bytes, rest } = await buildFunction(name, out)
    if (bytes > LIMITS_KB[name] * 1000)
      throw new Error(`${name} is ${Math.ceil(bytes / 1000)} KB, above its limit of ${LIMITS_KB[name]} KB`)
    // Read on first use, and not at a cold start.
    if (name === 'api') await writePublicFiles(join(out, name, 'public'))
    for (const built of (await readdir(join(out, name))).sort()) {
      if (built.endsWith('.js')) code.update(await readFile(join(out, name, built)))
      // Next to the bundles and not in them: everything in a function's folder is deployed.
      if (built.endsWith('.map'))
        await rename(join(out, name, built), join(out, built === 'index.js.map' ? `${name}.js.map` : `${name}.${built}`))
    }
    print(
      `${name.padEnd(8)} ${Math.ceil(bytes / 1000)} KB of ${LIMITS_KB[name]} KB${rest > 0 ? `, and ${Math.ceil(rest / 1000)} KB on first use` : ''}  ${file}`,
    )
  }
  return `${version}+${code.digest('hex').slice(0, 12)}`
}
