/**
 * The action: the job's token → one session at the broker → masked credentials in the environment of later steps.
 * With `refresh`, no credentials are written. SDKs fetch them from the broker, with a token file that `refresh.ts` keeps fresh in the
 * background.
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NoToken } from './id-token.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { InputError, type Runner, runnerOf } from './runner.ts'
import {
  awaitDecision,
  credentialsPath,
  openSession,
  type Problem,
  type Profile,
  Refusal,
  readProfile,
  reasonOf,
  type Session,
  type World,
} from './stint.ts'
import { writeToken } from './token-file.ts'
import { worldOf } from './world.ts'

const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const
const REGIONS = ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const

async function run(runner: Runner): Promise<void> {
  const inputs = readInputs(runner)
  if (inputs.timeout !== undefined && inputs.timeout > 0) {
    setTimeout(() => {
      runner.error('Stint', `Action timed out after ${inputs.timeout} seconds`)
      process.exit(1)
    }, inputs.timeout * 1000).unref()
  }
  const world = worldOf(runner, inputs.audience)
  if (inputs.unsetCurrent && inputs.exportCredentials) for (const name of [...CREDENTIALS, ...REGIONS]) runner.exportVariable(name, '')
  await (inputs.refresh ? keepFresh(runner, inputs, world) : takeSession(runner, inputs, world))
}

// ── One session ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function takeSession(runner: Runner, inputs: Inputs, world: World): Promise<void> {
  const session = await sessionAgreedTo(runner, inputs, world)
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = session.credentials
  for (const secret of [accessKeyId, secretAccessKey, sessionToken]) runner.mask(secret)
  // The post step also runs if this step fails from here on.
  if (session.endOnExit)
    for (const [name, value] of Object.entries({ session: session.id, url: inputs.url, audience: inputs.audience }))
      runner.saveState(name, value)
  // AWS states the session's account. Check it before any credential is exported.
  checkAccount(runner, inputs, session.assumedRoleArn.split(':')[4] ?? '', session.assumedRoleArn)

  if (inputs.exportCredentials) {
    runner.exportVariable('AWS_ACCESS_KEY_ID', accessKeyId)
    runner.exportVariable('AWS_SECRET_ACCESS_KEY', secretAccessKey)
    runner.exportVariable('AWS_SESSION_TOKEN', sessionToken)
    for (const name of REGIONS) runner.exportVariable(name, inputs.region ?? session.region)
    runner.saveState('exported', 'true')
  }
  if (inputs.outputCredentials) {
    runner.output('aws-access-key-id', accessKeyId)
    runner.output('aws-secret-access-key', secretAccessKey)
    runner.output('aws-session-token', sessionToken)
  }
  runner.output('aws-account-id', session.account)
  runner.output('aws-expiration', expiration)
  runner.output('authenticated-arn', session.assumedRoleArn)
  runner.output('session-id', session.id)
  runner.output('request-id', session.requestId)
  runner.info(`Session ${session.id} for ${inputs.profile} expires at ${expiration}.`)
}

async function sessionAgreedTo(runner: Runner, inputs: Inputs, world: World): Promise<Session> {
  const first = await openSession(inputs, world)
  if (!('waiting' in first)) return first
  const { waiting } = first
  runner.output('request-id', waiting)
  if (inputs.approvalTimeout === 0)
    throw new Refusal(
      waitingProblem(
        `Request ${waiting} needs approval.`,
        'Run this job again with request-id once it is approved, or set approval-timeout-s to wait here.',
      ),
      waiting,
    )
  runner.notice('Stint', `Request ${waiting} for ${inputs.profile} needs approval. Waiting for up to ${inputs.approvalTimeout} seconds.`)
  const state = await awaitDecision(inputs, world, waiting, world.now() + inputs.approvalTimeout * 1000)
  if (state !== 'approved') {
    const ended =
      state === 'pending'
        ? `Request ${waiting} was not approved within ${inputs.approvalTimeout} seconds.`
        : `Request ${waiting} is ${state}.`
    throw new Refusal(waitingProblem(ended, 'Contact the approvers.'), waiting)
  }
  const agreed = await openSession(inputs, world, waiting)
  if ('waiting' in agreed) throw new Error('an approved request was answered as pending')
  return agreed
}

function waitingProblem(detail: string, next: string): Problem {
  return { status: 202, code: 'approval-required', title: 'Approval is required', detail, next }
}

function checkAccount(runner: Runner, inputs: Inputs, account: string, arn: string): void {
  if (inputs.maskAccount) for (const secret of [account, arn]) runner.mask(secret)
  if (inputs.allowedAccounts.length > 0 && !inputs.allowedAccounts.includes(account))
    throw new InputError(
      `The account ID of the provided credentials (${account || 'unknown'}) does not match any of the expected account IDs: ${inputs.allowedAccounts.join(', ')}`,
    )
}

// ── Credentials that renew themselves ────────────────────────────────────────────────────────────────────────────────

/** Every AWS SDK uses these before the endpoint. Their credentials are not checked by Stint. */
const BEFORE_THE_ENDPOINT = [
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_PROFILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
] as const

async function keepFresh(runner: Runner, inputs: Inputs, world: World): Promise<void> {
  const before = BEFORE_THE_ENDPOINT.find((name) => runner.env[name])
  if (before)
    throw new InputError(
      `${before} is set on this runner, so SDKs would use it instead of Stint. Unset it for this job, or do not use refresh.`,
    )
  const profile = await readProfile(inputs, world)
  checkAccount(runner, inputs, profile.account, profile.roleArn)
  const barred = barOf(inputs, profile)
  if (barred) throw new Refusal(barred)

  const folder = mkdtempSync(join(runner.env.RUNNER_TEMP || tmpdir(), 'stint-'))
  chmodSync(folder, 0o700)
  runner.saveState('folder', folder)
  runner.saveState('exported', 'true')
  const [file, empty] = [join(folder, 'token'), join(folder, 'empty')]
  writeFileSync(empty, '', { mode: 0o600 })
  writeToken(file, await world.token())
  // It ends when the folder is removed. With RUNNER_TRACKING_ID, the runner ends it with the job if the post step does not run.
  spawn(process.execPath, [fileURLToPath(new URL('refresh.js', import.meta.url)), file, inputs.audience], {
    detached: true,
    stdio: 'ignore',
    env: Object.fromEntries(Object.entries(runner.env).filter(([name]) => REFRESHER_NEEDS.test(name))),
  }).unref()

  // SDKs would use keys in the environment and in the shared files before the endpoint.
  for (const name of CREDENTIALS) runner.exportVariable(name, '')
  for (const name of ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']) runner.exportVariable(name, empty)
  runner.exportVariable('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${inputs.url}${credentialsPath(inputs)}`)
  runner.exportVariable('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', file)
  for (const name of REGIONS) runner.exportVariable(name, inputs.region ?? profile.region)
  runner.output('aws-account-id', profile.account)
  runner.info(`SDKs in later steps fetch and renew credentials for ${inputs.profile} on their own.`)
}

/** The source of the job's token, and the HTTP client. */
const REFRESHER_NEEDS =
  /^(ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)|RUNNER_TRACKING_ID|PATH|(HTTPS?|ALL|NO)_PROXY|NODE_(USE_ENV_PROXY|EXTRA_CA_CERTS|OPTIONS)|SSL_CERT_(FILE|DIR))$/i

/** The refusal that SDKs would get later, in the middle of a deployment. The check vends nothing. */
function barOf(inputs: Inputs, profile: Profile): Problem | undefined {
  const no = (code: string, title: string, detail: string, reasons: readonly string[] = []): Problem => ({
    status: 403,
    code,
    title,
    detail,
    reasons,
  })
  if (profile.access === 'refused')
    return no(
      profile.missing[0] ?? 'not-eligible',
      'You are not eligible for this profile',
      'The rules of the profile do not match this job.',
      profile.missing,
    )
  if (profile.container !== undefined) return no('refresh', 'This profile cannot be refreshed', profile.container)
  const [wanted, given] = [Object.keys(profile.parameters), Object.keys(inputs.parameters)]
  const odd = [...wanted.filter((name) => !given.includes(name)), ...given.filter((name) => !wanted.includes(name))]
  return odd.length > 0
    ? no('parameter-invalid', 'Invalid parameter', `The profile's parameters are: ${wanted.join(', ') || 'none'}.`, odd)
    : undefined
}

// ── Failing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function fail(runner: Runner, error: Error): void {
  process.exitCode = 1
  if (error instanceof Refusal) runner.error(`Stint: ${error.problem.code}`, refusalText(error))
  else {
    const known = error instanceof InputError || error instanceof NoToken
    runner.error('Stint', known ? error.message : `Stint is unreachable: ${reasonOf(error)}`)
  }
}

function refusalText({ problem, requestId }: Refusal): string {
  return [
    `${problem.title}: ${problem.detail}`,
    ...(problem.reasons?.length ? [`Reasons: ${problem.reasons.join(', ')}`] : []),
    ...(problem.next ? [`Next: ${problem.next}`] : []),
    `Code ${problem.code}${problem.trace ? `, trace ${problem.trace}` : ''}${requestId ? `, request ${requestId}` : ''}`,
  ].join('\n')
}

// Last, so that everything above is defined when it runs.
const runner = runnerOf(process.env, (line) => void process.stdout.write(`${line}\n`))
try {
  await run(runner)
} catch (error) {
  fail(runner, error as Error)
}
