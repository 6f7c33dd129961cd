/** Composes all resources, from the data stores to the API. */
import { alarms } from './alarms.ts'
import { api } from './api.ts'
import { built } from './built.ts'
import { functions } from './functions.ts'
import { keys } from './keys.ts'
import { log } from './log.ts'
import { roles } from './roles.ts'
import { settingsOf } from './settings.ts'
import { tables } from './tables.ts'
import { userPool } from './user-pool.ts'

export function stint() {
  const settings = settingsOf($app.stage)
  const manifest = built(settings.bindings)
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
    /** The key to verify the log. */
    logKey: fn.vkey,
    alarms: topic,
    ...(people ? { issuer: people.issuer, cliClient: people.cli, webClient: people.web, signIn: people.signIn } : {}),
  }
}
