/** Rules about issuers. */
import { knowledge } from '@stint/core/config/issuers/index'
import { presetOf } from '@stint/core/config/issuers/presets'
import type { Rules } from '@stint/core/config/shape'
import type { Report } from './catalogue.ts'
import { fitsType, isEditable, own, plainName } from './reach.ts'
import { unknownFault } from './who.ts'

/** Audiences of other services, whatever the issuer: AWS STS, Keycloak's account console, Microsoft Graph. */
const others = /^(sts\.amazonaws\.com|account|00000003-0000-0000-c000-000000000000|https:\/\/graph\.microsoft\.com\/?)$/

export function lintIssuers(rules: Rules, report: Report): void {
  for (const [name, issuer] of Object.entries(rules.issuers)) {
    const path = `issuers.${name}`
    const preset = presetOf(issuer)
    const known = knowledge[preset]
    const host = new URL(issuer.url).host
    for (const [index, audience] of issuer.audiences.entries()) {
      // The forge's own URL, or that of one of its organizations, is the default audience of its tokens.
      const home = audience === issuer.url || (preset === 'github' && audience.startsWith(`https://${host}/`))
      if (home || others.test(audience) || known.defaultAudience?.test(audience))
        report(
          'default-audience',
          `${path}.audiences[${index}]`,
          `Tokens of ${preset} for other services also have the audience '${audience}'.`,
        )
    }
    for (const [ref, value] of Object.entries(issuer.tenant ?? {})) {
      const claim = plainName(ref)
      const entry = own(known.claims, claim)
      const fault = entry ? undefined : unknownFault(preset, issuer, claim)
      if (fault) report('unknown-claim', `${path}.tenant.${ref}`, fault)
      if (entry && !fitsType(value, entry.type))
        report('never-fits', `${path}.tenant.${ref}`, `'${claim}' is never a ${typeof value}, so no token matches this tenant.`)
    }
    if (issuer.kind === 'human' && issuer.tokenUse === 'any')
      report('any-token', `${path}.tokenUse`, `It accepts both ID and access tokens of people.`)
    // The subject of Okta's access tokens is the login.
    const identity = plainName(issuer.identityClaim ?? 'sub')
    const entry =
      issuer.identityClaim === undefined && (preset !== 'okta' || issuer.tokenUse === 'id') ? undefined : own(known.claims, identity)
    if (issuer.kind === 'human') {
      const shown = [issuer.nameClaim ?? []]
        .flat()
        .map(plainName)
        .find((claim) => isEditable(issuer, claim))
      if (shown !== undefined)
        report('user-editable', `${path}.nameClaim`, `Users can edit '${shown}', so they choose the name that approvers read.`)
      if (entry?.is !== 'name' && isEditable(issuer, identity))
        report('user-editable', `${path}.identityClaim`, `Users can edit '${identity}', so they choose their identity in AWS.`)
    }
    if (entry?.is === 'name')
      report(
        'identity-by-name',
        `${path}.identityClaim`,
        `'${identity}' can be reassigned to another person${entry.id ? `. '${entry.id}' cannot` : ''}.`,
      )
    if (preset === 'circleci' && own(issuer.tenant ?? {}, 'oidc.circleci.com/ssh-rerun') !== false)
      report('ssh-rerun', path, 'Jobs that were rerun with SSH match.')
    if (preset === 'okta' && issuer.tokenUse !== 'id' && !/\/oauth2\/./.test(new URL(issuer.url).pathname))
      report('okta-org-server', `${path}.url`, `'${issuer.url}' is Okta's org authorization server.`)
  }
}
