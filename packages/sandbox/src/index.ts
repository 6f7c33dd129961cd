export { identities, signIn } from './issuer/token-client.ts'
export { portsFrom } from './ports.ts'
export { bindingsFor, loadRules, type Sandbox, startSandbox, type WatchBroker } from './sandbox.ts'
