/** The parts of Stint that end sessions at once, on machines: what `api`, `slack` and `sweep` get for it, and the `end` function. */
import { endNotes } from '@stint/broker/adapters/dynamodb/end-notes'
import { endWork } from '@stint/broker/adapters/dynamodb/end-work'
import { tableOverSdk } from '@stint/broker/adapters/dynamodb/over-sdk'
import { reading } from '@stint/broker/adapters/dynamodb/request-reader'
import { sender } from '@stint/broker/adapters/dynamodb/sender'
import { endQueue } from '@stint/broker/adapters/end-queue'
import { openRolePolicies } from '@stint/broker/adapters/revoker'
import { stsAdapter } from '@stint/broker/adapters/sts'
import type { Wire } from '@stint/broker/adapters/wire/exchange'
import { stsOverWire } from '@stint/broker/adapters/wire/sts'
import type { Ender } from '@stint/broker/ends/carry-out'
import type { ImmediateEnds } from '@stint/broker/ends/request-end'
import { deadlinesOnAws, type FunctionDeployment } from '@stint/broker/wiring/broker'
import { ledgerSettings } from '@stint/broker/wiring/dynamodb'
import { QUEUE_URL, sqsError } from './end-queue.ts'
import { iamError, otherIamAnswer } from './iam.ts'
import type { Services } from './machines.ts'
import type { Machine } from './network.ts'

/**
 * A function runs for up to 45 seconds, and its message is hidden for 120. So a write of IAM that its function no longer waits for must take
 * effect within the 75 seconds between (docs/decisions/0018-ending-at-once.md). With a slow way there, this stays below.
 */
const MOST_LATE_MS = 60_000

export function immediateOn(services: Services, machine: Machine, deployment: FunctionDeployment): ImmediateEnds {
  const settings = ledgerSettings(deployment)
  return {
    notes: endNotes(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })),
    queue: endQueue({ sqs: sqsWire(services, machine), queueUrl: QUEUE_URL, random: deployment.random }),
  }
}

function sqsWire({ network, world, endQueue: queue, onMessage }: Services, machine: Machine): Pick<Wire, 'post'> {
  return {
    post: (_headers, body, deadlineMs) =>
      network.exchange(machine, {
        step: 'SendMessage',
        service: 'sqs',
        effect: () => queue.send(body, world.now, () => onMessage(machine)),
        failed: () => sqsError(500, 'InternalFailure'),
        throttled: () => sqsError(400, 'RequestThrottled'),
        garbled: (answer, dice) => ({ ...answer, body: dice.pick(['{}', '[]', answer.body.replace(/[0-9a-f]{32}/, '0'.repeat(32))]) }),
        deadlineMs,
      }),
  }
}

export function enderOn(services: Services, machine: Machine, deployment: FunctionDeployment, sts: Wire): Ender {
  const { rules, clock, random, sleep, timers, log } = deployment
  const settings = ledgerSettings(deployment)
  return {
    ledger: reading(settings, sender({ ...settings, calls: tableOverSdk(settings.client) })),
    work: endWork(settings),
    open: openRolePolicies({
      targets: rules.targets,
      sts: stsAdapter({
        call: stsOverWire(() => sts),
        clock,
        random,
        sleep,
        wholeCallMs: deadlinesOnAws.sts,
        ...(timers ? { timers } : {}),
      }),
      iam: (roleArn, { accessKeyId }) => iamWire(services, machine, roleArn, accessKeyId),
      clock,
    }),
    clock,
    sleep,
    log,
  }
}

function iamWire({ network, world, iam, sts, iamLagMs }: Services, machine: Machine, roleArn: string, accessKeyId: string) {
  const caller = sts.revokers.find((one) => one.accessKeyId === accessKeyId)
  const post: Wire['post'] = (_headers, body, deadlineMs) =>
    network.exchange(machine, {
      step: /^Action=(\w+)/.exec(body)?.[1] ?? '',
      service: 'iam',
      effect: () => iam.call(body, caller, roleArn, world.now, iamLagMs(machine)),
      failed: () => iamError(500, 'ServiceFailure'),
      throttled: () => iamError(400, 'Throttling'),
      garbled: otherIamAnswer,
      deadlineMs,
      mostLateMs: MOST_LATE_MS,
    })
  return { post }
}
