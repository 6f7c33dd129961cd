/** The periods that the records of each account cover. */
import type { TrailRecord } from './records.ts'

export type Span = { readonly first: string; readonly last: string }

export function widen(spans: Map<string, Span>, { recipientAccountId, eventTime }: TrailRecord): void {
  if (recipientAccountId === undefined) return
  const { first, last } = spans.get(recipientAccountId) ?? { first: eventTime, last: eventTime }
  if (eventTime >= first && eventTime <= last && spans.has(recipientAccountId)) return
  spans.set(recipientAccountId, { first: eventTime < first ? eventTime : first, last: eventTime > last ? eventTime : last })
}

/** The period of all accounts' records together. */
export function periodOf(spans: ReadonlyMap<string, Span>): Span | undefined {
  const all = [...spans.values()]
  const first = all.map((span) => span.first).sort()[0]
  const last = all
    .map((span) => span.last)
    .sort()
    .at(-1)
  return first === undefined || last === undefined ? undefined : { first, last }
}
