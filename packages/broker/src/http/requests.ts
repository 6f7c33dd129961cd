/**
 * Requests over HTTP. The rules are in the request state machine (`core/request/machine.ts`). The files of the routes decide who sees what,
 * and in which form.
 */
import { decisions } from '../approvals/decide.ts'
import { requestEnds } from '../ends/request-end.ts'
import { askRequestRoute } from './ask-request.ts'
import type { Api, ApiBroker, Tools } from './context.ts'
import { decideRequestRoutes } from './decide-request.ts'
import { getRequestRoute } from './get-request.ts'
import { listRequestsRoute } from './list-requests.ts'
import { requestTools } from './request-view.ts'

export function requestRoutes(app: Api, broker: ApiBroker, tools: Tools): void {
  const shared = requestTools(broker, decisions({ ...broker, beforeRevoke: (request, now) => requestEnds(broker, request, now) }))
  askRequestRoute(app, broker, tools, shared)
  listRequestsRoute(app, broker, tools, shared)
  getRequestRoute(app, broker, tools, shared)
  decideRequestRoutes(app, tools, shared)
}
