/**
 * `npm run browser -- NAME URL`: opens a sign-in page of the sandbox and signs in as NAME, on a machine without a browser:
 * `BROWSER='npm run -s browser -- developer' npx stint login http://127.0.0.1:4400`.
 */
import { parseArgs } from 'node:util'
import { browse } from './issuer/browser.ts'
import { type PersonName, people } from './issuer/people.ts'
import { program } from './place.ts'
import { portsFrom } from './ports.ts'
import { noSecretText, recallSecret } from './secret.ts'

const { values, positionals } = parseArgs({ options: { port: { type: 'string', default: '4400' } }, allowPositionals: true })
const [name = '', url = ''] = positionals

if (!Object.hasOwn(people, name) || !URL.canParse(url) || positionals.length !== 2) {
  process.stderr.write(`${program('browser', 'NAME', ' [--port N]')} URL\n\nNAME is one of ${Object.keys(people).join(', ')}.\n`)
  process.exit(2)
}
const ports = portsFrom(Number(values.port))
const secret = await recallSecret(ports)
if (secret === undefined) {
  process.stderr.write(await noSecretText(ports))
  process.exit(1)
}
process.stdout.write(`${await browse(url, name as PersonName, secret)}\n`)
