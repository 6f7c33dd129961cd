/** `GET /credentials/{profile}`: the container credential protocol of the AWS SDKs, which have no other way to pass parameters than the URL. */
import type { Json } from '@stint/core/json'
import type { Refused } from '@stint/core/outcome'
import { problems } from '@stint/core/problem'
import type { AccessInput } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { bearerOf, identify } from '../vend/identify.ts'
import { bucketSlot } from '../vend/slot.ts'
import { vend } from '../vend/vend.ts'
import { containerBar } from './container.ts'
import { container } from './formats.ts'
import { type Answered, header, secretHeaders, type VendReply, type VendRequest } from './message.ts'
import { problemReply } from './problem-reply.ts'

export async function getCredentials(broker: Broker, call: Call, request: VendRequest, profile: string): Promise<Answered> {
  const identity = await identify(broker, bearerOf(header(request, 'authorization')), call.now)
  if (identity.outcome === 'refused') return { reply: containerRefusal(identity, call), result: identity }
  const result = await vend(broker, call, identity.value, askOf(profile, request.query), {
    refusalOf: (found, caller, approval) => containerBar(found, approval, broker.rules.issuers[caller.issuer]),
    slot: bucketSlot,
  })
  if (result.outcome === 'refused') return { reply: containerRefusal(result, call), result }
  if (result.outcome === 'waiting') throw new TypeError('this entry point does not serve profiles that need approval')
  const body = JSON.stringify(container(result.value))
  return { reply: { status: 200, headers: secretHeaders('application/json', call), body }, result }
}

/** SDKs put these two properties into their error. */
export function containerRefusal(refusal: Refused, call: Call): VendReply {
  const { code, detail } = refusal
  const { status, headers } = problemReply(refusal, call.trace)
  const body = JSON.stringify({ Code: code, Message: `${problems[code].title}: ${detail} (trace ${call.trace})` })
  return { status, headers: { ...headers, 'content-type': 'application/json' }, body }
}

/** Reads `p.<name>=<value>`. Any other or repeated query parameter is reported as an unknown parameter of the profile. */
function askOf(profile: string, query: string): AccessInput {
  const members = new URLSearchParams(query)
  const parameters = [...new Set(members.keys())].map((name): [string, Json] => {
    const values = members.getAll(name)
    return [name.startsWith('p.') ? name.slice(2) : `?${name}`, values.length === 1 ? (values[0] as string) : values]
  })
  return { profile, parameters: Object.fromEntries(parameters) }
}
