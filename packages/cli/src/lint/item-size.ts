/**
 * The size that the item of a request can reach. Its sessions and their events are part of it (docs/decisions/0001-one-item-one-story.md),
 * and DynamoDB writes and returns all of it each time. Sources: Amazon DynamoDB Developer Guide, "DynamoDB read and write operations" (a
 * write unit per kilobyte of the item) and "Designing partition keys" (1,000 write units per second for one key).
 */
import { approvalFor } from '@stint/core/config/approval'
import type { Profile, Target } from '@stint/core/config/shape'
import { durationSeconds } from '@stint/core/duration'
import { RENEWAL_BYTES, REQUEST_BYTES, SESSION_BYTES } from '@stint/core/request/session'
import { profileStatements } from '@stint/core/scope/policy'
import type { Report } from './catalogue.ts'

/** Above this, a vend writes more for the sessions before it than for itself. */
const MAX_ITEM_BYTES = 50 * 1024
/** Reserve and record. */
const WRITES_PER_SESSION = 2
const UNITS_PER_SECOND = 1000

/**
 * `path`: of the profile. A request that is approved by rule has one session, so only `maxUses` matters. Attempts that AWS refuses stay in
 * the item too, but to count all `SPARE_ATTEMPTS` of them would warn at ten uses.
 */
export function lintItemSize(profile: Profile, target: Target, path: string, report: Report): void {
  const uses = approvalFor(profile, target)?.maxUses ?? 1
  const base = REQUEST_BYTES + policyBytes(profile)
  const { renew, max } = profile.duration
  const renewals = renew === undefined ? 0 : Math.ceil(durationSeconds(max) / durationSeconds(renew)) - 1
  const sessionBytes = SESSION_BYTES + renewals * RENEWAL_BYTES
  const bytesWith = (sessions: number) => base + sessions * sessionBytes
  if (bytesWith(uses) <= MAX_ITEM_BYTES) return
  if (renewals > 0) {
    const size = Math.ceil(bytesWith(uses) / 1024)
    const what = uses === 1 ? `a session that is renewed ${renewals} times` : `${uses} sessions that are renewed ${renewals} times each`
    report('item-size', `${path}.duration.renew`, `With ${what}, the item of a request grows to ${size} KB, which every renewal writes.`)
    return
  }
  const most = Math.max(1, Math.floor((MAX_ITEM_BYTES - base) / SESSION_BYTES))
  const units = (sessions: number) => WRITES_PER_SESSION * Math.ceil(bytesWith(sessions) / 1024)
  const all = Array.from({ length: uses }, (_, index) => units(index + 1)).reduce((sum, one) => sum + one, 0)
  const rate = UNITS_PER_SECOND / units(uses)
  report(
    'item-size',
    profile.approval?.maxUses === uses ? `${path}.approval.maxUses` : `targets.${profile.target}.approval.maxUses`,
    `With ${uses} sessions, the item of a request grows to ${Math.ceil(bytesWith(uses) / 1024)} KB. They take ${all} write units, and the last of them ${rate.toFixed(1)} vends per second at most. Up to ${most} stay below 50 KB.`,
  )
}

/** The terms of a request hold the policy as it is sent to AWS, with each parameter at its longest. */
function policyBytes(profile: Profile): number {
  const longest = Object.fromEntries(Object.entries(profile.parameters ?? {}).map(([name, { max }]) => [name, 'x'.repeat(max)]))
  const { policyArns = [], tags = {} } = profile
  return Buffer.byteLength(JSON.stringify([profileStatements(profile, longest), policyArns, tags]))
}
