/** `stint end --person ID --scp`: prints service control policies that deny a person everywhere. Stint does not write them. */
import { controlPolicies } from '@stint/core/scope/control-policies'
import type { Broker } from '../broker/broker.ts'
import { pages } from '../broker/pages.ts'
import type { SessionView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { jsonLine, shownLine } from '../output.ts'

type IdentityView = {
  readonly issuer: string
  readonly subject?: string
  readonly actor?: string
  readonly sourceIdentity?: string
}

export async function printControlPolicies(
  { process: { stdout, stderr } }: Context,
  broker: Broker,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
  person: string,
): Promise<void> {
  const { body } = await broker.call('GET', `/sessions?${new URLSearchParams({ person, limit: '1' })}`)
  const identities = (body.identities ?? []) as readonly IdentityView[]
  const sessions = await pages<SessionView>(broker, '/sessions', { person }, 'sessions')
  // What the config does not say, the sessions do.
  const known = [...identities, ...sessions].flatMap(({ sourceIdentity }) => sourceIdentity ?? [])
  const sourceIdentities = [...new Set(known)].sort()
  if (sourceIdentities.length === 0)
    throw new Failure(
      'failed',
      `Stint knows no source identity for ${person}: the config does not determine one, and no session has used one.`,
      {
        next: `Freeze the person and end the sessions: stint end --person ${person} -j 'why access must stop'`,
      },
    )
  const policies = controlPolicies(sourceIdentities).map((text) => JSON.parse(text) as object)
  const notReached = limitsOf(identities, sessions)
  if (json) return void stdout.write(jsonLine({ person, sourceIdentities, policies, notReached }))
  stdout.write(jsonLine(policies.length === 1 ? policies[0] : policies))
  if (quiet) return
  const several = policies.length === 1 ? '' : ` in a list of ${policies.length} policies, because each has room for 5,120 characters`
  const lines = [
    `Denies every action to sessions with these source identities${several}: ${sourceIdentities.join(', ')}.`,
    'It also denies roles that these sessions assume further, because a source identity persists through role chaining.',
    'Nothing was frozen, ended or written. Attach it to the root of your organization. Detach it when the person can have access again.',
    'It does not reach:',
    ...notReached.map((one) => `- ${one}`),
  ]
  stderr.write(lines.map((line) => `${shownLine(line, 4000)}\n`).join(''))
}

/** AWS Organizations User Guide, "Service control policies", "Tasks and entities not restricted by SCPs"; AWS STS API Reference, GetCallerIdentity. */
const ALWAYS = [
  'the management account of the organization, accounts outside it, and service-linked roles',
  'sessions without a source identity, such as those that were not started with Stint',
  'access keys, tokens and roles that the sessions created, and what runs under them',
  'requests without credentials, where a resource allows everyone',
  'sts:GetCallerIdentity, with which a session proves its identity to EKS, Vault and others: no policy can deny it',
  'connections that are open, until the service or you close them',
]

function limitsOf(identities: readonly IdentityView[], sessions: readonly SessionView[]): readonly string[] {
  const bare = sessions.filter(({ state, sourceIdentity }) => state === 'issued' && sourceIdentity === undefined)
  const jobs = identities.filter(({ actor, sourceIdentity }) => actor !== undefined && sourceIdentity === undefined)
  const open = identities.filter(({ subject, sourceIdentity }) => subject !== undefined && sourceIdentity === undefined)
  return [
    ...ALWAYS,
    ...(bare.length > 0 ? [`these live sessions, whose profile sets no source identity: ${bare.map(({ id }) => id).join(', ')}`] : []),
    ...jobs.map(({ issuer, actor }) => `jobs that ${actor} triggers at ${issuer}: their source identity names the job`),
    ...open.map(
      ({ issuer, subject }) =>
        `sessions of ${subject} at ${issuer} that Stint has not seen: the source identity comes from another claim, which Stint learns only from a session`,
    ),
  ]
}
