/**
 * The `end` function. It runs on the queue of roles whose sessions end at once, and on nothing else. Messages of one role are in one group,
 * of which Lambda never runs two at once.
 */

import { createEnder } from '../wiring/ends.ts'
import { deploymentFrom, endDeploymentFrom } from '../wiring/environment.ts'
import { onEndQueue } from './on-queue.ts'

const deployment = endDeploymentFrom(process.env, deploymentFrom(process.env, __dirname))

export const handler = onEndQueue(createEnder(deployment), deployment.frozen !== undefined)
