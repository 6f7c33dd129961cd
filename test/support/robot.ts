/** `BROWSER` of the tests: `node robot.ts NAME SECRET URL` signs in as one of the sandbox's people. */
import { browse } from '@stint/sandbox/issuer/browser'
import type { PersonName } from '@stint/sandbox/issuer/people'

const [name = '', secret = '', url = ''] = process.argv.slice(2)
await browse(url, name as PersonName, secret)
