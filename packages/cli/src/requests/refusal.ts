/** A refusal in the audit log, for its auditor and its own caller: who, when, which profile, why, and what to do. */
import { toIso } from '@stint/core/instant'
import { problems } from '@stint/core/problem'
import { nextFor } from '../broker/refusals.ts'
import { factsText, fromNow } from '../frame/words.ts'
import { shownLine } from '../output.ts'

export type EventView = { readonly event: { readonly [name: string]: unknown } }

export function refusalText(id: string, { event }: EventView, now: number): string {
  const text = (name: string) => (typeof event[name] === 'string' ? event[name] : undefined)
  const { issuer, subject } = (typeof event.caller === 'object' ? (event.caller ?? {}) : {}) as { issuer?: unknown; subject?: unknown }
  const at = typeof event.at === 'number' ? toIso(event.at) : text('at')
  const code = text('code')
  const profile = text('profile')
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Refusal', id],
    ['Caller', typeof subject === 'string' ? `${subject} at ${String(issuer ?? 'an unknown issuer')}` : undefined],
    ['When', at === undefined ? undefined : `${at} (${fromNow(at, now)})`],
    ['Profile', profile],
    ['Refused', code === undefined ? text('type') : `${titleOf(code)} (${code})`],
    // Written for operators: it names the nearest rule and the claim that does not fit.
    ['Why', text('reason')],
    ['From', text('source')],
    ['Trace', text('trace')],
  ]
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
  const next = code === undefined ? undefined : (nextFor(code, profile) ?? problemOf(code)?.next)
  return `${factsText(known)}${next === undefined ? '' : `\nNext: ${shownLine(next, 1000)}\n`}`
}

const problemOf = (code: string) => (Object.hasOwn(problems, code) ? problems[code as keyof typeof problems] : undefined)
const titleOf = (code: string): string => problemOf(code)?.title ?? code
