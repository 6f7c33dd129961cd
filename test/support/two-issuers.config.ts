/** The config of the attacks, with two issuers for signing in. One of them is hostile in test/e2e/sign-in-issuers.test.ts. */
import { binding, defineConfig } from '@stint/core'
import base from './attack.config.ts'

const client = (name: string, clientId: string) => ({
  authorizationEndpoint: binding(`${name}_AUTHORIZE`, 'https://login.acme.example/authorize'),
  tokenEndpoint: binding(`${name}_TOKEN`, 'https://login.acme.example/token'),
  clientId,
})

export default defineConfig({
  ...base,
  signIn: { lab: client('HONEST', 'stint-web'), 'lab-id': client('HOSTILE', 'stint-at-partner') },
})
