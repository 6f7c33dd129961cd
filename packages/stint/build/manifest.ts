/** The packages that are published: the surface of each, and its `package.json`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

type Manifest = { readonly version: string; readonly dependencies?: Readonly<Record<string, string>> }
const manifestOf = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest

export const { version } = manifestOf('.')
const { dependencies: declared = {} } = manifestOf('packages/stint')

/**
 * What cannot be in a bundle: esbuild, which loads the config, is a program; SST is the command that deploys, in the version that was
 * tested; the lint reads AWS's list of actions, which is 15 MB of data. Exact versions, as tested.
 */
export const dependencies: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(declared).filter(([name]) => !name.startsWith('@stint/')),
)

/** Entry points of a package: the source of each. */
export type Surface = { readonly [path: string]: string }

/** The libraries without dependencies, for others that write a C2SP log or evaluate IAM policies. */
export const libraries: { readonly [folder: string]: Surface } = {
  tlog: {
    './checkpoint': 'src/checkpoint.ts',
    './ed25519': 'src/ed25519.ts',
    './merkle': 'src/merkle.ts',
    './note': 'src/note.ts',
    './proof': 'src/proof.ts',
    './tiles': 'src/tiles.ts',
  },
  iam: { '.': 'src/index.ts' },
}

const common = {
  version,
  license: 'Apache-2.0',
  engines: { node: '>=24' },
  type: 'module',
  sideEffects: false,
}

export const fileOf = (path: string): string => (path === '.' ? 'index' : path.slice(2))

/** `types` of an entry point: its place below `dist/types`. */
export const exportsOf = (surface: Surface, types: (path: string) => string): object =>
  Object.fromEntries(
    Object.keys(surface).map((path) => [path, { types: `./dist/types/${types(path)}`, default: `./dist/${fileOf(path)}.js` }]),
  )

export const libraryManifest = (folder: string, surface: Surface): object => {
  const { description } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as { description: string }
  return {
    name: `@stint/${folder}`,
    description,
    ...common,
    exports: {
      ...exportsOf(surface, (path) => `packages/${folder}/${(surface[path] ?? '').replace(/\.ts$/, '.d.ts')}`),
      './package.json': './package.json',
    },
    files: ['dist'],
  }
}

/** A program and no modules. */
export const createManifest = (): object => {
  const { description } = JSON.parse(readFileSync(join(root, 'packages/create/package.json'), 'utf8')) as { description: string }
  return {
    name: 'create-stint',
    description,
    ...common,
    bin: { 'create-stint': 'bin/create-stint.cjs' },
    exports: { './package.json': './package.json' },
    files: ['bin', 'dist', 'THIRD-PARTY-LICENSES.txt'],
  }
}

/** What a config and a deployment import. */
export const stintSurface: Surface = { '.': 'src/index.ts', './sst': 'src/sst.ts' }

export const stintManifest = (): object => {
  const { description } = JSON.parse(readFileSync(join(root, 'packages/stint/package.json'), 'utf8')) as { description: string }
  return {
    name: 'stint',
    description,
    ...common,
    bin: { stint: 'bin/stint.cjs' },
    exports: {
      ...exportsOf(stintSurface, (path) => `packages/stint/${(stintSurface[path] ?? '').replace(/\.ts$/, '.d.ts')}`),
      // A program, which the SST app runs.
      './functions': './dist/functions.js',
      './package.json': './package.json',
    },
    files: ['bin', 'dist', 'functions', 'THIRD-PARTY-LICENSES.txt'],
    dependencies,
  }
}
