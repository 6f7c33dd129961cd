/** Composes all resources, from the data stores to the API. */

import type { Manifest } from '@stint/broker/build/deployment'
import { alarms } from './alarms.ts'
import { api } from './api.ts'
import { built } from './built.ts'
import { functions } from './functions.ts'
import { adopt } from './kept.ts'
import { keys } from './keys.ts'
import { log } from './log.ts'
import { findingsText, preflight } from './preflight.ts'
import { roles } from './roles.ts'
import { type Settings, type Stages, settingsOf } from './settings.ts'
import { tables } from './tables.ts'
import { userPool } from './user-pool.ts'

export async function stint(stages: Stages) {
  const settings = settingsOf(stages, $app.stage)
  const manifest = built(settings)
  await check(settings, manifest)
  adopt(settings.adopt ?? {})
  const role = roles()
  const key = keys(settings, role.arnOf)
  const table = tables(settings, key.data)
  const bucket = log(settings, key.data, role.arnOf)
  const gateway = api(settings)
  const people = settings.userPool ? userPool(gateway.url) : undefined
  const fn = functions({ settings, manifest, role, key, table, bucket, url: gateway.url, people })
  gateway.route(fn)
  const topic = alarms({ settings, fn, gateway, table, key: key.data })
  return {
    url: gateway.url,
    config: manifest.config,
    /** The role that target roles must trust. */
    brokerRole: role.arnOf('vend'),
    /** The role that the revokers of target roles must trust. */
    ...(manifest.revokers.length > 0 ? { revokerRole: role.arnOf('end') } : {}),
    /** The key to verify the log. */
    logKey: fn.vkey,
    alarms: topic,
    ...(people ? { issuer: people.issuer, cliClient: people.cli, webClient: people.web, signIn: people.signIn } : {}),
  }
}

/** Stops before the first resource, with everything that stands in the way. */
async function check(settings: Settings, manifest: Manifest): Promise<void> {
  const concurrency = settings.reserveConcurrency ? await concurrencyQuota() : undefined
  const findings = preflight({
    stage: $app.stage,
    kept: $app.removal !== 'remove',
    settings,
    manifest,
    hasSecret: (name) => process.env[`SST_SECRET_${name}`] !== undefined,
    ...(concurrency === undefined ? {} : { concurrency }),
  })
  if (findings.some(({ stops }) => stops)) throw new Error(`Nothing was deployed.\n\n${findingsText(findings)}`)
  if (findings.length > 0) console.warn(findingsText(findings))
}

/** "Concurrent executions" of AWS Lambda in this account and region. */
const concurrencyQuota = (): Promise<number | undefined> =>
  aws.servicequotas.getServiceQuota({ serviceCode: 'lambda', quotaCode: 'L-B99A9384' }).then(
    ({ value }) => value,
    () => undefined,
  )
