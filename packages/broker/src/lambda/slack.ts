/**
 * The `slack` function: calls from Slack. It decides like the api function, and can neither assume a role nor read the log. It leaves
 * notifications to `notify`.
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
