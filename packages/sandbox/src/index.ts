export { identities, signIn } from './issuer/token-client.ts'
export { type Ports, portsFrom } from './ports.ts'
export { bindingsFor, loadRules, type Sandbox, startSandbox, type WatchBroker } from './sandbox.ts'
