export type { Broker } from './ports/broker.ts'
export { vend } from './vend/vend.ts'
export { createBroker, type Deadlines, type Deployment } from './wiring/broker.ts'
export { createVendBroker } from './wiring/vend-broker.ts'
