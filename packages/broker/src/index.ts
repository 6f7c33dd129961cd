export { createBroker, type Deadlines, type Deployment } from './broker.ts'
export type { Broker } from './ports.ts'
export { vend } from './vend.ts'
export { createVendBroker } from './vend-broker.ts'
