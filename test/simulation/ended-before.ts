/** Some schedules begin with a role that has nearly as many ended sessions as its policy has room for. */
import { marshall } from '@stint/broker/adapters/dynamodb/attributes'
import { COUNT, denyKey, ttlOf } from '@stint/broker/adapters/dynamodb/end-notes'
import { type EndedSession, endPolicy, MAX_DENIED_SESSIONS, MOST_IN_POLICY } from '@stint/core/request/immediate-end'
import { SIDE } from './machines.ts'
import type { Schedule } from './schedule.ts'
import type { Dice } from './world.ts'

const CHANCE = 0.06
const REQUEST = 'req_00000000000000000000000000' as EndedSession['request']

/** Whether this schedule is one of them. */
export function placeEnded({ dynamo, iam, services, world }: Pick<Schedule, 'dynamo' | 'iam' | 'services' | 'world'>, dice: Dice): boolean {
  if (!dice.chance(CHANCE)) return false
  const { roleArn } = services.releases[0]?.targets.staging ?? { roleArn: '' }
  const count = dice.pick([MAX_DENIED_SESSIONS - 2, MAX_DENIED_SESSIONS, MOST_IN_POLICY - 1, MOST_IN_POLICY])
  const { now } = world
  const sessions = Array.from(
    { length: count },
    (_, at): EndedSession => ({
      suffix: `zz${String(at).padStart(6, '0')}`,
      request: REQUEST,
      issuedAt: now - 600_000,
      // Some expire soon and leave the policy.
      until: now + (at < 3 ? 200_000 + dice.int(1_000_000) : 3_600_000 + dice.int(3_600_000)),
      notedAt: now - 300_000,
      state: 'read-back',
    }),
  )
  const put = (sk: string, item: object, until: number) =>
    dynamo.apply('PutItem', { TableName: SIDE, Item: marshall({ pk: denyKey(roleArn), sk, ...item, expires: ttlOf(until) }) })
  put(COUNT, { count }, now + 7_200_000)
  for (const { suffix, ...session } of sessions) put(suffix, session, session.until)
  iam.put(roleArn, endPolicy(sessions, undefined, now)?.document ?? '', now - 300_000)
  return true
}
