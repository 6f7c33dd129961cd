/** A request together with the parts of the config that its messages need. */

import { endsAtOnce } from '@stint/core/config/revoker'
import type { Rules } from '@stint/core/config/shape'
import { defined } from '@stint/core/defined'
import type { Instant } from '@stint/core/instant'
import { missing } from '@stint/core/request/approval'
import type { AccessRequest } from '@stint/core/request/request'
import type { Decisions } from '../approvals/decide.ts'
import type { ShownRequest } from './messages.ts'

/** `onCall` is for the channel only: in a direct message it would notify the whole group as well. */
export function shownOf(
  rules: Rules,
  { approvalOf, withPeople, summaryFor }: Pick<Decisions, 'approvalOf' | 'withPeople' | 'summaryFor'>,
  stored: AccessRequest,
  now: Instant,
  inChannel: boolean,
): ShownRequest {
  const request = withPeople(stored)
  const approval = approvalOf(request.profile)
  const lacking = approval ? missing(approval, request.approvals) : []
  const profile = rules.profiles.find(request.profile)
  const onCall = inChannel ? (profile?.slack?.onCall ?? rules.slack?.onCall) : undefined
  return {
    request,
    summary: summaryFor(request, now),
    needed: (approval?.rules ?? []).map(({ count }, index) => ({ count, missing: lacking[index] ?? 0 })),
    ...defined({ onCall }),
    endsAtOnce: endsAtOnce(rules, request),
    now,
  }
}
