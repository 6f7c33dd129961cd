/** Replays a trace of break-glass.pml through core/request and the ledger's adapters, over DynamoDB in this process. */
import { toItem } from '@stint/broker/adapters/dynamodb/items'
import {
  dana,
  eve,
  intent,
  ledgerInProcess,
  must,
  NOW,
  newRequest,
  approval as peers,
  REQUEST,
  SIDE,
  STORY,
  scope,
} from '@stint/broker/adapters/dynamodb/testing/ledger'
import type { Approval } from '@stint/core/config/shape'
import { seconds } from '@stint/core/instant'
import { type Actor, approve, cancel, type Decided, deny, revoke } from '@stint/core/request/machine'
import type { AccessRequest } from '@stint/core/request/request'
import { caller } from '@stint/core/testing/fixtures'
import { type Fate, players, sameState } from './players.ts'

/** When the model's times 0 to 3 are, in minutes: the delay is 15, a pending request expires after 30, and a window is an hour. */
const TIMES = [0, 16, 31, 100]
const approval: Approval = {
  ...peers,
  rules: [{ ...(peers.rules[0] as Approval['rules'][number]), count: 2 }],
  breakGlass: { delay: '15m' } as Exclude<Approval['breakGlass'], true | undefined>,
}
const terms = { ...scope().terms, approval }
/** The requester under another identity, which the config declares to be the same person. */
const alias = caller({ subject: 'dana-admin', name: 'Dana' })
const by = (who: ReturnType<typeof caller>, person: string, opens: readonly number[]): Actor => ({
  caller: who,
  person: `people#${person}` as Actor['person'],
  opens,
  auditor: false,
  couldEnter: true,
})
const said = { channel: 'api' } as const
const acts: readonly ((request: AccessRequest, now: number) => Decided)[] = [
  (request, now) => approve(request, approval, by(caller({ subject: 'pat' }), 'pat', [0]), said, now),
  (request, now) => approve(request, approval, by(caller({ subject: 'pia' }), 'pia', [0]), said, now),
  (request, now) => approve(request, approval, by(alias, 'dana', [0]), said, now),
  (request, now) => deny(request, by(eve, 'eve', []), said, now),
  (request, now) => revoke(request, by(eve, 'eve', []), said, now),
  (request, now) => cancel(request, by(dana, 'dana', []), said, now),
]
const SWEEPER = '6'
const eventTypes: { readonly [event: string]: readonly string[] } = {
  given: ['approval.given'],
  given_approved: ['approval.given', 'request.approved'],
  unattended: ['request.approved'],
  reserved: ['session.reserved'],
  ...Object.fromEntries(['denied', 'revoked', 'cancelled', 'expired', 'ended'].map((state) => [state, [`request.${state}`]])),
}

/** Throws at the first step after which the stored item is not what the model says. */
export async function replayBreakGlass(trace: readonly string[]): Promise<void> {
  const acting = players()
  const it = ledgerInProcess({ approvalOf: () => approval })
  const { ledger, table } = it
  const pk = `REQ#${REQUEST}`
  await must(ledger.ask(newRequest({ approval, scope: scope({ terms }) })))
  const journal = it.events(pk)
  table.through((sent, apply) => {
    const isRequest = sent.input.TableName !== SIDE && sent.input.Key?.pk?.S === pk
    return isRequest ? (acting.hold(apply) as Promise<object>) : apply()
  })
  let time = 0

  function shown(): string {
    const { state, version, approvals = [], sessions } = toItem(table.item(STORY, pk) as Parameters<typeof toItem>[0])
    const bits = approvals.map(({ person }) => ({ 'people#pat': 1, 'people#pia': 2 })[person as string] ?? 4)
    return `STATE ${state} ${version} ${bits.reduce((sum, bit) => sum | bit, 0)} ${Object.keys(sessions).length}`
  }
  async function vendOnce(): Promise<string> {
    const call = { ...intent().call, now: it.now() }
    return (await ledger.reserve(intent({ named: true, scope: scope({ terms }), call, expiresAt: it.now() + 900_000 }))).outcome
  }

  async function step(line: string): Promise<void> {
    const [kind = '', name = '', label = '', fate = '', result, event] = line.split(' ')
    if (kind === 'STATE') {
      sameState(line, shown(), it.events(pk), journal)
      return
    }
    if (kind === 'ANSWER') {
      const answer = (await acting.answer(name)) as { readonly outcome: string; readonly code?: string }
      const outcome = answer.outcome === 'unknown' ? 'ledger-unavailable' : (answer.code ?? answer.outcome)
      const expected = label === 'unchanged' ? 'done' : label.replaceAll('_', '-')
      if (outcome !== expected) throw new Error(`${name} is answered ${outcome}, not ${expected}`)
      return
    }
    if (label === 'tick') it.setNow(NOW + seconds(60 * (TIMES[++time] ?? 0)))
    else if (label === 'crash') acting.crash(name)
    else if (label === 'start') {
      const now = it.now()
      acting.start(name, () =>
        name === SWEEPER
          ? ledger.passTime(REQUEST, now)
          : ledger.change(REQUEST, now, (found) => acts[Number(name)]?.(found, now) as Decided),
      )
    } else if (label === 'arrive') await acting.arrive()
    else if (label === 'reserve') {
      const outcome = await vendOnce()
      if ((outcome === 'done') !== (result === 'done')) throw new Error(`the vend is ${outcome}, and the model says ${result}`)
    } else if (label === 'skip') acting.crash(name)
    else await acting.go(name, label === 'read' ? 'ok' : (fate as Fate), label)
    journal.push(...(eventTypes[event ?? ''] ?? []))
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
