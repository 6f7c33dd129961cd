/**
 * `npm run token -- NAME`: signs in as one of the sandbox's identities and prints only the token on stdout.
 */
import { parseArgs } from 'node:util'
import { identities, signIn } from './issuer/token-client.ts'
import { program } from './place.ts'
import { portsFrom, urlOf } from './ports.ts'
import { noSecretText, recallSecret } from './secret.ts'

const { values, positionals } = parseArgs({ options: { port: { type: 'string', default: '4400' } }, allowPositionals: true })
const [name] = positionals

if (name === undefined || positionals.length > 1 || !identities.includes(name)) {
  process.stderr.write(`${program('token', 'NAME', ' [--port N]')}\n\nNAME is one of ${identities.join(', ')}.\n`)
  process.exit(2)
}
const ports = portsFrom(Number(values.port))
const secret = await recallSecret(ports)
if (secret === undefined) {
  process.stderr.write(await noSecretText(ports))
  process.exit(1)
}
try {
  process.stdout.write(`${await signIn(name, { url: urlOf(ports.issuer), secret })}\n`)
} catch (error) {
  process.stderr.write(
    `The issuer on port ${ports.issuer} did not sign in '${name}': ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.exit(1)
}
