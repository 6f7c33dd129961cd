/**
 * Bundles what `stint` ships besides the functions: the config's helpers, the command line, the sandbox and what prepares a deployment.
 * They are ES modules that share chunks, so a command loads only its own code. Everything is bundled except the dependencies of
 * `manifest.ts`, so that an installation runs what was tested.
 */

import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { dependencies } from './manifest.ts'
import { root } from './root.ts'

/** By name in `dist`. */
const entries = {
  cli: 'packages/cli/src/main.ts',
  functions: 'packages/stint/src/prebuilt.ts',
  'sandbox-main': 'packages/sandbox/src/main.ts',
  'sandbox-token': 'packages/sandbox/src/token.ts',
  'sandbox-browser': 'packages/sandbox/src/browser.ts',
  'sandbox-mfa': 'packages/sandbox/src/mfa.ts',
} as const

/** Modules of the repository, and the modules that the package has in their place, because its files are elsewhere. */
const replaced: { readonly [module: string]: string } = {
  'packages/sandbox/src/place.ts': 'packages/stint/src/place.ts',
  'packages/cli/src/repository/programs.ts': 'packages/stint/src/programs.ts',
}

/** Files that the code reads from its own folder. */
const assets: { readonly [file: string]: string } = {
  'managed-policies.json': 'packages/sandbox/src/aws/managed-policies.json',
  'base.css': 'packages/broker/build/base.css',
  'docs/docs.css': 'packages/broker/build/docs/docs.css',
  'docs/docs.js': 'packages/broker/build/docs/docs.js',
  'web/web.css': 'packages/broker/build/web/web.css',
  'web/web.js': 'packages/broker/build/web/web.js',
}

/** Returns the files whose code is in the bundles. */
export async function bundleStint(out: string): Promise<readonly string[]> {
  // Separate bundles: a config and SST bundle them again.
  for (const name of ['index', 'sst']) await bundleModules({ [name]: `packages/stint/src/${name}.ts` }, out)
  const inputs = await bundleProgram(entries, out, Object.keys(dependencies))
  for (const [name, file] of Object.entries(assets)) {
    await mkdir(dirname(join(out, name)), { recursive: true })
    await copyFile(join(root, file), join(out, name))
  }
  return inputs
}

const esModules = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  chunkNames: 'chunk-[hash]',
  charset: 'utf8',
  logLevel: 'error',
} as const satisfies BuildOptions

/** Programs that share chunks. Returns the files whose code is in them. */
export async function bundleProgram(
  entryPoints: Readonly<Record<string, string>>,
  outdir: string,
  external: readonly string[],
): Promise<readonly string[]> {
  const { metafile } = await build({
    ...esModules,
    entryPoints,
    outdir,
    mainFields: ['module', 'main'],
    minify: true,
    // oidc-provider takes names of its models from their classes.
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    external: [...external],
    // A module of a bundle is never the program itself.
    define: { 'import.meta.main': 'false' },
    // For the CommonJS modules in the bundles.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';const require = requireOf(import.meta.url);const __dirname = import.meta.dirname;",
    },
    plugins: [replacing, dynalite],
  })
  return Object.keys(metafile.inputs)
}

/** Modules without dependencies. They stay readable, because others bundle or debug them. */
export const bundleModules = (entryPoints: Readonly<Record<string, string>>, outdir: string): Promise<object> =>
  build({ ...esModules, entryPoints, outdir })

const replacing: Plugin = {
  name: 'replaced',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
      const other = replaced[relative(root, resolve(resolveDir, path))]
      return other === undefined ? undefined : { path: join(root, other) }
    })
  },
}

/**
 * dynalite loads its parts by computed names, which esbuild finds if they are whole. The sandbox loads its validations, and never its
 * store on disk, which is a native module.
 */
const dynalite: Plugin = {
  name: 'dynalite',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^level$/ }, () => ({ path: 'level', namespace: 'without-disk' }))
    onLoad({ filter: /.*/, namespace: 'without-disk' }, () => ({
      contents: "export class Level { constructor() { throw new Error('The sandbox keeps its tables in memory') } }",
    }))
    onLoad({ filter: /node_modules[\\/]dynalite[\\/]index\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text.replaceAll(/require\(('\.\/(?:actions|validations)\/' \+ action)\)/g, "require($1 + '.js')")
      if (contents.length !== text.length + 2 * " + '.js'".length) throw new Error(`${path} no longer loads its parts as expected`)
      return { contents }
    })
    onLoad({ filter: /sandbox\/src\/aws\/dynalite-validations\.ts$/ }, async () => {
      const folder = dirname(createRequire(join(root, 'packages/sandbox/package.json')).resolve('dynalite/validations/index.js'))
      const names = (await readdir(folder)).filter((file) => file.endsWith('.js') && file !== 'index.js').sort()
      return {
        contents: `const all = { ${names.map((file) => `${JSON.stringify(file)}: () => require(${JSON.stringify(join(folder, file))})`).join(',')} }
export const validationOf = (name) => all[name + '.js']?.()`,
        resolveDir: folder,
      }
    })
  },
}

/** The names of packages in `node_modules`, sorted. */
export const packagesOf = (files: readonly string[]): readonly string[] =>
  [...new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1] ?? []))].sort()
