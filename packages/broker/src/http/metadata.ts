/**
 * Where and as which client the command line signs in: OAuth 2.0 Protected Resource Metadata (RFC 9728). It is public, so it holds the
 * issuers with a client for the command line, and nothing else of the config.
 */
import type { Rules } from '@stint/core/config/shape'
import { refused } from '@stint/core/outcome'
import { type Api, type ApiBroker, answer, refuse } from './context.ts'
import type { Answer, serverMetadata as serverSchema } from './response-schemas.ts'

export function metadataRoutes(app: Api, { rules, web }: Pick<ApiBroker, 'rules' | 'web'>): void {
  answer(app, 'GET /.well-known/oauth-authorization-server', (c) =>
    web ? c.json(serverMetadata(web.publicUrl)) : refuse(c, refused('route-unknown', 'This deployment does not know its public URL.')),
  )
  answer(app, 'GET /.well-known/oauth-protected-resource', (c) => {
    const metadata = web && metadataOf(rules, web.publicUrl)
    return metadata
      ? c.json(metadata)
      : refuse(c, refused('route-unknown', 'The config has no client for the command line: signIn.ISSUER.cli.'))
  })
}

/**
 * Stint as an authorization server (RFC 8414): it has a token endpoint with one grant, token exchange (RFC 8693), and no authorization
 * endpoint. People and jobs sign in at their own issuers, which the metadata of the protected resource names.
 */
const serverMetadata = (issuer: string): Answer<typeof serverSchema> => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
  // Required by §2, though no grant here has a response type.
  response_types_supported: [],
  // The subject token is the only credential.
  token_endpoint_auth_methods_supported: ['none'],
  service_documentation: `${issuer}/docs`,
})

function metadataOf(rules: Pick<Rules, 'issuers' | 'signIn'>, resource: string) {
  const clients = Object.entries(rules.signIn ?? {}).flatMap(([id, { cli }]) => {
    const issuer = rules.issuers[id]
    if (!cli || !issuer) return []
    return [
      {
        issuer: issuer.url,
        client_id: cli.clientId,
        scope: cli.scope ?? 'openid',
        // Which of the issuer's tokens the broker accepts.
        token: issuer.tokenUse === 'id' ? ('id_token' as const) : ('access_token' as const),
      },
    ]
  })
  if (clients.length === 0) return undefined
  return {
    resource,
    authorization_servers: clients.map(({ issuer }) => issuer),
    bearer_methods_supported: ['header'],
    scopes_supported: [...new Set(clients.flatMap(({ scope }) => scope.split(' ')))],
    resource_name: 'Stint',
    // An extension of RFC 9728 §2: the public client of the command line at each issuer.
    stint_cli: clients,
  }
}
