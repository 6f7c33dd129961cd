/**
 * Invariant 5: a dependency that fails gives the problem of that dependency, and none that did not fail is blamed. A call of the vend path is
 * held against the faults that took place in it. No call is refused because of what it wrote itself.
 */
import type { Injected, Network } from '../network.ts'
import { firstMade, freshEvents, numberOf, type Oracle, type OracleContext, storedSession, stringOf } from './oracle.ts'

/** The services behind the steps. All others are DynamoDB's. */
const serviceOf = (step: string): string =>
  step.startsWith('AssumeRole') ? 'sts' : step === 'jwks' ? 'issuer' : step === 'clock' ? 'clock' : 'dynamodb'

/** What a fault of a service can be answered with. A refusal of STS has a code of its own. */
const PROBLEMS: Readonly<Record<string, (fault: Injected) => boolean>> = {
  'ledger-unavailable': ({ step }) => serviceOf(step) === 'dynamodb',
  // A response that cannot be read counts as none.
  'sts-timeout': ({ step }) => serviceOf(step) === 'sts',
  'sts-answer-invalid': ({ step, what }) => serviceOf(step) === 'sts' && what === 'garbled',
  'sts-throttled': ({ step, what }) => step === 'AssumeRole Throttling' || (serviceOf(step) === 'sts' && what === 'throttled'),
  'assume-role-denied': ({ step }) => step === 'AssumeRole AccessDenied',
}

/** What a call writes of the session that it then returns. */
const OPENED = ['session.reserved', 'session.issued', 'session.renewed']
/** What a call of the API writes and must then confirm. */
const DECIDED = [
  ...['approval.given', 'request.denied', 'request.cancelled', 'request.revoked', 'request.reviewed', 'session.ended'],
  ...['freeze.set', 'freeze.release-asked', 'freeze.released', 'link.made'],
]
/** Refusals that are right only if the session is another call's, by the state of that session. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  reserved: ['in-progress', 'request-exhausted', 'token-used'],
  issued: ['already-issued', 'request-exhausted', 'token-used', 'revoked-in-flight'],
}

export function problemsOracle({ fault, reach, dynamo, sts, now, skewMs }: OracleContext, network: Network): Oracle {
  let hadKeyFaults = false
  /** The sessions that each call wrote. */
  const written = new Map<string, Set<string>>()
  const decided = new Map<string, { readonly type: string; readonly id: string; readonly on: string | undefined }>()
  const usedTokens = new Set<string>()
  const isOpen = (session: string, code: string): boolean => {
    const item = dynamo.item('stint', `REQ#${session.split('.')[0]}`)
    const stored = storedSession(dynamo, session)
    const end = Math.min(...[item?.windowExpiresAt, stored?.fields.expiresAt].map((time) => numberOf(time) ?? Infinity))
    // A record that is slow can take effect after the send that followed it was refused, because the window or the session ended in between.
    if (code === 'revoked-in-flight' && end <= now() + 2 * skewMs) return false
    return stringOf(item?.state) === 'approved' && TAKEN[stored?.state ?? '']?.includes(code) === true
  }
  /** `stint audit restore` and an erasure leave no terms. Both can come before a call whose response was lost finds its own write. */
  const isGone = (id: string) => id.startsWith('REQ#') && dynamo.item('stint', id)?.terms === undefined
  return {
    onWrite(write) {
      // A send that was given up may arrive later than what its call was then refused for.
      const call = network.isAwaited ? network.acting?.name : undefined
      if (call === undefined) return
      for (const { type, session } of freshEvents(write)) {
        if (OPENED.includes(type)) written.set(call, (written.get(call) ?? new Set()).add(session))
        if (DECIDED.includes(type)) decided.set(call, { type, id: write.id, on: write.before?.version?.N })
        if (type === 'token.used') usedTokens.add(call)
      }
    },
    onAnswered({ id, ifMatch }, { status, json }) {
      const own = decided.get(id)
      if (own === undefined) return
      if (status >= 400 && status < 500 && !(json.code === 'request-unknown' && isGone(own.id)))
        fault('problems', `${id} is answered with ${json.code} and wrote ${own.type}`)
      if (ifMatch !== undefined && own.on !== undefined && ifMatch !== `"${own.on}"`)
        fault('problems', `${id} wrote ${own.type} on version ${own.on}, and its caller had read ${ifMatch}`)
    },
    onVended(call, { json }) {
      const code: string = json.code ?? json.Code ?? ''
      const own = [...network.injected, ...network.mishaps].filter(({ name }) => name.startsWith(`${call.id}/`))
      hadKeyFaults ||= network.injected.some(({ step }) => serviceOf(step) === 'issuer')
      const isExplained = PROBLEMS[code]
      // If the role was created again, AWS names another role ID, and Stint refuses the renewal.
      const isOfNewRole =
        code === 'sts-answer-invalid' && call.renews !== undefined && firstMade({ dynamo, sts }, call.renews)?.roleId !== sts.roleId
      if (isExplained && own.some(isExplained)) reach(`the problem of a fault is ${code}`)
      else if (isOfNewRole) reach('a role was created again, and a renewal is refused')
      else if (isExplained) fault('problems', `${call.id} is answered with ${code}, and had only ${listOf(own)}`)
      // An endpoint that failed another call is left alone for a while.
      if (code === 'issuer-keys-unavailable' && !hadKeyFaults)
        fault('problems', `${call.id} is answered with ${code}, and no key set failed`)
      for (const session of written.get(call.id) ?? [])
        if (isOpen(session, code)) fault('problems', `${call.id} is answered with ${code} because of ${session}, which is its own`)
      if (code === 'token-used' && usedTokens.has(call.id)) fault('problems', `${call.id} used its token, and is answered with ${code}`)
      if (code === 'internal') fault('problems', `${call.id} is answered with ${code} after ${listOf(own)}`)
    },
  }
}

const listOf = (faults: readonly Injected[]): string => faults.map(({ what, step }) => `${what} × ${step}`).join(', ') || 'no fault'
