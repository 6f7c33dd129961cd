/** `stint/functions` of the published package: its prebuilt functions, each with the rules of a config next to it. Nothing is built. */
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleNames, deploymentOf, writeDeployment } from '@stint/broker/build/deployment'

const functions = fileURLToPath(new URL('../functions', import.meta.url))

try {
  const { out, rules } = await deploymentOf(process.argv.slice(2), process.cwd())
  const { build } = JSON.parse(await readFile(join(functions, 'build.json'), 'utf8')) as { build: string }
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  for (const name of bundleNames) await cp(join(functions, name), join(out, name), { recursive: true })
  await writeDeployment(out, rules, build)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
