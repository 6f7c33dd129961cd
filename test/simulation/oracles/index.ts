/** All oracles together. */

import { REVOKER } from '@stint/core/config/revoker'
import type { Machine } from '../network.ts'
import { LONGEST_LAG, type Schedule } from '../schedule.ts'
import { entitlementOracle } from './entitlement.ts'
import { freezesOracle } from './freezes.ts'
import { historyOracle } from './history.ts'
import { immediateEndsOracle } from './immediate-ends.ts'
import { intentOracle } from './intent.ts'
import { logOracle } from './log.ts'
import { messagesOracle } from './messages.ts'
import type { Answer, ApiCall, MadeSession, Oracle, OracleContext, PolicyPut, VendCall, Write } from './oracle.ts'
import { parametersOracle } from './parameters.ts'
import { problemsOracle } from './problems.ts'
import { renewalsOracle } from './renewals.ts'
import { restoreOracle } from './restore.ts'
import { secretsOracle } from './secrets.ts'
import { transitionsOracle } from './transitions.ts'
import { usesOracle } from './uses.ts'
import { witnessesOracle } from './witnesses.ts'

export type Fault = { readonly oracle: string; readonly what: string; readonly at: number }
const MAX_FAULTS = 20

/** What a fault says, without IDs and numbers, which differ from schedule to schedule. */
export const kindOf = ({ oracle, what }: Fault): string => `${oracle}: ${what}`.replace(/(req|frz|sys|lnk)_\w+(\.\w+)?|ASIA\d+|\d+/g, '_')

export class Oracles {
  readonly faults: Fault[] = []
  mayLeave = false
  #isRestored = false
  readonly #schedule: Schedule
  readonly #all: readonly Oracle[]

  constructor(schedule: Schedule) {
    this.#schedule = schedule
    const { world, network, conditions, dynamo, sts, iam, log, events, slack, witnesses, reached, services } = schedule
    const context: OracleContext = {
      now: () => world.now,
      skewMs: conditions.skewMs,
      indexLagMs: LONGEST_LAG * conditions.indexLagMs,
      releases: services.releases,
      dynamo,
      sts,
      fault: (oracle, what) => this.fault(oracle, what),
      reach: (what) => reached.add(what),
      isLeaving: () => this.mayLeave,
      isRestoring: ({ table, operation }) => this.#isRestored && table === 'stint' && operation === 'PutItem',
    }
    this.#all = [
      intentOracle(context),
      usesOracle(context),
      transitionsOracle(context, network),
      parametersOracle(context),
      renewalsOracle(context),
      immediateEndsOracle(context, iam, network),
      freezesOracle(context, network),
      entitlementOracle(context),
      problemsOracle(context, network),
      historyOracle(context),
      secretsOracle(context),
      restoreOracle(context),
      logOracle(context, log, events),
      witnessesOracle(context, witnesses, network),
      messagesOracle(context, network, slack.workspace, conditions.streamLoss),
    ]
  }
  fault(oracle: string, what: string): void {
    const { world } = this.#schedule
    world.say(`FAULT ${oracle}: ${what}`)
    if (this.faults.length < MAX_FAULTS) this.faults.push({ oracle, what, at: world.now })
  }
  onWrite(write: Write): void {
    for (const one of this.#all) one.onWrite?.(write)
  }
  onAssume(session: MadeSession): void {
    const isRevoker = session.form.RoleArn?.endsWith(REVOKER)
    for (const one of this.#all) isRevoker ? one.onRevoker?.(session) : one.onAssume?.(session)
  }
  onPolicyPut(put: PolicyPut): void {
    for (const one of this.#all) one.onPolicyPut?.(put)
  }
  onPolicyRead(roleArn: string, document: string): void {
    for (const one of this.#all) one.onPolicyRead?.(roleArn, document)
  }
  onKept(session: string): void {
    for (const one of this.#all) one.onKept?.(session)
  }
  onEarlierWanted(call: string, subject: string): void {
    for (const one of this.#all) one.onEarlierWanted?.(call, subject)
  }
  onVended(call: VendCall, answer: Answer): void {
    for (const one of this.#all) one.onVended?.(call, answer)
  }
  onAnswered(call: ApiCall, answer: Answer): void {
    for (const one of this.#all) one.onAnswered?.(call, answer)
  }
  onObject(bucket: string, path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    for (const one of this.#all) one.onObject?.(bucket, path, before, after)
  }
  onLine(machine: Machine, line: object): void {
    const text = JSON.stringify(line)
    this.#schedule.world.say(`${machine.name} logs ${text.slice(0, 160)}`)
    for (const one of this.#all) one.onLine?.(text)
  }
  onFrozen(scope: string, until: number): void {
    for (const one of this.#all) one.onFrozen?.(scope, until)
  }
  onReleaseBegun(scope: string, by: string): void {
    for (const one of this.#all) one.onReleaseBegun?.(scope, by)
  }
  onMessage(call: string): void {
    for (const one of this.#all) one.onMessage?.(call)
  }
  onSwept(started: number): void {
    for (const one of this.#all) one.onSwept?.(started)
  }
  onRestored(at: number): void {
    this.#isRestored = true
    for (const one of this.#all) one.onRestored?.(at)
  }
  onAuditRestored(): void {
    for (const one of this.#all) one.onAuditRestored?.()
  }
  onErased(request: string): void {
    for (const one of this.#all) one.onErased?.(request)
  }
  whenEndsAreCarriedOut(): void {
    for (const one of this.#all) one.whenEndsAreCarriedOut?.()
  }
  whenHealed(): void {
    for (const one of this.#all) one.whenHealed?.()
  }
  whenErased(): void {
    for (const one of this.#all) one.whenErased?.()
  }
  async atTheEnd(): Promise<void> {
    for (const one of this.#all) await one.atTheEnd?.()
  }
}
