/**
 * HTTP in front of the vend path, over plain values: finds the endpoint, answers it and writes the log line. Each endpoint has a file:
 * post-session.ts, get-credentials.ts, session-credentials.ts, token.ts and, for Stint's pages, open-console.ts. post-session.ts answers the most frequent call; the others, and
 * the texts of problems, are loaded on first use.
 */
import { hex128 } from '@stint/core/ids'
import { type Refused, refused } from '@stint/core/outcome'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { type Answered, type VendReply, type VendRequest, withNosniff } from './message.ts'
import { postSession } from './post-session.ts'
import { allowed, routeFinder } from './route-finder.ts'
import { vendRoutes } from './vend-routes.ts'

const findRoute = routeFinder(vendRoutes)

export const handleVend = async (broker: Broker, request: VendRequest): Promise<VendReply> =>
  inFormatOf(request, await handle(broker, request))

/** Refuses a call that the vend path did not start, in the same formats and with the same log line. */
export async function refuseVend(broker: Broker, request: VendRequest, refusal: Refused): Promise<VendReply> {
  const call = callOf(broker, request)
  const reply = await refusalReply(refusal, call, request)
  broker.log(logLine(call, request, reply, refusal))
  return inFormatOf(request, reply)
}

async function inFormatOf(request: VendRequest, reply: VendReply): Promise<VendReply> {
  // The errors of /token have the form that OAuth clients know, whatever else the form says.
  if (request.path === '/token' || reply.status === 200 || reply.status === 201) return withNosniff(reply)
  const { inRefusalFormat, refusalFormat } = await import('./refusal-formats.ts')
  return withNosniff(inRefusalFormat(reply, () => refusalFormat(request)))
}

const callOf = ({ random, clock }: Broker, { sourceIp }: VendRequest): Call => ({ trace: hex128(random), source: sourceIp, now: clock() })

async function handle(broker: Broker, request: VendRequest): Promise<VendReply> {
  const call = callOf(broker, request)
  try {
    const { reply, result } = await answer(broker, call, request)
    broker.log(logLine(call, request, reply, result))
    return reply
  } catch (error) {
    // A bug. Nothing is returned. The log gets the error's name and stack, never any values.
    broker.log({
      level: 'error',
      trace: call.trace,
      path: routeOf(request),
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    return refusalReply(refused('internal', 'Stint failed. No credentials were returned.'), call, request)
  }
}

/** Each endpoint has a form of its own for refusals. */
async function refusalReply(refusal: Refused, call: Call, { method, path }: VendRequest): Promise<VendReply> {
  if (path === '/token') return (await import('./token.ts')).tokenRefusal(refusal, call)
  if (path.startsWith('/credentials/') || (method === 'GET' && path.startsWith('/sessions/')))
    return (await import('./get-credentials.ts')).containerRefusal(refusal, call)
  return problemReply(refusal, call)
}

async function answer(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const found = findRoute(request.path)
  if (!found) return { reply: await problemReply(refused('route-unknown', 'Unknown route.'), call) }
  const allow = allowed(found.route).join(', ')
  if (request.method === 'OPTIONS') return { reply: { status: 204, headers: { allow, 'stint-trace': call.trace }, body: '' } }
  if (found.route.path === '/sessions' && request.method === 'POST') return postSession(broker, call, request)
  if (found.route.path === '/credentials/{profile}' && request.method === 'GET')
    return (await import('./get-credentials.ts')).getCredentials(broker, call, request, found.parameter ?? '')
  if (found.route.path === '/sessions/{id}/credentials' && Object.hasOwn(found.route.methods, request.method))
    return (await import('./session-credentials.ts')).sessionCredentials(broker, call, request, found.parameter ?? '')
  if (found.route.path === '/console' && request.method === 'POST')
    return (await import('./open-console.ts')).openConsole(broker, call, request)
  if (found.route.path === '/token' && request.method === 'POST') return (await import('./token.ts')).postToken(broker, call, request)
  const refusal = await problemReply(refused('method-not-allowed', `This route accepts ${allow}.`), call)
  return { reply: { ...refusal, headers: { ...refusal.headers, allow } } }
}

const problemReply = async (refusal: Refused, { trace }: Call): Promise<VendReply> =>
  (await import('./problem-reply.ts')).problemReply(refusal, trace)

/** Log the route and never the path: the path is the caller's input. */
const routeOf = (request: VendRequest): string => findRoute(request.path)?.route.path ?? 'unknown'

/** One line per call. It names the caller and the session, and never holds a token or a credential. */
function logLine(call: Call, request: VendRequest, reply: VendReply, result: Answered['result']) {
  const caller = result?.outcome === 'done' ? result.value.caller : result?.caller
  return {
    level: reply.status >= 500 ? 'error' : 'info',
    trace: call.trace,
    method: request.method,
    route: routeOf(request),
    status: reply.status,
    source: call.source,
    ...(caller ? { issuer: caller.issuer, subject: caller.subject } : {}),
    ...(result?.profile ? { profile: result.profile.slice(0, 48) } : {}),
    ...(result?.outcome === 'done'
      ? { session: result.value.session, packedPolicySize: result.value.assumed.packedPolicySize, sends: result.value.assumed.sends }
      : {}),
    ...(result?.outcome === 'waiting' ? { request: result.request.id } : {}),
    ...(result?.outcome === 'refused'
      ? { code: result.code, reason: result.operator ?? result.detail, ...(result.code === 'assume-role-denied' ? result.evidence : {}) }
      : {}),
  }
}
