/** A sandbox whose AWS has what a release left: its tables and buckets, the key of its log, its roles, at the time at which it stopped. */
import { checkConfig, formatFaults } from '@stint/core/config/check'
import { packRules, rulesOf } from '@stint/core/config/rules'
import type { Rules } from '@stint/core/config/shape'
import { sha256Hex } from '@stint/core/digest'
import { canonicalJson } from '@stint/core/json'
import { buckets, keepRole, putObject, tables } from '@stint/sandbox/aws/world'
import { type Lab, startLab } from '../support/lab.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { configOf, type State, type stateOf } from './fixture.ts'
import type { World } from './scenario.ts'

export type Opened = {
  readonly sandbox: TestSandbox
  readonly world: World
  /** The config as the release's build wrote it, and as this code's build writes it. */
  readonly config: { readonly released: string; readonly now: string }
  readonly close: () => Promise<void>
}

/** `state`: absent for an AWS without anything of Stint's. */
export async function open(version: string, state?: ReturnType<typeof stateOf>): Promise<Opened> {
  let sandbox: TestSandbox | undefined
  const lab = await startLab(() => sandbox?.now() ?? Date.now())
  let released = ''
  sandbox = await testSandbox({
    rules(ports) {
      released = withHash(configOf(version, { sandbox: `http://127.0.0.1:${ports.issuer}`, lab: lab.url }))
      return rulesNow(released)
    },
    end: false,
    ...(state ? { logKey: state.key, startsAt: state.at } : {}),
  })
  const started = sandbox
  if (state) await putState(started, state)
  return {
    sandbox: started,
    world: worldOf(started, lab),
    config: { released, now: packRules(started.rules) },
    async close() {
      await started.close()
      await lab.close()
    },
  }
}

const worldOf = ({ now, advance, slack }: TestSandbox, lab: Lab): World => ({
  ...{ lab, now, advance },
  slashStint: async (text) => slack?.person('approver').command(text),
})

/** What this code makes of the config of a release. */
function rulesNow(released: string): Rules {
  const { hash: _hash, ...config } = JSON.parse(released)
  const checked = checkConfig(config)
  if (!checked.ok) throw new Error(`this code refuses the config of the release:\n${formatFaults(checked.faults)}`)
  return checked.rules
}

/** The addresses of the issuers are part of the hash. */
function withHash(packed: string): string {
  const { hash: _hash, ...config } = JSON.parse(packed)
  return packRules(rulesOf(config, sha256Hex(canonicalJson(config))))
}

async function putState({ aws }: TestSandbox, state: State): Promise<void> {
  for (const [table, items] of [[tables.story, state.tables.story] as const, [tables.side, state.tables.side] as const])
    for (const Item of items) await aws.dynamo.direct('PutItem', { TableName: table, Item })
  for (const [name, objects] of [[buckets.log, state.buckets.log] as const, [buckets.events, state.buckets.events] as const]) {
    const bucket = aws.world.buckets.get(name)
    if (!bucket) throw new Error(`no bucket ${name}`)
    for (const [path, text] of Object.entries(objects))
      putObject(bucket, path, Buffer.from(text, 'base64'), 'application/octet-stream', state.at)
  }
  for (const [arn, id] of Object.entries(state.roles)) {
    const role = aws.world.roles.get(arn)
    if (!role) throw new Error(`no role ${arn}`)
    keepRole(aws.world, { ...role, id })
  }
}
