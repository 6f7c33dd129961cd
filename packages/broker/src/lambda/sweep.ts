/**
 * The `sweep` function, run by a schedule once a minute. It writes down what time has done; nothing waits for it to be true.
 */
import middy from '@middy/core'
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts'
import { createBroker } from '../broker.ts'
import { type Swept, sweep } from '../sweep.ts'
import { deploymentFrom } from './deployment.ts'

const broker = createBroker(deploymentFrom(process.env, __dirname), dynamoLedger)

export const handler = middy<unknown, Swept>().handler(() => sweep(broker))
