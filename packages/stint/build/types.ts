/** The declarations of published packages, from TypeScript's own output: the files that an entry point reaches, and no others. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { root } from './root.ts'

/** TypeScript's declarations of these sources and all that they import, in a folder that the caller removes. */
export async function declarations(sources: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stint-types-'))
  const config = join(folder, 'tsconfig.json')
  const options = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      // `npm run check` checks them.
      noCheck: true,
      rootDir: root,
      outDir: join(folder, 'out'),
      typeRoots: [join(root, 'node_modules/@types')],
    },
    // TypeScript emits nothing for what it finds in node_modules, where it finds the workspaces.
    include: ['core', 'iam', 'tlog'].map((name) => join(root, 'packages', name, 'src')),
    exclude: ['**/*.test.ts'],
    files: sources.map((source) => join(root, source)),
  }
  await writeFile(config, JSON.stringify(options))
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], { stdio: 'inherit' })
  return folder
}

/** Not in the lines of a comment. */
const IMPORT = /(^(?:import|export)\s[^'"]*\bfrom |^(?! *\*).*\bimport\()(['"])([^'"]+)\2/gm

/** Copies the declarations that `sources` reach into `out`, with imports that work without the repository. */
export async function copyTypes(folder: string, sources: readonly string[], out: string): Promise<void> {
  const seen = new Set<string>()
  const waiting = sources.map((source) => source.replace(/\.ts$/, '.d.ts'))
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = await readFile(join(folder, 'out', file), 'utf8')
    const rewritten = text.replace(IMPORT, (_all, start: string, quote: string, path: string) => {
      const target = sourceOf(path, file as string)
      waiting.push(target.replace(/\.ts$/, '.d.ts'))
      const relative = posix.relative(posix.dirname(file as string), target.replace(/\.ts$/, '.js'))
      return `${start}${quote}${relative.startsWith('.') ? relative : `./${relative}`}${quote}`
    })
    await mkdir(dirname(join(out, file)), { recursive: true })
    await writeFile(join(out, file), rewritten)
  }
}

/** The source that an import names. The types of a published package must not need another package. */
function sourceOf(path: string, importer: string): string {
  if (path.startsWith('.')) return posix.join(posix.dirname(importer), path)
  const [, name] = /^@stint\/([a-z]+)/.exec(path) ?? []
  if (name === undefined) throw new Error(`${importer} has types of ${path}, which the package would need`)
  const resolved = import.meta.resolve(path)
  return resolved.slice(resolved.lastIndexOf(`/packages/${name}/`) + 1)
}
