export { identities, signIn } from './issuer/sign-in.ts'
export { portsFrom } from './ports.ts'
export { bindingsFor, loadRules, type Sandbox, startSandbox } from './sandbox.ts'
