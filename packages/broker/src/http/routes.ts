/**
 * The route table: which function serves each route, and its methods. It defines 404, 405 with `Allow`, OPTIONS, the split between the
 * functions, and the paths of the OpenAPI document.
 */
import { type Method, type Route, routeFinder, type Serving } from './route-finder.ts'
import { vendRoutes } from './vend-routes.ts'

export { allowed, type Method, type Route } from './route-finder.ts'

export const decisions = ['approve', 'deny', 'cancel', 'revoke', 'review'] as const

export const routes = [
  ...vendRoutes,
  { path: '/sessions/{id}', methods: { GET: 'api', DELETE: 'api' } },
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
  { path: '/slack/commands', methods: { POST: 'slack' } },
  { path: '/slack/interactions', methods: { POST: 'slack' } },
  { path: '/slack/link', methods: { GET: 'api', POST: 'api', DELETE: 'api' } },
  { path: '/slack/link/confirm', methods: { POST: 'api' } },
  { path: '/', methods: { GET: 'api' } },
  { path: '/access/{id}', methods: { GET: 'api', POST: 'api' } },
  { path: '/end', methods: { POST: 'api' } },
  { path: '/decide', methods: { GET: 'api' } },
  { path: '/decide/{id}', methods: { GET: 'api', POST: 'api' } },
  { path: '/activity', methods: { GET: 'api' } },
  { path: '/activity/{request}/{seq}', methods: { GET: 'api' } },
  { path: '/link', methods: { GET: 'api', POST: 'api' } },
  { path: '/sign-in', methods: { GET: 'api' } },
  { path: '/sign-in/callback', methods: { GET: 'api' } },
  { path: '/sign-in/callback/{issuer}', methods: { GET: 'api' } },
  { path: '/sign-out', methods: { POST: 'api' } },
  { path: '/signed-out', methods: { GET: 'api' } },
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

export const findRoute = routeFinder(routes)

/** Which function answers: `vend` for calls that can end in AssumeRole, `slack` for calls that Slack signs, `api` for all others. */
export function servedBy(method: string, path: string): Serving {
  const found = findRoute(path)
  if (!found) return 'api'
  const { methods } = found.route
  return methods[method as Method] ?? (Object.values(methods).includes('vend') && !Object.values(methods).includes('api') ? 'vend' : 'api')
}
