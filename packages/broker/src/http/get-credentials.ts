/** `GET /credentials/{profile}`: the container credential protocol of the AWS SDKs, which have no other way to pass parameters than the URL. */
import type { Json } from '@stint/core/json'
import { done, type Refused, refused } from '@stint/core/outcome'
import type { Problem } from '@stint/core/problem-body'
import type { AccessInput } from '@stint/core/scope/terms'
import type { Broker } from '../ports/broker.ts'
import type { Call } from '../ports/ledger.ts'
import { containerLimits } from '../vend/container-limits.ts'
import { bearerOf, identify } from '../vend/identify.ts'
import { bucketSlot } from '../vend/slot.ts'
import { vend } from '../vend/vend.ts'
import { containerBar } from './container.ts'
import { container } from './formats.ts'
import { type Answered, header, secretHeaders, type VendReply, type VendRequest } from './message.ts'
import { problemReply } from './problem-reply.ts'

export async function getCredentials(broker: Broker, call: Call, request: VendRequest, profile: string): Promise<Answered> {
  const identity = await identify(broker, containerToken(header(request, 'authorization')), call.now)
  if (identity.outcome === 'refused') return { reply: containerRefusal(identity, call), result: identity }
  const result = await vend(broker, call, identity.value, askOf(profile, request.query), {
    refusalOf: (found, caller, approval) => containerBar(found, approval, broker.rules.issuers[caller.issuer]),
    slot: bucketSlot(containerLimits(broker.rules)),
  })
  if (result.outcome === 'refused') return { reply: containerRefusal(result, call), result }
  if (result.outcome === 'waiting') throw new TypeError('this entry point does not serve profiles that need approval')
  const body = JSON.stringify(container(result.value))
  return { reply: { status: 200, headers: secretHeaders('application/json', call), body }, result }
}

/** A token without a scheme: what the kubelet writes to a file, and what EKS Pod Identity sends. RFC 7515 §7.1. */
const BARE_JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** SDKs send the content of the token file as it is, so a bare JWT is accepted too. */
export function containerToken(values: readonly string[]): ReturnType<typeof bearerOf> {
  const [value = ''] = values
  if (values.length === 1 && BARE_JWT.test(value)) return done({ token: value })
  const shown = bearerOf(values)
  return shown.outcome === 'refused' && shown.code === 'token-missing' ? noToken : shown
}

const noToken = refused(
  'token-missing',
  'No token was sent. The SDK takes it from AWS_CONTAINER_AUTHORIZATION_TOKEN or from the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names. Older SDKs ignore the file; the first that read it are AWS CLI 1.30.0 and 2.15.0, boto3 1.34.41, and the SDKs for JavaScript 3.458.0, Java 2.21.30 and 1.12.746, Go of 2023-11-14, Ruby 3.188.0, PHP 3.287.1, .NET 3.7.734, C++ 1.11.263 and Rust of 2024-03-13.',
)

/** SDKs put these two properties into their error. */
export function containerRefusal(refusal: Refused, call: Call): VendReply {
  const reply = problemReply(refusal, call.trace)
  const { code, title, detail, next } = JSON.parse(reply.body) as Problem
  const what = detail.startsWith(title) ? detail : `${title}: ${detail}`
  const body = JSON.stringify({ Code: code, Message: `${what} ${next} (trace ${call.trace})` })
  return { ...reply, headers: { ...reply.headers, 'content-type': 'application/json' }, body }
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
