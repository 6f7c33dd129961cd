/** Rules about email addresses: compared with their case, and counted although no one verified them. */
import { knowledge } from '@stint/core/config/issuers/index'
import { presetOf } from '@stint/core/config/issuers/presets'
import type { ClaimRef, Issuer, Matcher, Rules } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { admits, type ClaimMatchers, own, valuesOf } from './reach.ts'

const ADDRESS = /^[^\s@:/*]+@[^\s@:/]+\.[^\s@.:/]+$/

/** The addresses that a matcher compares literally. Addresses of service accounts are always lower case. */
export const emailsIn = (matcher: Matcher, claim: ClaimRef, issuer: Issuer): readonly string[] =>
  issuer.kind === 'human' || /e-?mail/i.test(claim)
    ? valuesOf(matcher)
        .map(String)
        .filter((value) => ADDRESS.test(value) && !value.endsWith('.gserviceaccount.com'))
    : []

/** `email` counts although the rule admits one that is not verified (OpenID Connect Core 1.0 §5.1, `email_verified`). */
export function isUnverified(said: ClaimMatchers, issuer: Issuer, claim: ClaimRef): boolean {
  if (claim !== 'email' || own(knowledge[presetOf(issuer)].claims, 'email_verified') === undefined) return false
  return own(said, 'email_verified') === undefined || [false, 'false'].some((value) => admits(said, 'email_verified', value))
}

/** An identity of `people` that differs in case is not found, so a person could approve their own request. */
export function lintPeople(rules: Rules, report: Report): void {
  for (const [person, identities] of Object.entries(rules.people ?? {}))
    identities.forEach((identity, index) => {
      if ('subject' in identity && ADDRESS.test(identity.subject) && /\p{Lu}/u.test(identity.subject))
        report(
          'email-case',
          `people.${person}[${index}].subject`,
          `'${identity.subject}' is this identity only in this case. In another case, the person could approve their own request.`,
        )
    })
}
