/**
 * Bundles a function in parts: `index.js` has what a cold start needs, and each `import()` of the source becomes a file of its own, loaded
 * on first use. esbuild splits ES modules only, and into many files, while Lambda loads one CommonJS file fastest. So the parts that
 * `index.js` imports are put into it, and the other parts take from it what they share.
 */
import { basename, join } from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'

type SplitBundle = {
  /** By name; `index.js` and the parts that are loaded on first use, each with its source map. */
  readonly files: ReadonlyMap<string, { readonly code: string; readonly map: string }>
  /** The sources in `index.js`, with their size before minification. */
  readonly inputs: Readonly<Record<string, number>>
}

const INDEX = 'index.js'

export async function splitBundle(entry: string, folder: string, options: BuildOptions): Promise<SplitBundle> {
  const { outputFiles = [], metafile } = await build({
    ...options,
    entryPoints: { index: entry },
    outdir: folder,
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
    minify: false,
    sourcemap: 'inline',
    metafile: true,
    write: false,
  })
  const parts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  const outputs = new Map(Object.entries(metafile?.outputs ?? {}).map(([path, output]) => [basename(path), output]))
  const first = firstLoaded(outputs)
  const finish = async (name: string, contents: string) => {
    const { outputFiles: [map, code] = [] } = await build({
      ...options,
      stdin: { contents, resolveDir: folder, sourcefile: `${name}.entry.js` },
      outfile: join(folder, name),
      format: 'cjs',
      supported: { 'dynamic-import': false },
      sourcemap: 'external',
      write: false,
      plugins: [fromMemory(name, parts, first)],
    })
    return [name, { code: code?.text ?? '', map: map?.text ?? '' }] as const
  }
  const shared = [...first].filter((name) => name !== INDEX)
  const entries = [
    [INDEX, [`export * from './${INDEX}'`, ...shared.map((name) => `export * as ${shareOf(name)} from './${name}'`)].join('\n')],
    ...[...parts.keys()].filter((name) => !first.has(name)).map((name) => [name, `export * from './${name}'`] as const),
  ] as const
  return {
    files: new Map(await Promise.all(entries.map(([name, contents]) => finish(name, contents)))),
    inputs: Object.assign({}, ...[...first].map((name) => sizes(outputs.get(name)))),
  }
}

/** `index.js`, and the parts that load with it. */
function firstLoaded(outputs: ReadonlyMap<string, Metafile['outputs'][string]>, name = INDEX, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found
  found.add(name)
  for (const { path, kind, external } of outputs.get(name)?.imports ?? [])
    if (kind === 'import-statement' && !external) firstLoaded(outputs, basename(path), found)
  return found
}

/** Resolves a part for one of the files: its own text, a file beside it, or what `index.js` shares. */
const fromMemory = (file: string, parts: ReadonlyMap<string, string>, first: ReadonlySet<string>): Plugin => ({
  name: 'parts',
  setup({ onResolve, onLoad }) {
    // The require below.
    onResolve({ filter: /^\.\/index\.js$/, namespace: 'shared' }, ({ path }) => ({ path, external: true }))
    onResolve({ filter: /^\.\/(index|part-\w+)\.js$/ }, ({ path }) => {
      const name = basename(path)
      if (name === file || (file === INDEX && first.has(name))) return { path: name, namespace: 'part' }
      return first.has(name) ? { path: name, namespace: 'shared' } : { path, external: true }
    })
    onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({ contents: parts.get(path) ?? '', loader: 'js', resolveDir: '/' }))
    onLoad({ filter: /./, namespace: 'shared' }, ({ path }) => ({
      contents: `module.exports = require('./index.js').${shareOf(path)}`,
      loader: 'js',
    }))
  },
})

const shareOf = (part: string): string => part.replace(/\W/g, '_')

const sizes = (output: Metafile['outputs'][string] | undefined): Record<string, number> =>
  Object.fromEntries(Object.entries(output?.inputs ?? {}).map(([path, { bytesInOutput }]) => [path, bytesInOutput]))
