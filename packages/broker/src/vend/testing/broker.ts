/** A broker over a ledger in this process. STS answers each call as AWS would, unless a test says otherwise. */
import type { Profile } from '@stint/core/config/shape'
import { done } from '@stint/core/outcome'
import type { AssumeRoleInput } from '@stint/core/scope/assume-role'
import { rules } from '@stint/core/testing/fixtures'
import { ledgerInProcess, NOW } from '../../adapters/dynamodb/testing/ledger.ts'
import type { Broker } from '../../ports/broker.ts'
import type { Assumed, Sts } from '../../ports/sts.ts'

export { NOW }
export const call = { trace: 'f'.repeat(32), source: '203.0.113.7', now: NOW }

export const answerTo = ({ roleSessionName, durationSeconds, sourceIdentity }: AssumeRoleInput, more: Partial<Assumed> = {}): Assumed => ({
  credentials: {
    accessKeyId: 'ASIA0000000000000001',
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiration: NOW + durationSeconds * 1000,
  },
  assumedRoleArn: `arn:aws:sts::111122223333:assumed-role/Reader/${roleSessionName}`,
  assumedRoleId: `AROA0000000000000001:${roleSessionName}`,
  awsRequestId: 'r-1',
  packedPolicySize: 3,
  sends: 1,
  ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  ...more,
})

export function brokerInProcess(profiles?: Record<string, Profile>, assumeRole?: Sts['assumeRole']) {
  const memory = ledgerInProcess()
  const sent: AssumeRoleInput[] = []
  const lines: object[] = []
  const broker: Broker = {
    rules: rules(profiles),
    build: 'test',
    clock: memory.now,
    random: memory.settings.random,
    sleep: async () => {},
    keys: { check: async () => done(true), ready: async () => done('up'), prefetch: () => {} },
    ledger: memory.ledger,
    sts: {
      assumeRole: async (input) => {
        sent.push(input)
        return assumeRole ? assumeRole(input) : done(answerTo(input))
      },
    },
    log: (line) => lines.push(line),
  }
  return {
    memory,
    broker,
    sent,
    lines,
    /** The broker with other answers of its ledger. */
    answering: (ledger: Partial<Broker['ledger']>): Broker => ({ ...broker, ledger: { ...memory.ledger, ...ledger } }),
  }
}
