/**
 * `terraform validate` of the target kit with the real AWS provider. Only HashiCorp's registry has the provider, as a binary: where Terraform
 * cannot fetch it, the check shows as skipped, and `moto-kits` compares what Terraform evaluates without it. The SST app is not validated so: its
 * resources are those of Pulumi's provider, whose plugin no package registry has either.
 */
import { cpSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CANNOT } from '../support/cannot.ts'
import { terraformIn } from '../support/terraform.ts'
import { hasTool } from '../support/tools.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Ignored by git. Keeps the provider. */
const FOLDER = `${ROOT}/.tools/provider`

process.exitCode = await main()

async function main(): Promise<number> {
  if (!hasTool('terraform'))
    return cannot('Terraform is not on PATH; install Terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install')
  mkdirSync(FOLDER, { recursive: true })
  cpSync(`${ROOT}/infra/target/terraform`, FOLDER, { recursive: true })
  const terraform = terraformIn(FOLDER)
  const init = await terraform('init')
  console.log(init.output)
  if (/Failed to query available provider packages|Failed to install provider/.test(init.output))
    return cannot('Terraform cannot fetch its AWS provider; let it reach registry.terraform.io or a mirror of it')
  if (init.code !== 0) return 1
  const { code, output } = await terraform('validate')
  console.log(output)
  return code
}

function cannot(why: string): number {
  console.log(`skipped: ${why}`)
  return CANNOT
}
