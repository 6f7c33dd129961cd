/**
 * Bundles the command line into one file that runs on Node 20 and later: `node packages/cli/build/bundle.ts` writes
 * `packages/cli/dist/stint.cjs`. Commands that need the package or the repository are replaced by a sentence that says so.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'

export const BUNDLE = fileURLToPath(new URL('../dist/stint.cjs', import.meta.url))

/** Modules of commands that run the config, which is TypeScript, or the sandbox: by command, and what they export. */
const repositoryOnly: { readonly [module: string]: readonly [command: string, ...names: string[]] } = {
  '/lint/command.ts': ['lint', 'lintCommand'],
  '/cases/command.ts': ['test', 'testCommand'],
  '/target/command.ts': ['target', 'addCommand'],
  '/import/command.ts': ['import', 'githubCommand', 'identityCenterCommand', 'teamCommand', 'ssoElevatorCommand'],
  '/doctor-aws/command.ts': ['doctor --aws', 'awsDoctor'],
  '/repository/sandbox.ts': ['sandbox', 'sandboxCommand'],
}

const withoutRepository: Plugin = {
  name: 'without-repository',
  setup({ onLoad }) {
    onLoad(
      { filter: /packages[\\/]cli[\\/]src[\\/](lint|cases|target|import|doctor-aws)[\\/]command\.ts$|repository[\\/]sandbox\.ts$/ },
      ({ path }) => {
        const [, found] = Object.entries(repositoryOnly).find(([module]) => path.replaceAll('\\', '/').endsWith(module)) ?? []
        if (!found) throw new RangeError(`no command for ${path}`)
        const [command, ...names] = found
        const failure = fileURLToPath(new URL('../src/frame/failure.ts', import.meta.url))
        const message = `stint ${command} needs the package stint, or a clone of the repository, and Node 24.`
        const next = `After npm install (in a clone: npm ci), run: npx stint ${command}`
        const thrown = `throw new Failure('failed', ${JSON.stringify(message)}, { next: ${JSON.stringify(next)} })`
        const functions = names.map((name) => `export function ${name}() { ${thrown} }`)
        const contents = `import { Failure } from ${JSON.stringify(failure)}\n${functions.join('\n')}`
        return { contents, loader: 'js', resolveDir: dirname(failure) }
      },
    )
  },
}

const withoutImplementations: Plugin = {
  name: 'without-implementations',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined))
  },
}

const common = {
  write: false,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Only `audit --table` and its like use AWS's SDK. They run where it is installed.
  external: ['@aws-sdk/*', '@napi-rs/keyring'],
  legalComments: 'none',
  // The bundle is CommonJS; import.meta.url is used only by what is not in it.
  logOverride: { 'empty-import-meta': 'silent' },
} as const satisfies BuildOptions

const sourceOf = async (file: string, more: BuildOptions): Promise<string> => {
  const entry = fileURLToPath(new URL(`../src/${file}`, import.meta.url))
  const { outputFiles } = await build({ ...common, ...more, entryPoints: [entry], write: false })
  return outputFiles[0]?.text ?? ''
}

/**
 * The commands are a string in the file, compiled when a command runs. Otherwise Node would parse all of them to print the version or
 * kept credentials, which SDKs ask for at every start: that alone takes as long as Node's own start.
 */
export async function bundled(): Promise<string> {
  const run = await sourceOf('run.ts', { plugins: [withoutRepository] })
  // A completion needs the tree of commands, and the code of none.
  const complete = await sourceOf('complete.ts', { plugins: [withoutImplementations] })
  const asStrings: Plugin = {
    name: 'as-strings',
    setup({ onLoad }) {
      onLoad({ filter: /cli[\\/]src[\\/](run|complete)\.ts$/ }, ({ path }) => {
        const [code, name] = path.endsWith('run.ts') ? [run, 'runCommand'] : [complete, 'complete']
        const contents = `import Module from 'node:module'
const inner = new Module(__filename, bundle)
inner.filename = __filename
inner.paths = bundle.paths
inner._compile(${JSON.stringify(code)}, __filename)
export const ${name} = inner.exports.${name}`
        return { contents, loader: 'js' }
      })
    },
  }
  return sourceOf('main.ts', { plugins: [asStrings], banner: { js: '#!/usr/bin/env node\nvar bundle = module;' } })
}

if (import.meta.main) {
  await mkdir(fileURLToPath(new URL('../dist/', import.meta.url)), { recursive: true })
  await writeFile(BUNDLE, await bundled())
  await chmod(BUNDLE, 0o755)
}
