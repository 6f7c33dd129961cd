/** `npm start -- --config FILE`: lines to paste for a config that is not ours. */
import { boundedFetch } from '@stint/broker/adapters/bounded-fetch'
import { brief } from '@stint/core/audit/event'
import { shellWord } from '@stint/core/shell'
import { exampleOf, type ProfileExample } from './aws/seed.ts'
import { people } from './issuer/people.ts'
import { identities, issuerOf, signIn } from './issuer/token-client.ts'
import { program, START } from './place.ts'
import type { Sandbox } from './sandbox.ts'

const BOUNDS = { timeoutMs: 30_000, maxBytes: 4 * 1024 * 1024 } as const

type Found = {
  readonly identity: string
  readonly profile: string
  readonly justified: boolean
  readonly access: 'allowed' | 'needs-approval'
  readonly example: ProfileExample
}

/** The first profile that one of the sandbox's identities can enter, best without an approval. Fails if the sandbox does not answer. */
async function findExample(sandbox: Sandbox): Promise<Found | undefined> {
  const trusted = new Set(Object.values(sandbox.rules.issuers).map(({ url }) => url))
  const known = identities.filter((identity) => trusted.has(`${sandbox.urls.issuer}/${issuerOf(identity)}`))
  const asked = await Promise.all(known.map(async (identity) => ({ identity, profiles: await profilesOf(sandbox, identity) })))
  let waiting: Found | undefined
  for (const { identity, profiles } of asked) {
    for (const { id, access, justification } of profiles) {
      const profile = sandbox.rules.profiles.find(id)
      const example = profile && exampleOf(profile)
      if (!example || access === 'refused') continue
      const found = { identity, profile: id, justified: justification === 'required', access, example }
      if (access === 'allowed') return found
      waiting ??= found
    }
  }
  return waiting
}

type View = { readonly id: string; readonly access: 'allowed' | 'needs-approval' | 'refused'; readonly justification: string }

async function profilesOf({ urls, secret }: Sandbox, identity: string): Promise<readonly View[]> {
  const token = await signIn(identity, { url: urls.issuer, secret })
  const answer = await boundedFetch(`${urls.broker}/profiles`, { ...BOUNDS, headers: { authorization: `Bearer ${token}` } })
  // The config has the issuer and does not accept this token.
  if (answer.status === 401 || answer.status === 403) return []
  if (!answer.ok) throw new Error(`GET /profiles returned ${answer.status} for ${identity}`)
  return (JSON.parse(answer.text()) as { profiles: readonly View[] }).profiles
}

export async function exampleLines(sandbox: Sandbox, option: string): Promise<string> {
  const found = await findExample(sandbox).catch((error: Error) => error)
  if (found instanceof Error)
    return `The sandbox could not list the profiles of its identities, so there is no example to print: ${brief(found.message, 200)}.
Run ${START} -- --log to see what the broker logs.
`
  if (!found)
    return `No profile in this config matches an identity of the sandbox, so there is no example to print. For the identities and their
claims, see packages/sandbox/src/issuer. Your config's issuers must use the bindings of README.md, "The rules".
`
  const { identity, profile, justified, access, example } = found
  const { urls, rules } = sandbox
  const parameters = Object.entries(example.parameters)
  const passed = parameters.map(([name, value]) => ` -p ${name}=${shellWord(value)}`).join('')
  const body = JSON.stringify({
    profile,
    ...(parameters.length > 0 ? { parameters: example.parameters } : {}),
    ...(justified || access === 'needs-approval' ? { justification: 'trying it' } : {}),
  })
  const why = justified ? " -j 'trying it'" : ''
  const signsIn = Object.hasOwn(people, identity) && Object.values(rules.signIn ?? {}).some(({ cli }) => cli !== undefined)
  const shell = signsIn
    ? `  1. Sign in as ${identity}. With a browser, leave out BROWSER
  BROWSER='${program('browser', identity, option)}' npx stint login ${urls.broker}

  2. See what you can use
  npx stint profiles

  3. ${access === 'allowed' ? 'Enter with the AWS CLI' : 'Request access: this profile needs approval'}
  ${access === 'allowed' ? `npx stint exec ${profile}${passed}${why} -- ${awsLine(urls.aws, example)}` : `npx stint request ${profile}${passed} -j 'trying it'`}

`
    : ''
  return `${shell}  ${shell === '' ? `As ${identity}` : '4. The same'}, over HTTP, with a token of your own
  TOKEN=$(${program('token', identity, option)})
  curl -s ${urls.broker}/sessions -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d ${shellWord(body)}
`
}

function awsLine(endpoint: string, { lists, reads }: ProfileExample): string {
  const aws = `aws --endpoint-url ${endpoint}`
  if (reads) return `${aws} s3 cp ${shellWord(`s3://${reads.bucket}/${reads.key}`)} -`
  return lists === undefined ? `${aws} sts get-caller-identity` : `${aws} s3 ls s3://${lists}`
}
