/**
 * `npm run build`: the Lambda functions, each with its rules next to it, the API reference, and `openapi.json`.
 *
 *     npm run build -- [--config FILE] [--cell ID] [--binding NAME=VALUE]… [--out DIR]
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deploymentOf, writeDeployment } from './deployment.ts'
import { buildFunctions } from './functions.ts'
import { openApiText } from './openapi.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const OPEN_API = new URL('../openapi.json', import.meta.url)

export async function buildFromSource(words: readonly string[]): Promise<void> {
  const { out, rules } = await deploymentOf(words, root)
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const text = openApiText()
  if ((await readFile(OPEN_API, 'utf8')) !== text) await writeFile(OPEN_API, text)
  await rm(out, { recursive: true, force: true })
  await writeDeployment(out, rules, await buildFunctions(out, version, (line) => void process.stdout.write(`${line}\n`)))
}

if (import.meta.main) {
  buildFromSource(process.argv.slice(2)).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
}
