/**
 * Bundles the action: `node packages/action/build/build.ts`. GitHub runs the committed files, so `dist` is committed, and a test
 * compares it with the source. It is not minified, so that users can read what they run.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const DIST = fileURLToPath(new URL('../dist/', import.meta.url))
export const entries = ['main', 'post', 'refresh'] as const

export async function buildAction(): Promise<Readonly<Record<string, string>>> {
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))),
    outdir: DIST,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    legalComments: 'none',
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  })
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(DIST.length), text]))
}

if (import.meta.main) {
  const { mkdir, writeFile } = await import('node:fs/promises')
  await mkdir(DIST, { recursive: true })
  for (const [name, text] of Object.entries(await buildAction())) await writeFile(`${DIST}${name}`, text)
}
