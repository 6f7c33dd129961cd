/** After the job: blanks the environment variables, and removes the folder, which ends the refresher. */
import { rmSync } from 'node:fs'
import { runnerOf } from './runner.ts'

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
