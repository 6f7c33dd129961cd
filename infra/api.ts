/** The only public resource: an HTTP API that routes requests to the functions (packages/broker/src/http/routes.ts). */
import type { Functions } from './functions.ts'
import type { Settings } from './settings.ts'

export type Gateway = ReturnType<typeof api>

/** The routes of `vend`, for all methods: it answers 405 itself. All other routes belong to `api`. */
const ROUTES = {
  vend: ['POST /sessions', 'ANY /sessions/{id}/credentials', 'ANY /credentials/{profile}', 'ANY /token', 'ANY /console'],
  slack: ['ANY /slack/commands', 'ANY /slack/interactions'],
} as const

export function api({ domain, requestsPerSecond }: Settings) {
  const gateway = new sst.aws.ApiGatewayV2('Gateway', {
    // Pages of other sites must not call it.
    cors: false,
    accessLog: { retention: '3 months' },
    ...(domain === undefined ? {} : { domain }),
    transform: {
      stage(args) {
        args.defaultRouteSettings = { throttlingRateLimit: requestsPerSecond, throttlingBurstLimit: requestsPerSecond }
        return undefined
      },
    },
  })
  return {
    gateway,
    url: domain === undefined ? gateway.nodes.api.apiEndpoint : $output(`https://${domain}`),
    route(fn: Functions): void {
      for (const route of ROUTES.vend) gateway.route(route, fn.vend.arn)
      for (const route of fn.slack ? ROUTES.slack : []) gateway.route(route, fn.slack?.arn ?? '')
      gateway.route('$default', fn.api.arn)
    },
  }
}
