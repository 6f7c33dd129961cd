/** `npm run mfa`: prints the current code of testuser's MFA device, for a sandbox that was started with `--guide`. */
import { parseArgs } from 'node:util'
import { mfaCode } from './aws/accounts.ts'
import { recallMfa } from './guide.ts'
import { START } from './place.ts'
import { portsFrom } from './ports.ts'

const { values, positionals } = parseArgs({ options: { port: { type: 'string', default: '4400' } }, allowPositionals: true })
const ports = portsFrom(Number(values.port))
const devices = await recallMfa(ports)
const name = positionals[0] ?? 'testuser'
const secret = [...(devices ?? [])].find(([serial]) => serial.endsWith(`:mfa/${name}`))?.[1]
if (!devices) {
  process.stderr.write(`No sandbox with --guide is running on port ${ports.broker}. Run ${START} -- --guide in another terminal first.\n`)
  process.exit(1)
}
if (!secret) {
  process.stderr.write(`No MFA device of ${name}. Devices: ${[...devices.keys()].join(', ')}\n`)
  process.exit(1)
}
process.stdout.write(`${mfaCode(secret, Date.now())}\n`)
