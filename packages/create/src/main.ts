/** `npm create stint`: asks for what the flags do not give, writes the folder, and prints the next steps. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Answers, faults, type Given, type PresetName, presets, slackOf } from './answers.ts'
import { filesOf } from './files.ts'
import { ask } from './questions.ts'
import { VERSION } from './version.ts'

const help = `npm create stint@latest FOLDER -- [options]

  --domain DOMAIN       a domain of your company, such as acme.com: names are made from it
  --issuer NAME         the identity provider that your people sign in with: ${Object.keys(presets).join(', ')}
  --issuer-at ADDRESS   the issuer's address: ${Object.entries(presets)
    .map(([name, { at }]) => `the ${at} (${name})`)
    .join(', ')}
  --account ID          the first AWS account that Stint gives access to
  --region REGION       where Stint runs (default eu-central-1)
  --slack IDS           Slack, by the IDs of the team, the app and a channel: T0ACME,A0STINT,C0ACCESS
  --yes                 take the answers from the flags and ask nothing. Without --slack, Slack is not set up
`

class UsageError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      domain: { type: 'string' },
      issuer: { type: 'string' },
      'issuer-at': { type: 'string' },
      account: { type: 'string' },
      region: { type: 'string' },
      slack: { type: 'string' },
      yes: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return void process.stdout.write(help)
  if (positionals.length > 1) throw new UsageError('More than one folder. Name one: npm create stint@latest FOLDER')
  const folder = resolve(positionals[0] ?? 'access')
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new UsageError(`${folder} is not empty. Name a new folder: npm create stint@latest FOLDER`)

  const given = { ...values, issuerAt: values['issuer-at'] }
  const isAsked = values.yes !== true && process.stdin.isTTY && process.stdout.isTTY
  const answers = isAsked ? await ask(given, checked) : checked(given)
  const files = filesOf(answers, {
    folder: basename(folder),
    version: VERSION,
    externalId: () => `stint-${randomBytes(9).toString('hex')}`,
  })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text, { flag: 'wx' })
  }
  process.stdout.write(`Created ${Object.keys(files).length} files in ${folder}.

  cd ${positionals[0] ?? 'access'}
  npm install
  npm test                # check the config and run the access tests
  npx stint sandbox       # try it on this machine, without AWS

Then create the roles (npx stint target add), review stint.config.ts, and deploy: npx sst deploy --stage dev
`)
}

/** Throws with everything that is missing or wrong. */
export function checked({ domain = '', issuer = '', issuerAt = '', account = '', region = 'eu-central-1', slack }: Given): Answers {
  const missing = Object.entries({ domain, issuer, 'issuer-at': issuerAt, account }).flatMap(([name, value]) =>
    value === '' ? [`--${name}`] : [],
  )
  if (missing.length > 0) throw new UsageError(`Missing: ${missing.join(', ')}.`)
  const found = [
    faults.domain(domain),
    faults.issuer(issuer) ?? faults.issuerAt(issuer as PresetName, issuerAt),
    faults.account(account),
    faults.region(region),
    slack === undefined ? undefined : faults.slack(slack),
  ].filter((fault) => fault !== undefined)
  if (found.length > 0) throw new UsageError(found.join('\n'))
  return { domain, issuer: issuer as PresetName, issuerAt, account, region, slack: slack === undefined ? undefined : slackOf(slack) }
}

main().catch((error: NodeJS.ErrnoException) => {
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(isUsage ? `${error.message}\n\n${help}` : `${error.message}\n`)
  process.exitCode = isUsage ? 2 : 1
})
