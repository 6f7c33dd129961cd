/** Which events of the audit log a caller can read, and their receipts. The API and the pages both use it. */
import type { Caller, CallerRef } from '@stint/core/identity/caller'
import { parseJournalId } from '@stint/core/ids'
import { parseIso } from '@stint/core/instant'
import { type Refused, refused } from '@stint/core/outcome'
import type { FoundEvent } from '../log/search.ts'
import type { Trail } from '../log/trail.ts'
import { Halt, Trouble } from '../ports/log.ts'
import { type Ctx, refuse, type Tools } from './context.ts'

export function eventAccess(isAuditor: Tools['isAuditor']) {
  const is = (who: { readonly issuer?: string; readonly subject?: string } | undefined, caller: Caller) =>
    who?.issuer === caller.issuer && who?.subject === caller.subject
  const byOf = ({ event }: FoundEvent) => event.by as CallerRef | undefined

  /** Callers can read the events of their own requests, and their own decisions on other callers' requests. */
  const mayRead = (c: Ctx, caller: Caller, found: FoundEvent) => isAuditor(c, caller) || is(found.about, caller) || is(byOf(found), caller)

  /**
   * The properties that only auditors can read: the address and token of another person's decision, and why a call was refused, which can
   * tell of rules and profiles that the caller cannot see. A receipt holds the whole event, so receipts of such events are theirs too.
   */
  function hiddenIn(c: Ctx, caller: Caller, found: FoundEvent): readonly string[] {
    if (isAuditor(c, caller)) return []
    if (found.event.type === 'request.refused') return ['reason']
    const by = byOf(found)
    return by === undefined || is(by, caller) ? [] : ['source', 'token']
  }

  return {
    mayRead,
    mayReadWhole: (c: Ctx, caller: Caller, found: FoundEvent) => mayRead(c, caller, found) && hiddenIn(c, caller, found).length === 0,
    /** The event without what the caller must not read. */
    shown(c: Ctx, caller: Caller, found: FoundEvent): FoundEvent {
      const hidden = hiddenIn(c, caller, found)
      const event = Object.fromEntries(Object.entries(found.event).filter(([name]) => !hidden.includes(name)))
      return { ...found, event: event as FoundEvent['event'] }
    },
  }
}

/** How a channel shows a refusal. */
type Say = (c: Ctx, refusal: Refused) => Response | Promise<Response>

type EventPlace = { readonly request: string; readonly seq: number }

export function receiptReply(
  c: Ctx,
  made: Awaited<ReturnType<Trail['receipt']>>,
  { request, seq }: EventPlace,
  unknown: Refused,
  say: Say = refuse,
): Response | Promise<Response> {
  if (made.outcome === 'done') {
    c.header('content-disposition', `attachment; filename="${request}-${seq}.tlog-proof"`)
    return c.text(made.receipt)
  }
  const why = {
    'unknown-event': unknown,
    'not-logged-yet': refused('not-logged-yet', 'The event is not in a published checkpoint yet.'),
    erased: refused('event-erased', 'The event was erased.'),
  }
  return say(c, why[made.outcome])
}

/** Runs the handler, and answers `log-unavailable` if the log fails. The log can be down while the ledger is up. */
export async function fromLog(c: Ctx, answer: () => Promise<Response>, say: Say = refuse): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof Trouble || error instanceof Halt)) throw error
    return say(c, refused('log-unavailable', 'The log did not answer.', { operator: error.message }))
  }
}

/** The event that the path names; undefined if the path has an invalid journal ID or sequence number. */
export function placeOf(c: Ctx): EventPlace | undefined {
  const request = parseJournalId(c.req.param('request') ?? '')
  const seq = c.req.param('seq') ?? ''
  return request !== undefined && /^(0|[1-9]\d{0,4})$/.test(seq) ? { request, seq: Number(seq) } : undefined
}

/** Where a page of a search begins, from the cursor as callers see it; undefined if it is not one that a search gives. */
export function eventCursor(cursor: string): string | undefined {
  const below = Buffer.from(cursor, 'base64url').toString('utf8')
  const isDay = parseIso(`${below.slice(0, 10)}T00:00:00Z`) !== undefined
  return isDay && /^\d{4}-\d\d-\d\dT(24|[\d:.]{12}Z#[a-z]{3}_[0-9A-Za-z]{26}#\d{5}(\+(\d{5})?)?)$/.test(below) ? below : undefined
}
