/**
 * `npm run pack`: the packages as they are published, each in a folder of `dist/npm`, and their tarballs next to them:
 *
 *     npm run pack -- [--out DIR]
 */
import { execFileSync } from 'node:child_process'
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildFunctions } from '@stint/broker/build/functions'
import { bundleModules, bundleProgram, bundleStint, packagesOf } from './bundle.ts'
import { licenses } from './licenses.ts'
import { createManifest, fileOf, libraries, libraryManifest, stintManifest, stintSurface, version } from './manifest.ts'
import { root } from './root.ts'
import { copyTypes, declarations } from './types.ts'

/** Of a tarball, when it was last changed on purpose, and about 5 %. */
export const LIMITS_KB: { readonly [name: string]: number } = { stint: 2930, tlog: 14, iam: 24, create: 40 }

/** Returns the tarball of each package. `print` gets the sizes. */
export async function pack(out: string, print: (line: string) => void): Promise<{ readonly [name: string]: string }> {
  await rm(out, { recursive: true, force: true })
  const sources = {
    ...Object.fromEntries(Object.entries(libraries).map(([name, surface]) => [name, Object.values(surface)])),
    create: [],
    stint: Object.values(stintSurface),
  }
  const inRepository = (name: string, files: readonly string[]) => files.map((file) => `packages/${name}/${file}`)
  const types = await declarations(Object.entries(sources).flatMap(([name, files]) => inRepository(name, files)))
  const tarballs: Record<string, string> = {}
  try {
    for (const [name, files] of Object.entries(sources)) {
      const folder = join(out, name)
      await mkdir(folder, { recursive: true })
      if (name === 'stint') await writeStint(folder, print)
      else if (name === 'create') await writeCreate(folder)
      else await writeLibrary(name, folder)
      await copyTypes(types, inRepository(name, files), join(folder, 'dist/types'))
      await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'))
      await copyFile(join(root, 'packages', name, 'README.md'), join(folder, 'README.md'))
      tarballs[name] = await tarball(name, folder, out, print)
    }
  } finally {
    await rm(types, { recursive: true, force: true })
  }
  return tarballs
}

const writeManifest = (folder: string, manifest: object) =>
  writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

async function writeLibrary(name: string, folder: string): Promise<void> {
  const surface = libraries[name] ?? {}
  const entries = Object.entries(surface).map(([path, file]) => [fileOf(path), `packages/${name}/${file}`])
  await bundleModules(Object.fromEntries(entries), join(folder, 'dist'))
  await writeManifest(folder, libraryManifest(name, surface))
}

async function writeCreate(folder: string): Promise<void> {
  const bundled = await bundleProgram({ main: 'packages/create/src/main.ts' }, join(folder, 'dist'), [])
  await writePrograms(folder, ['packages/create/bin/create-stint.cjs'])
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES.txt'), await licenses(packagesOf(bundled)))
  await writeManifest(folder, createManifest())
}

async function writePrograms(folder: string, files: readonly string[]): Promise<void> {
  await mkdir(join(folder, 'bin'))
  for (const file of ['packages/stint/bin/check-node.cjs', ...files]) await copyFile(join(root, file), join(folder, 'bin', basename(file)))
  for (const file of files) await chmod(join(folder, 'bin', basename(file)), 0o755)
}

async function writeStint(folder: string, print: (line: string) => void): Promise<void> {
  const bundled = await bundleStint(join(folder, 'dist'))
  const functions = join(folder, 'functions')
  const build = await buildFunctions(functions, version, print)
  const inFunctions: string[] = []
  for (const file of (await readdir(functions)).filter((name) => name.endsWith('.map'))) {
    inFunctions.push(...(JSON.parse(await readFile(join(functions, file), 'utf8')) as { sources: string[] }).sources)
    // They would be half of the package.
    await rm(join(functions, file))
  }
  await writeFile(join(functions, 'build.json'), `${JSON.stringify({ build })}\n`)
  await writePrograms(folder, ['packages/stint/bin/stint.cjs'])
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES.txt'), await licenses(packagesOf([...bundled, ...inFunctions])))
  await copyDocuments(folder)
  await writeManifest(folder, stintManifest())
}

/** At the paths of the repository, because messages and guides name these. */
async function copyDocuments(folder: string): Promise<void> {
  const pages = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'))
  // Not what Terraform leaves in a checkout.
  for (const path of [...pages, 'config.schema.json', 'guides', 'examples'].map((name) => `docs/${name}`).concat('infra/target'))
    await cp(join(root, path), join(folder, path), { recursive: true, filter: (source) => !basename(source).startsWith('.') })
}

async function tarball(name: string, folder: string, out: string, print: (line: string) => void): Promise<string> {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  ) as { filename: string; unpackedSize: number; entryCount: number }[]
  if (!packed) throw new Error(`npm packed nothing of ${name}`)
  const file = join(out, packed.filename)
  const kilobytes = Math.ceil((await stat(file)).size / 1000)
  const limit = LIMITS_KB[name] ?? 0
  print(
    `${name.padEnd(8)} ${kilobytes} KB of ${limit} KB, unpacked ${Math.ceil(packed.unpackedSize / 1000)} KB, ${packed.entryCount} files  ${file}`,
  )
  if (kilobytes > limit) throw new Error(`${name} is ${kilobytes} KB, above its limit of ${limit} KB`)
  return file
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist/npm') } } })
  await pack(resolve(values.out), (line) => void process.stdout.write(`${line}\n`))
}
