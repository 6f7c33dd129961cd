/**
 * `npm start`: starts everything on loopback and prints the next commands. `--help` explains the options.
 */

import { parseArgs } from 'node:util'
import type { Rules } from '@stint/core/config/shape'
import { isLoopback } from '@stint/core/loopback'
import { visibleJson } from '@stint/core/shown-text'
import { isUnknownAwsPolicy, unknownAwsPolicy } from './aws/managed.ts'
import { brokerKey } from './aws/world.ts'
import { brokerEnvironment, noAnswer, SettingsError } from './environment.ts'
import { exampleLines } from './examples.ts'
import { forgetGuideFiles, printGuide, writeGuideFiles } from './guide.ts'
import { CONFIG, IS_EXAMPLE, START } from './place.ts'
import { type Ports, portsFrom, urlOf } from './ports.ts'
import {
  ConfigError,
  loadRules,
  type Part,
  SANDBOX_DEADLINES,
  shipByLooking,
  startAws,
  startBroker,
  startIssuer,
  startSandbox,
  startShipper,
} from './sandbox.ts'
import { forgetSecret, newSecret, rememberSecret } from './secret.ts'
import { printEnvironment, printWelcome } from './welcome.ts'

const help = `${START} -- [options]

  --port N         first of four ports: broker N, issuer N+1, AWS N+2, Slack N+3 (default 4400)
  --config FILE    the config (default ./stint.config.ts)
  --cell ID        the cell to run, for a config with cells
  --guide          seed the two accounts of docs/guides/learn-assume-role.md, and print how to use them
  --only PARTS     aws,issuer: start these without a broker, and print the environment for one
                   broker: start only the broker, with AWS from AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_DYNAMODB,
                   AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
  --log            one JSON line per call on stderr
`

const FIRST_PORT = 4400
const LAST_FIRST_PORT = 65_532

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      config: { type: 'string' },
      cell: { type: 'string' },
      only: { type: 'string' },
      guide: { type: 'boolean' },
      log: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const first = values.port === undefined ? FIRST_PORT : Number(values.port)
  if (!Number.isInteger(first) || first < 1 || first > LAST_FIRST_PORT)
    throw new SettingsError(`Invalid --port. Use a number from 1 to ${LAST_FIRST_PORT}.`)
  const ports = portsFrom(first)
  const log = values.log ? (line: object) => void process.stderr.write(`${visibleJson(line)}\n`) : () => {}
  // A broker that is started on its own continues the log of the AWS that it finds, also after a restart.
  const start = values.only === 'broker' ? process.env.AWS_ACCESS_KEY_ID : undefined
  const rules = await loadRules(values.config ?? CONFIG, ports, {}, start, values.cell)

  if (values.guide && values.only !== undefined) throw new SettingsError('--guide starts all parts. Remove --only.')
  warnOfPolicies(rules)
  switch (values.only) {
    case undefined: {
      const guide = values.guide === true
      const sandbox = await startSandbox({ ports, rules, log, guide })
      await rememberSecret(ports, sandbox.secret)
      closeOnSignal(sandbox, ports)
      if (guide) {
        const { guideUsers, world } = sandbox.aws
        printGuide(ports, await writeGuideFiles(ports, guideUsers, world.region), guideUsers)
      }
      const option = first === FIRST_PORT ? '' : ` --port ${first}`
      return printWelcome(sandbox, option, values.config === undefined && IS_EXAMPLE ? undefined : await exampleLines(sandbox, option))
    }
    case 'aws,issuer':
    case 'issuer,aws': {
      const secret = newSecret()
      const aws = await startAws(ports, rules, Date.now)
      const issuer = await startIssuer(ports, rules, secret, Date.now)
      await rememberSecret(ports, secret)
      closeOnSignal({ close: () => Promise.all([aws.close(), issuer.close()]).then(() => undefined) }, ports)
      return printEnvironment(ports, aws.world.region, brokerKey(aws.world, 'broker'))
    }
    case 'broker': {
      const found = brokerEnvironment(process.env, rules)
      const settings = { ...found, ...(isLoopback(found.endpoints.dynamodb) ? { deadlines: SANDBOX_DEADLINES } : {}) }
      const { shipper, vkey, deployment } = await startShipper({ rules, ...settings, key: settings.keys.api, clock: Date.now, log }).catch(
        (error: Error) => {
          throw new SettingsError(noAnswer(settings.endpoints, error))
        },
      )
      const broker = await startBroker({ ports, rules, ...settings, logVkey: vkey, clock: Date.now, log })
      const shipping = shipByLooking(shipper, deployment)
      closeOnSignal({ close: () => Promise.all([broker.close(), shipping.close()]).then(() => undefined) })
      return void process.stdout.write(`Broker   ${urlOf(ports.broker)}\n`)
    }
    default:
      throw new SettingsError("Invalid --only. Use 'aws,issuer' or 'broker'.")
  }
}

/** A policy of AWS that only the sandbox lacks is no mistake of the profile, so it does not stop the start. */
function warnOfPolicies(rules: Rules): void {
  for (const id of rules.profiles.ids)
    for (const arn of rules.profiles.find(id)?.policyArns ?? [])
      if (isUnknownAwsPolicy(arn)) process.stderr.write(`Profile ${id}: ${unknownAwsPolicy(arn)}\n`)
}

function closeOnSignal(part: Part, ports?: Ports): void {
  let closing = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (closing) return
      closing = true
      void part
        .close()
        .then(() => ports && Promise.all([forgetSecret(ports), forgetGuideFiles(ports)]))
        .finally(() => process.exit(signal === 'SIGINT' ? 130 : 143))
    })
  }
}

main().catch((error: NodeJS.ErrnoException & { port?: number }) => {
  if (error.code === 'EADDRINUSE')
    process.stderr.write(`Port ${error.port} is already in use. Stop the other process, or use other ports: ${START} -- --port 5400\n`)
  else if (error instanceof ConfigError) process.stderr.write(`The config is invalid:\n${error.message}\n`)
  else if (error instanceof SettingsError || error.code?.startsWith('ERR_PARSE_ARGS')) process.stderr.write(`${error.message}\n\n${help}`)
  else process.stderr.write(`${error.stack}\n`)
  process.exit(error instanceof SettingsError || error.code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1)
})
