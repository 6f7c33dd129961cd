/**
 * Bugs for the simulation to find: each is a change of one place of the source. `npm run simulate:seeded` puts in one at a time, in a copy,
 * and runs schedules until an oracle finds it. A simulation that misses them would miss others.
 */
import type { Bug } from '../support/seeded.ts'
import type { Guarding } from '../verify/requirements.ts'

const STORE = 'packages/broker/src/adapters/dynamodb'
const [SESSIONS, RESERVE, CHANGES, STATE, FREEZE] = ['sessions', 'reserve', 'request-changes', 'log-state', 'freeze-set'].map(
  (name) => `${STORE}/${name}.ts`,
) as [string, string, string, string, string]
const RELEASE = `${STORE}/freeze-release.ts`
const VEND = 'packages/broker/src/vend/vend.ts'
const WITNESS = 'packages/broker/src/adapters/witness.ts'
const RESTORE = `${STORE}/restore.ts`
const SLOT = 'packages/broker/src/vend/slot.ts'
const [RENEW_RESERVE, RENEW_OUTCOMES, END, ABANDON] = ['renewal-reserve', 'renewal-outcomes', 'session-end', 'abandon'].map(
  (name) => `${STORE}/${name}.ts`,
) as [string, string, string, string]
const RENEW = 'packages/broker/src/vend/renew.ts'
const [MACHINE, DUE] = ['machine', 'due'].map((name) => `packages/core/src/request/${name}.ts`) as [string, string, string]
const [SHIP, STAGE, PUBLISH, ERASE] = ['ship', 'stage', 'publish', 'erase'].map((name) => `packages/broker/src/log/${name}.ts`) as [
  string,
  string,
  string,
  string,
]

const [REQUEST_END, CARRY_OUT] = ['request-end', 'carry-out'].map((name) => `packages/broker/src/ends/${name}.ts`) as [string, string]

/** A clause that holds whatever it says; its values stay used, as DynamoDB demands. */
const always = (clause: string) => `(${clause} OR attribute_exists(pk))`

export const simulatedBugs: readonly (Bug & Guarding)[] = [
  // ── reserve → assume → record ──────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'record ignores a revoke',
    guards: ['promise 2'],
    file: SESSIONS,
    from: ' AND #state = :approved AND :credentialsExpireAt > :now',
    to: ` AND ${always('#state = :approved')} AND :credentialsExpireAt > :now`,
  },
  {
    name: 'record takes any closed session for its own',
    guards: ['promise 1'],
    file: SESSIONS,
    from: 'return stored?.attempt === attempt && stored.state === becomes && (to.shows?.(stored, item) ?? true)',
    to: 'return stored !== undefined && item !== undefined',
  },
  {
    name: 'reserve does not look at the uses left',
    guards: ['promise 2'],
    file: RESERVE,
    from: "  'usesLeft > :zero',",
    to: "  '(usesLeft > :zero OR attribute_exists(pk))',",
  },
  {
    name: 'reserve does not look at the state',
    guards: ['promise 2'],
    file: RESERVE,
    from: "  '#state = :approved',\n  'callerKey",
    to: "  '(#state = :approved OR attribute_exists(pk))',\n  'callerKey",
  },
  {
    name: 'reserve does not look at the window',
    guards: ['promise 2'],
    file: RESERVE,
    from: "  'windowExpiresAt > :now',",
    to: "  '(windowExpiresAt > :now OR attribute_exists(pk))',",
  },
  {
    name: 'reserve does not look at the terms',
    guards: ['promise 8'],
    file: RESERVE,
    from: "  'termsHash = :termsHash', //",
    to: "  '(termsHash = :termsHash OR attribute_exists(pk))', //",
  },
  {
    name: 'reserve does not look at the restore',
    guards: ['promise 2'],
    file: RESERVE,
    from: "  'createdAt > :epoch', //",
    to: "  '(createdAt > :epoch OR attribute_exists(pk))', //",
  },
  {
    name: 'reserve writes over a session',
    guards: ['promise 1', 'promise 2'],
    file: RESERVE,
    from: '`attribute_not_exists(#session) AND ${intent.named',
    to: '`${intent.named',
  },
  {
    name: 'reserve takes no use',
    guards: ['promise 2'],
    file: RESERVE,
    from: "'usesLeft = if_not_exists(usesLeft, :uses) - :one',",
    to: "'usesLeft = if_not_exists(usesLeft, :uses) - :zero',",
  },
  {
    name: 'a request that a rule made has no intent in its journal',
    guards: ['promise 1'],
    file: RESERVE,
    from: "'events = list_append(if_not_exists(events, :created), :reserved)',",
    to: "'events = if_not_exists(events, list_append(:created, :reserved))',",
  },
  {
    name: 'fail returns no use',
    guards: ['promise 2'],
    file: SESSIONS,
    from: "set: '#session.failure = :code, usesLeft = usesLeft + :one',",
    to: "set: '#session.failure = :code, usesLeft = usesLeft + :one - :one',",
  },
  {
    name: 'abandon returns two uses',
    guards: ['promise 2'],
    file: 'packages/broker/src/adapters/dynamodb/abandon.ts',
    from: "set: '#session.abandonedBy = :sweep, usesLeft = usesLeft + :one',",
    to: "set: '#session.abandonedBy = :sweep, usesLeft = usesLeft + :one + :one',",
  },
  {
    name: 'a session that was closed is closed again',
    guards: ['promise 2'],
    file: SESSIONS,
    from: '`#session.#state = :reserved AND #session.attempt = :attempt',
    to: '`(#session.#state = :reserved OR attribute_exists(pk)) AND #session.attempt = :attempt',
  },
  {
    name: 'credentials leave before they are on record',
    guards: ['promise 1'],
    file: VEND,
    from: "  if (recorded.outcome === 'unknown') return unavailable(recorded.cause, caller, profile)\n",
    to: '',
  },
  {
    name: 'credentials leave though the record was refused',
    guards: ['promise 1', 'promise 2'],
    file: VEND,
    from: '    return { ...recorded, caller, profile }\n',
    to: '',
  },
  {
    name: 'an unknown outcome of STS returns the use',
    guards: ['promise 2'],
    file: VEND,
    from: '    // The call may have succeeded, so the use is not returned here: the sweeper abandons the reservation later.\n',
    to: "    await broker.ledger.fail(reservation, { code: 'sts-timeout', reason: 'x', sends: 1 }, broker.clock())\n",
  },
  {
    name: 'what AWS answers is not checked',
    guards: ['promise 5'],
    file: VEND,
    from: 'if (fault !== undefined) return drop',
    to: "if (fault === '') return drop",
  },
  {
    name: 'an unknown reservation goes on to AWS',
    guards: ['promise 1', 'promise 5'],
    file: VEND,
    from: "  if (reserved.outcome === 'unknown') return unavailable(reserved.cause, caller, profile)\n  const reservation = reserved.value",
    to: "  const reservation = reserved.outcome === 'done' ? reserved.value : { request: intent.request, session: intent.session, attempt: intent.attempt, expiresAt: intent.expiresAt, credentialsExpireAt: intent.expiresAt, alone: true }",
  },
  {
    name: 'freezes that cannot be read are none',
    guards: ['promise 5'],
    file: VEND,
    from: "if (frozen.outcome === 'unknown') return ledgerSilent(frozen.cause)",
    to: "if (frozen.outcome === 'unknown') return undefined",
  },
  {
    name: 'a frozen call that has reserved goes on',
    guards: ['promise 8'],
    file: VEND,
    from: '?? limitRefusal(counted, slot, call.now)\n  if (blocked) {',
    to: "?? limitRefusal(counted, slot, call.now)\n  if (blocked && reserved.outcome !== 'done') {",
  },
  { name: 'a single-use token is used again', guards: ['promise 2'], file: VEND, from: '  if (once) return onceSlot\n', to: '' },
  {
    name: 'an Idempotency-Key names nothing',
    guards: ['promise 2'],
    file: VEND,
    from: 'return idempotency ? idempotentSlot(idempotency) : slot',
    to: 'return slot',
  },
  {
    name: 'an Idempotency-Key gives two sessions',
    guards: ['promise 2'],
    file: SLOT,
    from: 'export const idempotentSlot = ({ key, fingerprint }: Idempotency): Slot => ({\n  uses: 1,',
    to: 'export const idempotentSlot = ({ key, fingerprint }: Idempotency): Slot => ({\n  uses: 2,',
  },
  {
    name: 'throttling is answered as a denial',
    guards: ['promise 5'],
    file: 'packages/broker/src/adapters/sts.ts',
    from: "if (throttles.has(name)) return refused('sts-throttled',",
    to: "if (throttles.has(name)) return refused('assume-role-denied',",
  },
  {
    name: 'a silent STS is answered as a silent ledger',
    guards: ['promise 5'],
    file: VEND,
    from: "      ...refused('sts-timeout', 'AWS STS gave no usable response. No credentials were returned.', { operator: assumed.cause }),",
    to: '      ...ledgerSilent(assumed.cause),',
  },
  {
    name: 'the session tag names another session',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/assume-role.ts',
    from: '{ key: SESSION_TAG, value: session, transitive: false }',
    to: "{ key: SESSION_TAG, value: session.replace('req', 'sys'), transitive: false }",
  },
  {
    name: 'the exact end is not in the policy',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/assume-role.ts',
    from: 'policy: sessionPolicy(terms, expiresAt),',
    to: "policy: sessionPolicy(terms, expiresAt).replace('DateGreaterThanEquals', 'DateLessThan'),",
  },
  {
    name: 'the policy ends half an hour late',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/assume-role.ts',
    from: 'policy: sessionPolicy(terms, expiresAt),',
    to: 'policy: sessionPolicy(terms, expiresAt + seconds(1800)),',
  },
  {
    name: 'the policy allows everything, too',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/policy.ts',
    from: 'return compactPolicy([...policy,',
    to: 'return compactPolicy([...policy, allowAll,',
  },
  {
    name: 'AWS is asked for an hour more',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/assume-role.ts',
    from: 'durationSeconds: Math.max(MIN_STS_SECONDS,',
    to: 'durationSeconds: Math.max(MIN_STS_SECONDS + 3600,',
  },
  {
    name: 'every tag says admin, and passes on',
    guards: ['promise 3'],
    file: 'packages/core/src/scope/assume-role.ts',
    from: 'tags: [...terms.tags, ...scope.passingTags,',
    to: "tags: [...terms.tags, ...scope.passingTags.map(({ key }) => ({ key, value: 'admin', transitive: true })),",
  },
  // ── Requests and decisions ─────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'decisions ignore the version',
    guards: ['promise 2'],
    file: CHANGES,
    from: "isExact ? 'version = :seen' :",
    to: "isExact ? 'version >= :seen' :",
  },
  {
    name: 'a withdrawal ignores the state',
    guards: ['promise 2'],
    file: CHANGES,
    from: '`#state IN (${',
    to: '`attribute_exists(pk) OR #state IN (${',
  },
  {
    name: 'one person approves twice',
    guards: ['promise 4'],
    file: MACHINE,
    from: "  if (mine && (state === 'pending' || state === 'approved')) return done('unchanged')\n",
    to: '',
  },
  {
    name: 'the requester approves',
    guards: ['promise 4'],
    file: MACHINE,
    from: '  request.person === actor.person ||\n  request.personNow === actor.person ||\n',
    to: '',
  },
  {
    name: 'a denied request is approved',
    guards: ['promise 2'],
    file: MACHINE,
    from: "  if (!can(state, 'approve')) return inState(state)\n  if (!sameRules",
    to: '  if (!sameRules',
  },
  {
    name: 'an approval is not bound to the rules',
    guards: ['promise 8'],
    file: MACHINE,
    from: 'canonicalJson(terms.approval ?? null) === canonicalJson(approval)',
    to: 'canonicalJson(terms.approval ?? null) !== canonicalJson(null)',
  },
  {
    name: 'unattended at once',
    guards: ['promise 2'],
    file: DUE,
    from: 'changes.push({ at: unattendedAt, change:',
    to: 'changes.push({ at: createdAt, change:',
  },
  {
    name: 'a request ends while its window is open',
    guards: ['promise 2'],
    file: DUE,
    from: '      at: windowExpiresAt,\n',
    to: '      at: createdAt,\n',
  },
  {
    name: 'a review by its requester',
    guards: ['promise 4'],
    file: MACHINE,
    from: "  if (isSelf(request, actor)) return refused('self-approval', 'You cannot review your own request.')\n",
    to: '',
  },
  {
    name: 'anyone who knows a request revokes it',
    guards: ['promise 4'],
    file: MACHINE,
    from: "  if (!entitled) return refused('not-approver', 'You are not entitled to revoke this request.')\n",
    to: '',
  },
  {
    name: 'anyone who knows a request reviews it',
    guards: ['promise 4'],
    file: MACHINE,
    from: "if (actor.caller.kind !== 'human' || !(actor.auditor || actor.opens.length > 0))",
    to: "if (actor.caller.kind !== 'human')",
  },
  // ── Freezes ────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'a frozen approver approves',
    guards: ['promise 4'],
    file: 'packages/broker/src/approvals/decide.ts',
    from: 'const frozen = decideOn.grants ? ',
    to: 'const frozen = decideOn.grants && now < 0 ? ',
  },
  {
    name: 'anyone freezes',
    guards: [],
    file: 'packages/broker/src/http/freezes.ts',
    from: "if (!isResponder(c, caller) || caller.kind !== 'human') return refuse(c, noResponder)\n      const { scope: named",
    to: 'const { scope: named',
  },
  {
    name: 'one responder releases a freeze',
    guards: ['promise 8'],
    file: RELEASE,
    from: 'const releases = asked !== undefined && !stopped.value',
    to: 'const releases = !stopped.value',
  },
  {
    name: 'a late set freezes again what was released',
    guards: ['promise 8'],
    file: FREEZE,
    from: "'(attribute_not_exists(generation) OR generation = :seen) AND NOT contains(attempts, :attempt)'",
    to: "'(attribute_not_exists(generation) OR generation >= :seen OR attribute_exists(pk)) AND (attribute_exists(pk) OR NOT contains(attempts, :attempt))'",
  },
  // ── The log ────────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'the head moves even if another shipper has moved it',
    guards: ['promise 9'],
    file: STATE,
    from: "ConditionExpression: 'stage = :stage AND applied = :yes',",
    to: "ConditionExpression: '(stage = :stage OR attribute_exists(pk)) AND applied = :yes',",
  },
  { name: 'cursors do not advance', guards: ['promise 9'], file: SHIP, from: '    await advanceCursors(state, batch)\n', to: '' },
  {
    name: 'a stage is applied before its cursors',
    guards: ['promise 9'],
    file: SHIP,
    from: '    await advanceCursors(state, batch)\n    await state.applied(head.stage)\n',
    to: '    await state.applied(head.stage)\n    await advanceCursors(state, batch)\n',
  },
  {
    name: 'a stage is removed before it is applied',
    guards: ['promise 9'],
    file: SHIP,
    from: '    await state.applied(head.stage)\n',
    to: '    await events.remove(stagePath(head.stage))\n    await state.applied(head.stage)\n',
  },
  {
    name: 'an older image is shipped as new',
    guards: ['promise 9'],
    file: STAGE,
    from: '  for (const [at, one] of events.slice(count).entries()) {',
    to: '  for (const [at, one] of events.slice(Math.max(0, count - 1)).entries()) {',
  },
  {
    name: 'what is left to ship is forgotten',
    guards: ['promise 9'],
    file: SHIP,
    from: '      left = growing.map(({ journal }) => journal)\n      losses++',
    to: '      left = []\n      losses++',
  },
  {
    name: 'the checkpoint is signed for another size',
    guards: ['promise 9'],
    file: PUBLISH,
    from: 'if (size >= head.size) return',
    to: 'if (size === head.size) return',
  },
  {
    name: 'erasing leaves the events',
    guards: [],
    file: ERASE,
    from: "gone.has(at) ? 'erased' : one",
    to: "gone.has(at) && at < 0 ? 'erased' : one",
  },
  // ── Witnesses ──────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'what a witness answers is not checked',
    guards: ['promise 5', 'promise 9'],
    file: WITNESS,
    from: "if (!parsed || parsed.text !== text || signers === 'spoiled' || signers.length === 0)",
    to: 'if (!parsed || parsed.text !== text)',
  },
  {
    name: 'a witness adds signatures of others',
    guards: ['promise 5'],
    file: WITNESS,
    from: '.filter(({ name, keyId }) => name === key.name && keyId === keyIdOf(key)).slice(0, 1)',
    to: ".filter(({ name, keyId }) => name !== '' || keyId === keyIdOf(key))",
  },
  { name: 'a witness is asked again from the start', guards: [], file: WITNESS, from: 'old = Number(has)', to: 'old = 0 * Number(has)' },
  {
    name: 'a witness that does not sign stops the log',
    guards: [],
    file: PUBLISH,
    from: "say({ level: 'warn', event: 'witness-missing', witness: witness.name, cause: (error as Error).message })\n        return []",
    to: 'throw error',
  },
  // ── stint audit restore ────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'a restored request is approved',
    guards: ['promise 8'],
    file: RESTORE,
    from: "first === 'token.used' ? 'used' : 'ended'",
    to: "first === 'token.used' ? 'used' : 'approved'",
  },
  {
    name: 'a restore drops what was written since',
    guards: [],
    file: RESTORE,
    from: '[...kept, ...since, ...saying(',
    to: '[...kept, ...saying(',
  },
  {
    name: 'a restored freeze is not in force',
    guards: ['promise 8'],
    file: RESTORE,
    from: 'active: freeze !== undefined,',
    to: 'active: freeze === null,',
  },
  // ── Renewals ───────────────────────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'a renewal is recorded although the session was ended',
    guards: ['promise 2'],
    file: RENEW_OUTCOMES,
    from: 'AND #session.#state = :issued AND :expiresAt',
    to: 'AND (#session.#state = :issued OR attribute_exists(pk)) AND :expiresAt',
  },
  {
    name: 'a renewal is recorded although the request was revoked',
    guards: ['promise 2'],
    file: RENEW_OUTCOMES,
    from: 'condition: ` AND #state = :approved AND',
    to: 'condition: ` AND (#state = :approved OR attribute_exists(pk)) AND',
  },
  {
    name: 'a renewal is reserved in any state of the session',
    guards: ['promise 2'],
    file: RENEW_RESERVE,
    from: "'#session.#state = :issued',",
    to: "'(#session.#state = :issued OR attribute_exists(pk))',",
  },
  {
    name: 'a renewal is reserved after a revoke',
    guards: ['promise 2'],
    file: RENEW_RESERVE,
    from: "'#state = :approved', // Revoking",
    to: "'(#state = :approved OR attribute_exists(pk))', // Revoking",
  },
  {
    name: 'a reservation of a renewal that arrives late counts again',
    guards: ['promise 2'],
    file: RENEW_RESERVE,
    from: "'renewals = :seen'",
    to: "'(renewals = :seen OR attribute_exists(pk))'",
  },
  {
    name: 'more renewals run at once than may',
    guards: ['promise 2'],
    file: RENEW_RESERVE,
    from: "'size(#session.#open) < :mostOpen',",
    to: "'(size(#session.#open) < :mostOpen OR attribute_exists(pk))',",
  },
  {
    name: 'a renewal ignores freezes',
    guards: ['promise 2'],
    file: RENEW,
    from: 'const blocked = freezeRefusal((isLate ? await freezes() : early).found)',
    to: 'const blocked = isLate && broker.clock() < 0 ? freezeRefusal(early.found) : undefined',
  },
  {
    name: 'a renewal does not wait for its record',
    guards: ['promise 1'],
    file: RENEW,
    from: "if (recorded.outcome === 'unknown') return { ...ledgerSilent(recorded.cause), ...who }",
    to: '',
  },
  {
    name: 'a renewal outlasts its session',
    guards: ['promise 2'],
    file: RENEW,
    from: 'const expiresAt = Math.min(session.expiresAt, sessionExpiry(call.now, durationSeconds(configured)))',
    to: 'const expiresAt = sessionExpiry(call.now, durationSeconds(configured))',
  },
  {
    name: 'the sweeper leaves open renewals',
    guards: [],
    file: ABANDON,
    from: 'Object.entries(session.open ?? {})',
    to: 'Object.entries({} as NonNullable<typeof session.open>)',
  },
  {
    name: 'renewals are not counted',
    guards: [],
    file: RENEW_OUTCOMES,
    from: '#session.#renewed.#count = #session.#renewed.#count + :one',
    to: '#session.#renewed.#count = #session.#renewed.#count',
  },
  {
    name: 'a recorded renewal stays open',
    guards: [],
    file: RENEW_OUTCOMES,
    from: " REMOVE #session.#open.#attempt${alone ? ', openKey, openAt, openSession' : ''}`,",
    to: "${alone ? ' REMOVE openKey, openAt, openSession' : ''}`,",
  },
  {
    name: 'ending a reserved session keeps its use',
    guards: [],
    file: END,
    from: "isReserved ? ', usesLeft = usesLeft + :one' : ''",
    to: "''",
  },
  {
    name: 'ending an issued session returns its use',
    guards: ['promise 2'],
    file: END,
    from: "isReserved ? ', usesLeft",
    to: "isReserved || round >= 0 ? ', usesLeft",
  },
  // ── Sessions that end at once ──────────────────────────────────────────────────────────────────────────────────────
  {
    name: 'at once: an end is noted after the ledger has it',
    guards: [],
    file: REQUEST_END,
    from: `  const noted = await notes.note({ ...place, request: session.requestId, at: now, ...(isFull ? { everyEarlier: now } : {}) })
  if (noted.outcome === 'unknown') return noted`,
    to: `  const wake = async (..._: unknown[]) => {
    await notes.note({ ...place, request: session.requestId, at: now, ...(isFull ? { everyEarlier: now } : {}) })
    await parts.immediate?.queue.wake(place)
  }`,
  },
  {
    name: 'at once: a session is denied that has not ended',
    guards: [],
    file: CARRY_OUT,
    from: 'endedSession(session, now) ?? []',
    to: "endedSession({ ...session, state: 'ended' }, now) ?? []",
  },
  {
    name: 'at once: the policy is made from the notes alone',
    guards: [],
    file: CARRY_OUT,
    from: 'const known = new Map(stored.sessions.map((session) => [session.suffix, session]))',
    to: 'const known = new Map(stored.sessions.slice(0, 0).map((session) => [session.suffix, session]))',
  },
  {
    name: 'at once: an end is done before it is read back',
    guards: [],
    file: CARRY_OUT,
    from: 'if (cause !== undefined) throw',
    to: 'if (cause === `${roleArn}`) throw',
  },
  {
    name: 'at once: what IAM returns is not compared',
    guards: [],
    file: CARRY_OUT,
    from: 'found.value !== undefined && isSame(found.value, document)',
    to: 'found.value !== undefined && !isSame(found.value, `${document} `)',
  },
  {
    name: 'at once: a write without an answer is repeated',
    guards: [],
    file: CARRY_OUT,
    from: "answer.outcome !== 'refused' || answer.reason !== 'throttled' || tries",
    to: "answer.outcome === 'done' || tries",
  },
  {
    name: 'at once: a note is removed before its session has ended',
    guards: [],
    file: CARRY_OUT,
    from: 'age > seconds(NEVER_ENDED_SECONDS)',
    to: 'age > -seconds(NEVER_ENDED_SECONDS)',
  },
  {
    name: 'at once: a note of an end that was never written stays',
    guards: [],
    file: CARRY_OUT,
    from: 'age > seconds(NEVER_ENDED_SECONDS)',
    to: 'age > now + seconds(NEVER_ENDED_SECONDS)',
  },
  {
    name: 'at once: a revocation looks only at the sessions that it read',
    guards: [],
    file: REQUEST_END,
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
  // Faults that the simulation found.
  {
    name: 'a late image without events is quarantined',
    guards: ['promise 9'],
    file: STAGE,
    from: '(!first || commitIn(first) === cursor.first)',
    to: 'first && commitIn(first) === cursor.first',
  },
  {
    name: 'a call that overlapped its approval is reported',
    guards: ['promise 9'],
    file: 'packages/core/src/audit/session-facts.ts',
    from: 'at + seconds(MAX_CALL_SECONDS) < facts.windowStartsAt',
    to: 'at < facts.windowStartsAt && seconds(MAX_CALL_SECONDS) > 0',
  },
  {
    name: 'a secret is on record',
    guards: ['promise 6'],
    file: SESSIONS,
    from: 'const facts = { accessKeyId: credentials.accessKeyId,',
    to: 'const facts = { accessKeyId: credentials.accessKeyId, secret: credentials.secretAccessKey,',
  },
]

/** Bugs that this simulation cannot see, and what holds them instead. They are not counted. */
export const unseen: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: 'the head moves before its stage is applied',
    why: 'a shipper finishes what the head names before it moves the head, so the condition holds anyway; test/models has it',
  },
  {
    what: 'freezes are not read again after a slow reserve',
    why: 'the promise is about calls that begin after the freeze was answered; test/faults/freeze.test.ts holds it',
  },
  {
    what: 'a restore writes over what changed meanwhile',
    why: 'a write has a few milliseconds to come between, and in 400 schedules none did',
  },
  {
    what: 'a newer note of an end is removed with an older one',
    why: 'a session must end between the read and the removal of one run, which takes milliseconds; e2e/immediate-end.test.ts stages it',
  },
  { what: 'reserve does not look at the caller', why: 'the terms name the caller, so their hash differs; conditions.test.ts holds it' },
  {
    what: 'reserve ignores fingerprints',
    why: 'callers of the workload repeat a key with one content; test/e2e/approvals.test.ts holds it',
  },
  { what: 'a lost answer is not recognized as our own write', why: 'the call is refused and tried again; it costs time and no invariant' },
]
