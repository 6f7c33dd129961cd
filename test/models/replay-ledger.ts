/** Replays a trace of ledger.pml through `vend` and the ledger's adapters, over DynamoDB in this process. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { abandoning } from '@stint/broker/adapters/dynamodb/abandon'
import { toItem } from '@stint/broker/adapters/dynamodb/items'
import { tableOverSdk } from '@stint/broker/adapters/dynamodb/over-sdk'
import { renewals } from '@stint/broker/adapters/dynamodb/renewals'
import { reading } from '@stint/broker/adapters/dynamodb/request-reader'
import { sender } from '@stint/broker/adapters/dynamodb/sender'
import { always, changes, dana, ledgerInProcess, must, NOW, SIDE, STORY } from '@stint/broker/adapters/dynamodb/testing/ledger'
import type { Broker } from '@stint/broker/ports/broker'
import { vend } from '@stint/broker/vend/vend'
import { idempotentSessionId, sessionSuffix } from '@stint/core/ids'
import { seconds } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { revoke } from '@stint/core/request/machine'
import { ABANDONED_AFTER_SECONDS } from '@stint/core/request/session'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import { profile, rules as rulesWith } from '@stint/core/testing/fixtures'
import { type Fate, players, sameState } from './players.ts'

/** When the model's times 0 to 3 are, in seconds after the approval. */
const TIMES = [0, 100, 1100, 1500]
const WINDOW_SECONDS = 1400
const SESSION_SECONDS = 900

const rules = rulesWith({
  deploy: profile({
    duration: { default: '15m', max: '1h' },
    approval: {
      rules: [{ by: [{ issuer: 'people', claims: { groups: 'peers' } }], count: 1 }],
      expiresAfter: '30m',
      window: '1h',
      maxUses: 1,
    },
  } as Parameters<typeof profile>[0]),
})
const call = (now: number) => ({ trace: 'f'.repeat(32), source: '203.0.113.7', now })
const eventTypes: { readonly [event: string]: string } = {
  reserved: 'session.reserved',
  issued: 'session.issued',
  failed: 'session.failed',
  abandoned: 'session.abandoned',
  dropped: 'session.answer-dropped',
  revoked: 'request.revoked',
}

/** Throws at the first step after which the stored item is not what the model says. */
export async function replayLedger(trace: readonly string[], bounds: readonly string[] = []): Promise<void> {
  const isSame = bounds.includes('SAME')
  const uses = bounds.includes('USES=2') ? 2 : 1
  const it = ledgerInProcess()
  const { ledger, table, settings } = it
  const acting = players()
  const sts = { assumeRole: async (input: AssumeRoleInput) => (await acting.hold(() => input)) as never }
  const broker = {
    rules,
    ledger,
    sts,
    build: 'build',
    clock: it.now,
    random: settings.random,
    sleep: async () => {},
    keys: {} as Broker['keys'],
    log: () => {},
  } as unknown as Broker<typeof ledger>

  // A request that was approved, with so many attempts behind it that two are left.
  const asked = await vend(broker, call(NOW), dana, { profile: 'deploy' })
  if (asked.outcome !== 'waiting') throw new Error(`the request was not made: ${JSON.stringify(asked)}`)
  const { id } = asked.request
  const pk = `REQ#${id}`
  const granted = { ...changes.approved.set, limits: {}, usesLeft: uses, windowExpiresAt: NOW + seconds(WINDOW_SECONDS) }
  await must(ledger.change(id, NOW, always({ ...changes.approved, set: granted })))
  await settings.client.send(
    new UpdateItemCommand({
      TableName: STORY,
      Key: { pk: { S: pk } },
      UpdateExpression: 'SET attempts = :many',
      ExpressionAttributeValues: { ':many': { N: '19' } },
    }),
  )
  const journal = it.events(pk)

  table.through((sent, apply) => {
    const isRequest = sent.input.TableName !== SIDE && sent.input.Key?.pk?.S === pk
    return isRequest ? (acting.hold(apply) as Promise<object>) : apply()
  })
  const keyOf = (who: number) => `key-${isSame ? 0 : who}`
  const suffixes = (isSame ? [0] : [0, 1]).map((who) => sessionSuffix(idempotentSessionId(id, dana, keyOf(who))))
  const send = sender({ ...settings, calls: tableOverSdk(settings.client) })
  const read = reading(settings, send)
  const sweeper = abandoning(settings, send, read, renewals(settings, send, read))

  /** Which call made an attempt: the order in which the sessions' attempts were first seen. */
  const attempts = new Map<string, number>()
  const inputs = new Map<string, AssumeRoleInput>()
  let time = 0

  function shown(): string {
    const item = toItem(table.item(STORY, pk) as Parameters<typeof toItem>[0])
    const session = (slot: number) => {
      const stored = suffixes[slot] === undefined ? undefined : item.sessions[suffixes[slot]]
      return stored ? `${stored.state}/${attempts.get(stored.attempt)}/${stored.dropped ? 1 : 0}` : 'none/9/0'
    }
    const open = item.openSession === undefined ? 0 : suffixes.indexOf(sessionSuffix(item.openSession as never)) + 1
    return `STATE ${item.state} ${item.usesLeft} ${(item as unknown as { attempts: number }).attempts} ${open} ${session(0)} ${session(1)}`
  }
  function learnAttempt(who: number): void {
    for (const { attempt } of Object.values(toItem(table.item(STORY, pk) as Parameters<typeof toItem>[0]).sessions))
      if (!attempts.has(attempt)) attempts.set(attempt, who)
  }
  const starts: { readonly [kind: string]: (name: string, who: number) => void } = {
    v: (name, who) =>
      acting.start(name, () =>
        vend(broker, call(it.now()), dana, { profile: 'deploy', requestId: id }, { idempotency: { key: keyOf(who), fingerprint: 'same' } }),
      ),
    r: (name) => {
      const now = it.now()
      const actor = { caller: dana, person: `people#dana`, opens: [], auditor: false, couldEnter: true } as unknown as Parameters<
        typeof revoke
      >[1]
      acting.start(name, () => ledger.change(id, now, (found) => revoke(found, actor, { channel: 'api' }, now)))
    },
    s: (name) => {
      const now = it.now()
      acting.start(name, () => sweeper.abandonIn(id, now - seconds(ABANDONED_AFTER_SECONDS), now))
    },
  }
  let lateWho = 0

  async function step(line: string): Promise<void> {
    const [kind = '', name = '', label = '', fate = '', , event] = line.split(' ')
    const who = Number(name.slice(1))
    if (kind === 'STATE') {
      sameState(line, shown(), it.events(pk), journal)
      return
    }
    if (kind === 'ANSWER') {
      const answer = (await acting.answer(name)) as { readonly outcome: string; readonly code?: string }
      const code = (answer.code ?? answer.outcome).replaceAll('-', '_')
      if (code !== label) throw new Error(`${name} is answered ${code}, not ${label}`)
      return
    }
    if (label === 'tick') it.setNow(NOW + seconds(TIMES[++time] ?? 0))
    else if (label === 'crash') acting.crash(name)
    else if (label === 'start') starts.v?.(name, who)
    else if (name === 'n') {
      await acting.arrive()
      learnAttempt(lateWho)
    } else if (label === 'assume') {
      // What AWS answers, not whether an answer comes.
      inputs.set(name, (await acting.peek(name)) as AssumeRoleInput)
      await acting.give(name, stsAnswer(fate, inputs.get(name) as AssumeRoleInput, it.now()))
    } else {
      if (label === 'read') starts[name]?.(name, who)
      await acting.go(name, label === 'read' ? 'ok' : (fate as Fate), label)
      if (fate === 'late') lateWho = who
      if (label === 'reserve') learnAttempt(who)
    }
    if (event !== undefined && event in eventTypes) journal.push(eventTypes[event] as string)
  }

  try {
    for (const [at, line] of trace.entries())
      await step(line).catch((error: Error) => {
        throw new Error(`${error.message}\nat step ${at}:\n${trace.slice(0, at + 1).join('\n')}`)
      })
  } finally {
    acting.end()
  }
}

function stsAnswer(fate: string, input: AssumeRoleInput, now: number): unknown {
  if (fate === 'unknown') return { outcome: 'unknown', cause: 'no answer', sends: 1 }
  if (fate === 'refused') return { ...refused('sts-throttled', 'AWS throttled the call.'), sends: 1 }
  const role = input.roleArn.split('/').at(-1)
  return {
    outcome: 'done',
    value: {
      credentials: {
        accessKeyId: fate === 'invalid' ? 'AKIA0000000000000001' : 'ASIA0000000000000001',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: now + seconds(SESSION_SECONDS),
      },
      assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/${role}/${input.roleSessionName}`,
      assumedRoleId: `AROA0000000000000001:${input.roleSessionName}`,
      sourceIdentity: input.sourceIdentity,
      awsRequestId: 'r-1',
      packedPolicySize: 3,
      sends: 1,
    },
  }
}
