/**
 * The `slack` function: what Slack sends. It decides as the api does, and may neither assume a role nor read a log. What it
 * leaves to be told is told by `notify`.
 */
import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { handleSlack } from '../slack/handle.ts'
import { deploymentFrom, slackDeploymentFrom } from '../wiring/environment.ts'
import { openSlackHandler } from '../wiring/slack.ts'
import { fromEvent } from './event.ts'

const slack = openSlackHandler(slackDeploymentFrom(process.env, deploymentFrom(process.env, __dirname)))

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>().handler(async (event) => {
  const { status, headers, body } = await handleSlack(slack, fromEvent(event))
  return { statusCode: status, headers: { ...headers }, body, isBase64Encoded: false }
})
