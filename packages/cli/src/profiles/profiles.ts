/** `stint profiles`: what you can use, on what terms, and what is missing. */

import { brokerFor } from '../broker/broker.ts'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { factsText, tableText } from '../frame/words.ts'
import { jsonLine } from '../output.ts'
import { listProfiles, readProfile } from './read.ts'

export async function profiles(context: Context, flags: BrokerFlags, id: string | undefined): Promise<void> {
  const { stdout, stderr } = context.process
  const broker = await brokerFor(context, flags)
  if (id !== undefined) {
    const profile = await readProfile(broker, id)
    stdout.write(flags.json ? jsonLine(profile) : profileText(profile))
    return
  }
  const list = await listProfiles(context, broker)
  if (flags.json) return void stdout.write(jsonLine({ profiles: list }))
  if (list.length === 0) return void stderr.write('No profiles are visible to you. Ask the owners of stint.config.ts for access.\n')
  const order = { allowed: 0, 'needs-approval': 1, refused: 2 }
  const rows = list
    .toSorted((a, b) => order[a.access] - order[b.access] || (a.id < b.id ? -1 : 1))
    .map((one) => [one.id, accessWords(one), one.account, one.duration.max, one.description ?? ''])
  stdout.write(tableText(['profile', 'access', 'account', 'at most', 'description'], rows, stdout.columns))
}

const accessWords = ({ access, missing }: ProfileView): string =>
  ({ allowed: 'allowed', 'needs-approval': 'needs approval', refused: missing.map((one) => missingWords[one] ?? one).join(', ') })[access]

const missingWords: { readonly [hurdle: string]: string } = {
  'mfa-required': 'sign in with a second factor',
  'auth-too-old': 'sign in again',
  'source-ip': 'use an allowed network',
  'not-eligible': 'not eligible',
}
const nextFor: { readonly [hurdle: string]: string } = {
  'mfa-required': 'stint login --again, with a second factor',
  'auth-too-old': 'stint login --again',
  'source-ip': 'Connect to an allowed network.',
  'not-eligible': 'Ask the owners of stint.config.ts for access.',
}

function profileText(profile: ProfileView): string {
  const { approval } = profile
  const parameters = Object.entries(profile.parameters)
  const facts: (readonly [string, string])[] = [
    ['Profile', profile.id],
    ...(profile.description === undefined ? [] : [['Description', profile.description] as const]),
    ['Access', accessWords(profile)],
    ...(profile.access === 'refused' ? profile.missing.map((one) => ['To get it', nextFor[one] ?? one] as const) : []),
    ['Account', profile.account],
    ['Region', profile.region],
    ['Role', profile.roleArn],
    ['Duration', `${profile.duration.default} by default, at most ${profile.duration.max}`],
    ...(profile.endOnExit ? [['Ends', 'when the command, the shell or the CI job is done'] as const] : []),
    ['Justification', profile.justification],
    ...parameters.map(([name, { pattern, max }]) => [`Parameter`, `${name}: ${pattern} (at most ${max} characters)`] as const),
    ...(approval
      ? [
          [
            'Approval',
            `${approval.approvers} ${approval.approvers === 1 ? 'person' : 'people'}, within ${approval.expiresAfter}; then ${approval.maxUses} sessions within ${approval.window}`,
          ] as const,
        ]
      : []),
    ...(approval?.breakGlass ? [['Break-glass', 'another person reviews it afterwards'] as const] : []),
    ...(profile.policy ? [['Allows', allowsOf(profile.policy)] as const] : []),
    ...(profile.policyArns ? [['Policies', profile.policyArns.join(', ')] as const] : []),
  ]
  return `${factsText(facts)}${profile.access === 'refused' ? '' : `\nNext: ${commandFor(profile)}\n`}`
}

const allowsOf = (policy: readonly object[]): string =>
  policy
    .filter((statement) => (statement as { Effect?: string }).Effect === 'Allow')
    .flatMap((statement) => (statement as { Action?: string | string[] }).Action ?? [])
    .join(', ')

/** The command that enters a profile, with a placeholder for each parameter. */
export function commandFor(profile: ProfileView): string {
  const parameters = Object.keys(profile.parameters).map((name) => ` -p ${name}=…`)
  const why = profile.justification === 'required' ? " -j '…'" : ''
  return profile.access === 'needs-approval'
    ? `stint request ${profile.id}${parameters.join('')}${why} --wait`
    : `stint exec ${profile.id}${parameters.join('')}${why} -- COMMAND`
}
