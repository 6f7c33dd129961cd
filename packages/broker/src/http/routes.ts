import { defined } from '@stint/core/defined'
/**
 * The route table: which function serves each route, and its methods. It defines 404, 405 with `Allow`, OPTIONS, the split between the
 * functions, and the paths of the OpenAPI document.
 */

export type Method = 'GET' | 'POST' | 'DELETE'
/** `tail`: the last parameter takes all remaining segments. */
type Serving = 'vend' | 'api' | 'slack'
export type Route = { readonly path: string; readonly tail?: true; readonly methods: Readonly<Partial<Record<Method, Serving>>> }

export const decisions = ['approve', 'deny', 'cancel', 'revoke', 'review'] as const

export const routes = [
  { path: '/sessions', methods: { GET: 'api', POST: 'vend' } },
  { path: '/sessions/{id}', methods: { GET: 'api', DELETE: 'api' } },
  { path: '/sessions/{id}/credentials', methods: { GET: 'vend', POST: 'vend' } },
  { path: '/sessions/{id}/receipt', methods: { GET: 'api' } },
  { path: '/profiles', methods: { GET: 'api' } },
  { path: '/profiles/{id}', methods: { GET: 'api' } },
  { path: '/requests', methods: { GET: 'api', POST: 'api' } },
  { path: '/requests/{id}', methods: { GET: 'api' } },
  { path: '/requests/{id}/extend', methods: { POST: 'api' } },
  { path: '/requests/{id}/approve', methods: { POST: 'api' } },
  { path: '/requests/{id}/deny', methods: { POST: 'api' } },
  { path: '/requests/{id}/cancel', methods: { POST: 'api' } },
  { path: '/requests/{id}/revoke', methods: { POST: 'api' } },
  { path: '/requests/{id}/review', methods: { POST: 'api' } },
  { path: '/freezes', methods: { GET: 'api', POST: 'api' } },
  { path: '/freezes/{id}', methods: { DELETE: 'api' } },
  { path: '/audit/events', methods: { GET: 'api' } },
  { path: '/audit/events/{request}/{seq}', methods: { GET: 'api' } },
  { path: '/audit/events/{request}/{seq}/receipt', methods: { GET: 'api' } },
  { path: '/audit/log/{path}', tail: true, methods: { GET: 'api' } },
  { path: '/credentials/{profile}', methods: { GET: 'vend' } },
  { path: '/token', methods: { POST: 'vend' } },
  { path: '/slack/commands', methods: { POST: 'slack' } },
  { path: '/slack/interactions', methods: { POST: 'slack' } },
  { path: '/slack/link', methods: { GET: 'api', POST: 'api', DELETE: 'api' } },
  { path: '/slack/link/confirm', methods: { POST: 'api' } },
  { path: '/decide/{id}', methods: { GET: 'api', POST: 'api' } },
  { path: '/link', methods: { GET: 'api', POST: 'api' } },
  { path: '/sign-in/callback', methods: { GET: 'api' } },
  { path: '/.well-known/oauth-authorization-server', methods: { GET: 'api' } },
  { path: '/.well-known/oauth-protected-resource', methods: { GET: 'api' } },
  { path: '/healthz', methods: { GET: 'api' } },
  { path: '/readyz', methods: { GET: 'api' } },
  { path: '/openapi.json', methods: { GET: 'api' } },
  { path: '/docs', methods: { GET: 'api' } },
  { path: '/assets/{name}', methods: { GET: 'api' } },
] as const satisfies readonly Route[]

/** `METHOD /path` of every operation that a function serves. */
export type Operation<S extends Serving = Serving> = OperationsOf<(typeof routes)[number], S>
type OperationsOf<R, S> = R extends { readonly path: infer P extends string; readonly methods: infer M }
  ? { [K in keyof M & string]: M[K] extends S ? `${K} ${P}` : never }[keyof M & string]
  : never

const split = routes.map((route: Route) => ({ route, segments: route.path.split('/') }))

/** Finds the route of a path, and its parameter. A path with a trailing slash is a different path, which matches no route. */
export function findRoute(path: string): { readonly route: Route; readonly parameter?: string } | undefined {
  const given = path.split('/')
  for (const { route, segments } of split) {
    if (route.tail ? segments.length > given.length : segments.length !== given.length) continue
    let parameter: string | undefined
    const fits = segments.every((segment, index) => {
      if (!segment.startsWith('{')) return segment === given[index]
      parameter = given[index]
      return parameter !== ''
    })
    if (fits) return { route, ...defined({ parameter }) }
  }
  return undefined
}

/** Every method that the route answers. HEAD is GET without a body, except where GET issues a session: a HEAD must not use anything up. */
export function allowed(route: Route): readonly string[] {
  const methods: string[] = Object.keys(route.methods)
  if (route.methods.GET === 'api') methods.push('HEAD')
  return [...methods, 'OPTIONS']
}

/** Which function answers: `vend` for calls that can end in AssumeRole, `slack` for calls that Slack signs, `api` for all others. */
export function servedBy(method: string, path: string): Serving {
  const found = findRoute(path)
  if (!found) return 'api'
  const { methods } = found.route
  return methods[method as Method] ?? (Object.values(methods).includes('vend') && !Object.values(methods).includes('api') ? 'vend' : 'api')
}
