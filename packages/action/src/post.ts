/**
 * After the job: blanks the environment variables, removes the folder, which ends the refresher, and ends the session if its profile has
 * `endOnExit`. Sessions that SDKs started with `refresh` are theirs, and expire on their own.
 */
import { rmSync } from 'node:fs'
import { runnerOf } from './runner.ts'
import { endSession, reasonOf } from './stint.ts'
import { worldOf } from './world.ts'

/** How long ending the session can take, with its retries. */
const END_MS = 30_000
const ATTEMPTS = 3

const runner = runnerOf(process.env, (line) => void process.stdout.write(`${line}\n`))

const folder = runner.state('folder')
if (folder !== '') rmSync(folder, { recursive: true, force: true })
if (runner.state('exported') === 'true') {
  // The runner cannot unset a variable.
  for (const name of [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    ...(folder === ''
      ? []
      : ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE']),
  ])
    runner.exportVariable(name, '')
}

const session = runner.state('session')
/** The job is done, so this never fails it. */
const notEnded = (reason: string) =>
  runner.warning('Stint', `The session ${session} was not ended, so it lasts until it expires: ${reason}`)
if (session !== '') {
  setTimeout(() => {
    notEnded(`no answer within ${END_MS / 1000} seconds`)
    process.exit(0)
  }, END_MS).unref()
  try {
    await endSession({ url: runner.state('url'), attempts: ATTEMPTS }, worldOf(runner, runner.state('audience')), session)
    runner.info(`Ended the session ${session}.`)
  } catch (error) {
    notEnded(reasonOf(error as Error))
  }
}
