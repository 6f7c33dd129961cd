/**
 * `npm start -- --guide`: the keys of the guide's users, in a shared credentials file and a config file of the sandbox's own, and the
 * secrets of MFA devices for `npm run mfa`. All of them are readable by this user only and new at each start.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GUIDE_ACCOUNTS, GUIDE_IP, type GuideUser } from './aws/guide-world.ts'
import { BROKER_ACCOUNT } from './aws/world.ts'
import { CACHE, program } from './place.ts'
import { type Ports, urlOf } from './ports.ts'

type AwsPort = Pick<Ports, 'aws'>

const folderOf = ({ aws }: AwsPort): string => join(CACHE, `guide-${aws}`)

type GuideFiles = { readonly credentials: string; readonly config: string }

export async function writeGuideFiles(ports: AwsPort, users: readonly GuideUser[], region: string): Promise<GuideFiles> {
  const folder = folderOf(ports)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = { credentials: join(folder, 'credentials'), config: join(folder, 'config') }
  const credentials = users.map(
    ({ profile, key }) => `[${profile}]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`,
  )
  const config = users.map(({ profile }) => `[profile ${profile}]\nregion = ${region}\noutput = json\n`)
  const devices = Object.fromEntries(users.flatMap(({ device }) => (device ? [[device.serial, device.secret.toString('base64')]] : [])))
  const secret = { mode: 0o600, flag: 'wx' }
  await writeFile(files.credentials, credentials.join('\n'), secret)
  await writeFile(files.config, config.join('\n'), secret)
  await writeFile(join(folder, 'mfa.json'), JSON.stringify(devices), secret)
  return files
}

export const forgetGuideFiles = (ports: AwsPort): Promise<void> => rm(folderOf(ports), { recursive: true, force: true })

/** The secret of each MFA device by serial number, or undefined if no sandbox runs with `--guide` on this port. */
export async function recallMfa(ports: AwsPort): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const text = await readFile(join(folderOf(ports), 'mfa.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  return new Map(
    Object.entries(JSON.parse(text) as Record<string, string>).map(([serial, secret]) => [serial, Buffer.from(secret, 'base64')]),
  )
}

export function printGuide(ports: Ports, files: GuideFiles, users: readonly GuideUser[]): void {
  const endpoint = urlOf(ports.aws)
  const option = ports.broker === 4400 ? '' : ` --port ${ports.broker}`
  const devices = users.flatMap(({ profile, device }) => (device ? [`${profile}: ${device.serial}`] : []))
  process.stdout.write(`The guide to AssumeRole: docs/guides/learn-assume-role.md. Paste this into the other terminal:

  export AWS_SHARED_CREDENTIALS_FILE='${files.credentials}'
  export AWS_CONFIG_FILE='${files.config}'
  export AWS_ENDPOINT_URL='${endpoint}' AWS_DEFAULT_REGION='eu-central-1' AWS_PAGER=''
  aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

  account-a   the administrator of ${GUIDE_ACCOUNTS.a}   aws sts get-caller-identity --profile account-a
  account-b   the administrator of ${GUIDE_ACCOUNTS.b}   aws sts get-caller-identity --profile account-b
  testuser    a user of ${GUIDE_ACCOUNTS.a} without permissions

  Calls come from ${GUIDE_IP}. To call from another address, use the endpoint ${endpoint}/from/198.51.100.9
  MFA device of ${devices.join(', ')}. Its code now: ${program('mfa', '', option)}
  Stint's roles are in account ${BROKER_ACCOUNT}

`)
}
