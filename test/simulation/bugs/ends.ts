/** Seeded bugs in sessions that end at once. */
import type { Bug } from '../../support/seeded.ts'
import type { Guarding } from '../../verify/requirements.ts'

export const endsBugs: readonly (Bug & Guarding)[] = [
  {
    name: 'at once: an end is noted after the ledger has it',
    guards: [],
    file: 'packages/broker/src/ends/request-end.ts',
    from: `  const noted = await notes.note({ ...place, request: session.requestId, at: now, ...wish })
  if (noted.outcome === 'unknown') return noted`,
    to: `  const wake = async (..._: unknown[]) => {
    await notes.note({ ...place, request: session.requestId, at: now, ...wish })
    await parts.immediate?.queue.wake(place)
  }`,
  },
  {
    name: 'at once: a session is denied that has not ended',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'endedSession(session, now) ?? []',
    to: "endedSession({ ...session, state: 'ended' }, now) ?? []",
  },
  {
    name: 'at once: the policy is made from the notes alone',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'const all = [...unknown, ...stored.sessions]',
    to: 'const all = unknown',
  },
  {
    name: 'at once: an end is done before it is read back',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'if (cause !== undefined) throw',
    to: 'if (cause === `${roleArn}`) throw',
  },
  {
    name: 'at once: what IAM returns is not compared',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'found.value !== undefined && isSame(found.value, document)',
    to: 'found.value !== undefined && !isSame(found.value, `${document} `)',
  },
  {
    name: 'at once: a write without an answer is repeated',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: "answer.outcome !== 'refused' || answer.reason !== 'throttled' || tries",
    to: "answer.outcome === 'done' || tries",
  },
  {
    name: 'at once: a note is removed before its session has ended',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'now - note.at > seconds(NEVER_ENDED_SECONDS)',
    to: 'now - note.at > -seconds(NEVER_ENDED_SECONDS)',
  },
  {
    name: 'at once: a note of an end that was never written stays',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'now - note.at > seconds(NEVER_ENDED_SECONDS)',
    to: 'now - note.at > now + seconds(NEVER_ENDED_SECONDS)',
  },
  {
    name: 'at once: a revocation looks only at the sessions that it read',
    guards: [],
    file: 'packages/broker/src/ends/request-end.ts',
    from: 'canHaveMoreSessions(request) || request.sessions',
    to: 'request.sessions',
  },
  {
    name: 'at once: a session leaves the policy while its credentials work',
    guards: [],
    file: 'packages/core/src/request/immediate-end.ts',
    from: 'const live = ended.filter(({ until }) => until > now)',
    to: 'const live = ended.filter(({ until }) => until > now + seconds(1200))',
  },
  {
    name: 'at once: the sweeper does not send lost messages again',
    guards: [],
    file: 'packages/broker/src/approvals/sweep.ts',
    from: 'at < now - seconds(WAKE_AFTER_SECONDS)',
    to: 'at < 0 - seconds(WAKE_AFTER_SECONDS)',
  },
  {
    name: 'at once: messages of one role are in groups of their own',
    guards: [],
    file: 'packages/broker/src/adapters/end-queue.ts',
    from: 'MessageGroupId: shortDigest(place.roleArn),',
    to: 'MessageGroupId: shortDigest(place.roleArn + hex128(random)),',
  },
  {
    name: 'at once: anyone can deny every earlier session of a role',
    guards: [],
    file: 'packages/broker/src/approvals/end-session.ts',
    from: "if (everyEarlier === 'end' && !isOneOf(",
    to: "if (everyEarlier === 'end' && caller.kind !== 'human' && !isOneOf(",
  },
  {
    name: 'at once: the note of an end leaves the table after two minutes',
    guards: [],
    file: 'packages/broker/src/adapters/dynamodb/end-notes.ts',
    from: 'const PENDING_SECONDS = 2 * 3600',
    to: 'const PENDING_SECONDS = 2 * 60',
  },
  {
    name: 'at once: a revocation sends no message',
    guards: [],
    file: 'packages/broker/src/approvals/decide.ts',
    from: "    if (changed.outcome === 'done' && before?.outcome === 'done') await before.value.wake?.()\n",
    to: '',
  },
  {
    name: 'at once: rows of the side table are read late',
    guards: [],
    file: 'packages/broker/src/adapters/dynamodb/partition-rows.ts',
    from: '    ConsistentRead: true,\n',
    to: '',
  },
  {
    name: 'at once: the response of STS for a revoker is not compared',
    guards: ['promise 5'],
    file: 'packages/broker/src/adapters/revoker.ts',
    from: "    if (fault !== undefined) return { outcome: 'unknown', cause: `sts: ${fault}` }\n",
    to: '',
  },
  {
    name: 'at once: the number of denied sessions is that of the last run',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: 'await work.write(roleArn, changed, count, isWritten(policy) ? undefined : earlier)',
    to: 'await work.write(roleArn, changed, changed.length, isWritten(policy) ? undefined : earlier)',
  },
  {
    name: 'at once: what is written counts as read back in the next run',
    guards: [],
    file: 'packages/broker/src/ends/carry-out.ts',
    from: "denied.every(({ state }) => state === 'read-back')",
    to: "denied.every(({ state }) => state === 'read-back' || state === 'written')",
  },
  {
    name: 'at once: a session is kept although the policy has room',
    guards: [],
    file: 'packages/broker/src/ends/request-end.ts',
    from: "if (isFull && everyEarlier === 'keep') return",
    to: "if (everyEarlier === 'keep') return",
  },
]
