/** The packages that are published: the surface of each, and its `package.json`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

type Manifest = { readonly version: string; readonly description: string; readonly dependencies?: Readonly<Record<string, string>> }
const manifestOf = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest

export const { version } = manifestOf('.')
const { dependencies: declared = {} } = manifestOf('packages/stint')

/**
 * What cannot be in a bundle: esbuild, which loads the config, is a program. SST is the command that deploys. The lint reads AWS's list of
 * actions, which is 15 MB of data. The versions are exact, so that an installation has the versions that were tested.
 */
export const dependencies: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(declared).filter(([name]) => !name.startsWith('@stint/')),
)

/** Entry points of a package: the source of each. */
export type Surface = { readonly [path: string]: string }

/** The libraries, which have no dependencies, for projects that write a C2SP log or evaluate IAM policies. */
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

const common = (folder: string) => ({
  description: manifestOf(`packages/${folder}`).description,
  version,
  license: 'Apache-2.0',
  engines: { node: '>=24' },
  type: 'module',
  sideEffects: false,
})

export const fileOf = (path: string): string => (path === '.' ? 'index' : path.slice(2))

/** The `exports` of a package's surface. Its declarations have the paths of its sources, below `dist/types`. */
const exportsOf = (folder: string, surface: Surface): object =>
  Object.fromEntries(
    Object.entries(surface).map(([path, source]) => [
      path,
      { types: `./dist/types/packages/${folder}/${source.replace(/\.ts$/, '.d.ts')}`, default: `./dist/${fileOf(path)}.js` },
    ]),
  )

export const libraryManifest = (folder: string, surface: Surface): object => {
  return {
    name: `@stint/${folder}`,
    ...common(folder),
    exports: {
      ...exportsOf(folder, surface),
      './package.json': './package.json',
    },
    files: ['dist'],
  }
}

/** A program and no modules. */
export const createManifest = (): object => {
  return {
    name: 'create-stint',
    ...common('create'),
    bin: { 'create-stint': 'bin/create-stint.cjs' },
    exports: { './package.json': './package.json' },
    files: ['bin', 'dist', 'THIRD-PARTY-LICENSES.txt'],
  }
}

/** What a config and a deployment import. */
export const stintSurface: Surface = { '.': 'src/index.ts', './sst': 'src/sst.ts' }

export const stintManifest = (): object => {
  return {
    name: 'stint',
    ...common('stint'),
    bin: { stint: 'bin/stint.cjs' },
    exports: {
      ...exportsOf('stint', stintSurface),
      // A program, which the SST app runs.
      './functions': './dist/functions.js',
      './package.json': './package.json',
    },
    files: ['bin', 'dist', 'docs', 'functions', 'infra', 'THIRD-PARTY-LICENSES.txt'],
    dependencies,
  }
}
