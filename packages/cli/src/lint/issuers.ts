/** Rules about the issuers themselves. */
import { knowledge, presetOf } from '@stint/core/config/issuers/index'
import type { Rules } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { own } from './reach.ts'

export function lintIssuers(rules: Rules, report: Report): void {
  for (const [name, issuer] of Object.entries(rules.issuers)) {
    const path = `issuers.${name}`
    const preset = presetOf(issuer)
    const known = knowledge[preset]
    for (const [index, audience] of issuer.audiences.entries()) {
      if (known.defaultAudience?.test(audience))
        report('default-audience', `${path}.audiences[${index}]`, `'${audience}' is what tokens of ${preset} say to others too.`)
    }
    const identity = issuer.identityClaim
    const entry = identity === undefined ? undefined : own(known.claims, identity)
    if (identity !== undefined && entry?.is === 'name')
      report(
        'identity-by-name',
        `${path}.identityClaim`,
        `'${identity}' can be given to another${entry.id ? `; '${entry.id}' cannot` : ''}.`,
      )
    if (preset === 'circleci' && own(issuer.tenant ?? {}, 'oidc.circleci.com/ssh-rerun') !== false)
      report('ssh-rerun', path, 'Jobs that were run again with SSH get in.')
    if (preset === 'okta' && issuer.tokenUse !== 'id' && !/\/oauth2\/./.test(new URL(issuer.url).pathname))
      report('okta-org-server', `${path}.url`, `'${issuer.url}' is Okta's own server.`)
  }
}
