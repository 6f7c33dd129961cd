/** `stint why`: explains a denial of AWS, and finds a profile that allows the call. */
import { shellWord } from '@stint/core/shell'
import { type Broker, brokerFor } from '../broker/broker.ts'
import type { ProfileView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import type { Env } from '../frame/http.ts'
import { failureText } from '../frame/run.ts'
import { factsText, tableText } from '../frame/words.ts'
import { jsonLine } from '../output.ts'
import { listProfiles, readProfile } from '../profiles/read.ts'
import { classifyAll, type Denial, MAX_MESSAGE_CHARACTERS } from './classify.ts'
import { type Call, type Candidate, candidates, eligible, isMinting } from './profiles.ts'
import { keptRolePolicies, roleVerdict } from './role-policies.ts'
import { DECODE, effectWords, KNOWN, layerWords, MINTING, NAME_THE_CALL, SESSION_DENY } from './words.ts'

type WhyFlags = BrokerFlags & { readonly action?: string; readonly resource?: string }

export async function whyCommand(context: Context, flags: WhyFlags, ...words: string[]): Promise<Exit> {
  const { stdout, stderr } = context.process
  checkFlags(flags)
  const { denials: found, unread } = classifyAll(await messageOf(context, words))
  if (found.length === 0)
    throw new Failure('failed', 'Stint does not recognize this message as a denial.', {
      next: "Pass AWS's whole message, in quotes: stint why 'An error occurred (AccessDenied) when calling …'",
    })
  const all: Explained[] = []
  for (const one of found) {
    // The flags complete a message that does not name the call. With several, they cannot be meant for one that does.
    const denial = found.length > 1 && one.action !== undefined ? one : withFlags(one, flags)
    all.push({ denial, looked: await lookedUp(context, flags, denial) })
  }
  const failure = all.map(({ looked }) => (looked && 'failure' in looked ? looked.failure : undefined)).find((one) => one !== undefined)
  if (flags.json) {
    const [first, ...others] = all.map(({ denial, looked }) => jsonOf(denial, looked))
    stdout.write(jsonLine({ ...first, ...(others.length > 0 ? { others } : {}), ...(unread > 0 ? { unread } : {}) }))
  } else {
    stdout.write(
      all.map((one, at) => `${all.length > 1 ? `${at > 0 ? '\n' : ''}Denial ${at + 1} of ${all.length}\n` : ''}${shown(one)}`).join(''),
    )
    if (unread > 0)
      stdout.write(
        `\n${unread} more ${unread === 1 ? 'denial was' : 'denials were'} not read. Pass ${unread === 1 ? 'it' : 'them'} separately.\n`,
      )
    if (failure) stderr.write(failureText(failure, false))
  }
  return failure?.exit ?? 'ok'
}

type Explained = { readonly denial: Denial; readonly looked: Awaited<ReturnType<typeof lookedUp>> }

const shown = ({ denial, looked }: Explained): string =>
  `${explanation(denial)}${looked && !('failure' in looked) ? profilesText(denial, looked) : ''}`

/** The words, or stdin. Reading stops at the limit, so an endless stream ends too. */
async function messageOf({ process: { stdin } }: Context, words: readonly string[]): Promise<string> {
  if (words.length > 0) return words.join(' ')
  if (stdin.isTTY) throw new Failure('usage', 'Missing message.', { next: "Run stint why 'MESSAGE', or: COMMAND 2>&1 | stint why" })
  let text = ''
  for await (const part of stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += part
    if (text.length > STDIN_CHARACTERS) break
  }
  // The denial is at the end of what a command printed.
  return text.slice(0, STDIN_CHARACTERS).slice(-MAX_MESSAGE_CHARACTERS)
}

const STDIN_CHARACTERS = 1024 * 1024

const ACTION = /^[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}$/
const ARN = /^(arn:[^\s]{1,2000}|\*)$/

function checkFlags({ action, resource }: WhyFlags): void {
  if (action !== undefined && !ACTION.test(action))
    throw new Failure('usage', `Invalid --action: '${action}'. It must be SERVICE:ACTION.`, {
      next: "For example: stint why 'MESSAGE' --action s3:GetObject",
    })
  if (resource !== undefined && !ARN.test(resource))
    throw new Failure('usage', `Invalid --resource: '${resource}'. It must be an ARN.`, {
      next: "For example: stint why 'MESSAGE' --resource 'arn:aws:s3:::BUCKET/*'",
    })
}

const withFlags = (denial: Denial, { action, resource }: WhyFlags): Denial => ({
  ...denial,
  ...(action === undefined ? {} : { action }),
  ...(resource === undefined ? {} : { resource }),
})

// ── The explanation ──────────────────────────────────────────────────────────────────────────────────────────────────

function explanation(denial: Denial): string {
  const { layer, action, resource, principal, policyArn, session, encoded } = denial
  const words = layerWords[layer]
  const facts: (readonly [string, string])[] = [
    ['Denied by', `${words.name}${effectWords(denial)}`],
    ...(action === undefined ? [] : [['Call', resource === undefined ? action : `${action} on ${resource}`] as const]),
    ...(principal === undefined ? [] : [['As', principal] as const]),
    ...(policyArn === undefined ? [] : [['Policy', policyArn] as const]),
  ]
  const notes = [
    words.means,
    ...(layer === 'session' && denial.effect === 'explicit' ? [SESSION_DENY] : []),
    ...(mints(denial) ? [MINTING] : []),
  ]
  const next = [
    words.next,
    ...(action === undefined && words.profiles ? [NAME_THE_CALL] : []),
    ...(session === undefined ? [] : [`Show the session: stint show ${session.split('.')[0]}`]),
    ...(encoded ? [`The encoded part says more. Decode it with a role that allows sts:DecodeAuthorizationMessage: ${DECODE}`] : []),
  ]
  return `${factsText(facts)}\n${notes.map((note) => `${note}\n`).join('')}\n${next.map((line) => `Next: ${line}\n`).join('')}`
}

const mints = ({ layer, effect, action }: Denial): boolean =>
  action !== undefined && (layer === 'session' ? effect === 'explicit' : layer === 'unnamed') && isMinting(action)

// ── Profiles ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Each profile is one call to the broker. */
const MAX_PROFILES = 100
const PARALLEL = 8

type Looked = { readonly found: readonly Candidate[]; readonly checked: number; readonly skipped: number }

/** Undefined: another profile makes no difference, or the message does not name the action. */
async function lookedUp(context: Context, flags: WhyFlags, denial: Denial): Promise<Looked | { readonly failure: Failure } | undefined> {
  const call = callOf(denial)
  if (!call || !layerWords[denial.layer].profiles) return undefined
  try {
    const broker = await brokerFor(context, flags)
    const worth = eligible(await listProfiles(context, broker), call)
    const views = await readAll(broker, worth.slice(0, MAX_PROFILES))
    const found = await withRoles(context.process.env, candidates(views, call), call)
    return { found, checked: views.length, skipped: worth.length - views.length }
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'usage') throw error
    return { failure: error }
  }
}

/** With what the roles allow, where that is known. A profile whose role does not allow the call comes last. */
async function withRoles(env: Env, found: readonly Candidate[], call: Call): Promise<readonly Candidate[]> {
  const judged = await Promise.all(
    found.map(async (one): Promise<Candidate> => {
      const kept = await keptRolePolicies(env, one.profile.roleArn, Date.now())
      const verdict = kept && roleVerdict(kept, call)
      return kept && verdict ? { ...one, role: { verdict, readAt: kept.readAt } } : one
    }),
  )
  return judged.toSorted((a, b) => Number(a.role?.verdict === 'denies') - Number(b.role?.verdict === 'denies'))
}

/** If the role itself denied, its other profiles do not help. */
function callOf({ action, resource, account, role, layer }: Denial): Call | undefined {
  if (action === undefined) return undefined
  const deniedRole = (layer === 'identity' || layer === 'boundary') && role !== undefined ? { deniedRole: role } : {}
  return { action, ...(resource === undefined ? {} : { resource }), ...(account === undefined ? {} : { account }), ...deniedRole }
}

async function readAll(broker: Broker, profiles: readonly ProfileView[]): Promise<readonly ProfileView[]> {
  const views: ProfileView[] = []
  for (let at = 0; at < profiles.length; at += PARALLEL)
    views.push(...(await Promise.all(profiles.slice(at, at + PARALLEL).map(({ id }) => readProfile(broker, id)))))
  return views
}

const certaintyWords = {
  allows: 'yes',
  conditional: 'on conditions',
  managed: 'managed policies, not read',
  role: 'all that its role allows',
} as const

function profilesText({ action }: Denial, { found, checked, skipped }: Looked): string {
  const more = skipped > 0 ? `Only the first ${checked} of your ${checked + skipped} profiles in this account were checked.\n` : ''
  if (checked === 0) return '\nYou have no profile for this account and role.\n'
  if (found.length === 0)
    return `\n${checked === 1 ? 'Your profile' : `None of your ${checked} profiles`} for this account and role ${checked === 1 ? 'does not allow' : 'allows'} ${action}.\n${more}`
  const rows = found.map(({ profile, certainty, role }) => [
    profile.id,
    role?.verdict === 'denies' ? 'no: denied by the role' : certaintyWords[certainty],
    profile.access === 'allowed' ? 'allowed' : 'needs approval',
    profile.account,
    profile.description ?? '',
  ])
  const [best] = found as readonly [Candidate, ...Candidate[]]
  return `\nYour profiles that may allow it, narrowest first:\n${tableText(['profile', 'allows it', 'access', 'account', 'description'], rows)}${more}\n${limitOf(best)}\nNext: ${commandOf(best)}\n`
}

/** The limit of what Stint knows of the narrowest profile. */
function limitOf({ certainty, role }: Candidate): string {
  const day = role?.readAt.slice(0, 10)
  if (role?.verdict === 'denies') return `The role’s policies, as read by stint doctor on ${day}, do not allow it.`
  if (role && certainty !== 'managed') {
    const own = {
      allows: 'This profile’s session policy allows it',
      conditional: 'This profile’s session policy allows it under conditions, or for some resources',
      role: 'This profile adds no limit',
    }[certainty]
    return `${own}, and the role’s policies, as read by stint doctor on ${day}, allow it. A policy of the resource or of the organization can still deny it.`
  }
  if (certainty === 'allows') return KNOWN
  if (certainty === 'conditional')
    return 'This profile’s session policy allows it under conditions, or for some resources; the role’s own policies are not known to Stint.'
  return 'This profile’s session policy does not decide it; the role’s own policies are not known to Stint.'
}

/** The command that enters the profile, with the parameters that the call determines. */
export function commandOf({ profile, parameters }: Candidate): string {
  // The value comes from AWS's message.
  const flags = Object.entries(parameters).map(([name, value]) => ` -p ${value === null ? `${name}=…` : shellWord(`${name}=${value}`)}`)
  const justification = profile.justification === 'required' ? " -j '…'" : ''
  return profile.access === 'needs-approval'
    ? `stint request ${profile.id}${flags.join('')}${justification} --wait`
    : `stint exec ${profile.id}${flags.join('')}${justification} -- COMMAND`
}

function jsonOf(denial: Denial, looked: Awaited<ReturnType<typeof lookedUp>>): object {
  const { name, means, next } = layerWords[denial.layer]
  const profiles =
    looked && !('failure' in looked)
      ? looked.found.map((one) => ({
          profile: one.profile.id,
          certainty: one.certainty,
          access: one.profile.access,
          parameters: one.parameters,
          ...(one.role ? { role: one.role.verdict } : {}),
          command: commandOf(one),
        }))
      : undefined
  const failure = looked && 'failure' in looked ? { error: { message: looked.failure.message, ...looked.failure.facts } } : {}
  return {
    ...denial,
    deniedBy: name,
    means,
    next,
    ...(mints(denial) ? { minting: true } : {}),
    ...(denial.encoded ? { decode: DECODE } : {}),
    ...(profiles ? { profiles } : {}),
    ...failure,
  }
}
