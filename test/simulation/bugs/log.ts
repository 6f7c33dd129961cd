/** Of the audit log: its shipper, its witnesses, and what is restored, erased and retired. */
import type { Bug } from '../../support/seeded.ts'
import type { Guarding } from '../../verify/requirements.ts'
import { ERASE, PUBLISH, RESTORE, SHIP, STAGE, STATE, WITNESS } from './places.ts'

export const logBugs: readonly (Bug & Guarding)[] = [
  // ── The log ──────────────────────────────────────────────────────────────────────────────────────────────────────────
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
  {
    name: 'of several images of a journal, the shortest is shipped',
    guards: ['promise 9'],
    file: 'packages/broker/src/log/ship.ts',
    from: 'journal.events.length >= known.events.length',
    to: 'journal.events.length <= known.events.length',
  },
  {
    name: 'events are removed before the log says why',
    guards: ['promise 9'],
    file: 'packages/broker/src/log/erase.ts',
    from: '!(await covers(parts.state, request, written + 1))',
    to: '!(await covers(parts.state, request, written))',
  },
  {
    name: 'lookup rows of an erased request stay',
    guards: [],
    file: 'packages/broker/src/adapters/dynamodb/lookup-rows.ts',
    from: 'unindex: (rows) => writeRows(rows.map(',
    to: 'unindex: (rows) => writeRows(rows.filter(({ run }) => !run).map(',
  },
  {
    name: 'an item leaves the table before the log has all of it',
    guards: ['promise 9'],
    file: 'packages/broker/src/adapters/dynamodb/retirement.ts',
    from: 'if (cursor?.count !== journal.events.length || !continues(journal, cursor))',
    to: 'if (!cursor || !continues(journal, cursor))',
  },
  {
    name: 'a shipper takes its own move of the head for that of another',
    guards: ['promise 9'],
    file: 'packages/broker/src/adapters/dynamodb/log-state.ts',
    from: "return !('blocked' in moved) || moved.blocked?.stage === to.stage",
    to: "return !('blocked' in moved)",
  },
  {
    name: 'what a daily run cannot finish is forgotten',
    guards: [],
    file: 'packages/broker/src/keepers/keeper.ts',
    from: '        await inParallel([...unfinished], ROWS_AT_ONCE, ([id, cause]) => progress.keep(id, cause, now))\n',
    to: '',
  },
  // ── Witnesses ────────────────────────────────────────────────────────────────────────────────────────────────────────
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
  // ── stint audit restore ──────────────────────────────────────────────────────────────────────────────────────────────
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
]
