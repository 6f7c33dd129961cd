/**
 * HTTP in front of the vend path, over plain values: finds the endpoint, answers it and writes the log line. Each endpoint has a file:
 * post-session.ts, get-credentials.ts and token.ts.
 */
import { hex128 } from '@stint/core/ids'
import { refused } from '@stint/core/outcome'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { containerRefusal, getCredentials } from './get-credentials.ts'
import { type Answered, problemReply, type VendReply, type VendRequest, withNosniff } from './message.ts'
import { postSession } from './post-session.ts'
import { inRefusalFormat, refusalFormat } from './refusal-formats.ts'
import { allowed, findRoute } from './routes.ts'
import { postToken, tokenRefusal } from './token.ts'

export const handleVend = async (broker: Broker, request: VendRequest): Promise<VendReply> => {
  const reply = await handle(broker, request)
  // The errors of /token have the form that OAuth clients know, whatever else the form says.
  return withNosniff(request.path === '/token' ? reply : inRefusalFormat(reply, () => refusalFormat(request)))
}

async function handle(broker: Broker, request: VendRequest): Promise<VendReply> {
  const call: Call = { trace: hex128(broker.random), source: request.sourceIp, now: broker.clock() }
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
    const failure = refused('internal', 'Stint failed. No credentials were returned.')
    if (request.path === '/token') return tokenRefusal(failure, call)
    return request.path.startsWith('/credentials/') ? containerRefusal(failure, call) : problemReply(failure, call.trace)
  }
}

async function answer(broker: Broker, call: Call, request: VendRequest): Promise<Answered> {
  const found = findRoute(request.path)
  if (!found) return { reply: problemReply(refused('route-unknown', 'Unknown route.'), call.trace) }
  const allow = allowed(found.route).join(', ')
  if (request.method === 'OPTIONS') return { reply: { status: 204, headers: { allow, 'stint-trace': call.trace }, body: '' } }
  if (found.route.path === '/sessions' && request.method === 'POST') return postSession(broker, call, request)
  if (found.route.path === '/credentials/{profile}' && request.method === 'GET')
    return getCredentials(broker, call, request, found.parameter ?? '')
  if (found.route.path === '/token' && request.method === 'POST') return postToken(broker, call, request)
  const refusal = problemReply(refused('method-not-allowed', `This route accepts ${allow}.`), call.trace)
  return { reply: { ...refusal, headers: { ...refusal.headers, allow } } }
}

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
