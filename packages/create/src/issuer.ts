/** The issuer of a config, as source code. Addresses come from the presets themselves. */
import { auth0, cognito, entra, keycloak, oidc, okta } from '@stint/core'
import type { Answers, PresetName } from './answers.ts'

type Written = {
  /** The helper that the config imports. */
  readonly helper: PresetName
  /** Its arguments, one per line, without the key and the address. */
  readonly lines: readonly string[]
  /** The claim with a person's groups. */
  readonly groups: string
  readonly url: string
  readonly jwksUri: string
  /** Absent if they do not follow from the issuer's address. */
  readonly endpoints?: { readonly authorize: string; readonly token: string }
}

export const quoted = (text: string): string => `'${text}'`

export function issuerOf({ issuer, issuerAt, domain }: Pick<Answers, 'issuer' | 'issuerAt' | 'domain'>, key: string): Written {
  const audience = `https://stint.${domain}`
  const audiences = `audiences: [${quoted(audience)}],`
  const common = { key, audiences: [audience] as const, tokenUse: 'access' as const }
  const at = issuerAt.replace(/\/$/, '')
  switch (issuer) {
    case 'okta':
      return {
        helper: issuer,
        groups: 'groups',
        lines: [`url: ${quoted(at)},`, audiences],
        ...addresses(okta({ ...common, url: at })),
        endpoints: { authorize: `${at}/v1/authorize`, token: `${at}/v1/token` },
      }
    case 'entra': {
      const tenant = `https://login.microsoftonline.com/${at}/oauth2/v2.0`
      return {
        helper: issuer,
        groups: 'groups',
        lines: [`tenantId: ${quoted(at)},`, '// The application ID of the API that you register for Stint.', audiences],
        ...addresses(entra({ ...common, tenantId: at })),
        endpoints: { authorize: `${tenant}/authorize`, token: `${tenant}/token` },
      }
    }
    case 'cognito': {
      const [region = ''] = at.split('_')
      const pool = { key, region, userPoolId: at, clientIds: ['stint-cli', 'stint-web'] as const, tokenUse: 'access' as const }
      return {
        helper: issuer,
        lines: [
          `region: ${quoted(region)},`,
          `userPoolId: ${quoted(at)},`,
          '// The IDs of the app clients for the command line and for Stint’s pages.',
          "clientIds: ['stint-cli', 'stint-web'],",
        ],
        groups: 'cognito:groups',
        ...addresses(cognito(pool)),
      }
    }
    case 'keycloak':
      return {
        helper: issuer,
        groups: 'groups',
        lines: [`url: ${quoted(at)},`, audiences],
        ...addresses(keycloak({ ...common, url: at })),
        endpoints: { authorize: `${at}/protocol/openid-connect/auth`, token: `${at}/protocol/openid-connect/token` },
      }
    case 'auth0':
      return {
        helper: issuer,
        // Assigned by administrators. Custom claims often come from metadata that users can edit.
        groups: 'permissions',
        lines: [`domain: ${quoted(at)},`, audiences],
        ...addresses(auth0({ ...common, domain: at })),
        endpoints: { authorize: `https://${at}/authorize`, token: `https://${at}/oauth/token` },
      }
    case 'oidc': {
      const jwksUri = `${at}/jwks`
      return {
        helper: issuer,
        groups: 'groups',
        lines: [
          "kind: 'human',",
          audiences,
          "algorithms: ['RS256'],",
          "nameClaim: 'name',",
          "groupsClaim: 'groups',",
          "maxTokenLife: '1h',",
        ],
        ...addresses(oidc({ ...common, url: at, jwksUri, kind: 'human' })),
      }
    }
  }
}

const addresses = ({ url, jwksUri }: ReturnType<typeof oidc>) => ({ url: String(url), jwksUri: String(jwksUri) })
