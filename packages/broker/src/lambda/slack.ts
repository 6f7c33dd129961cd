/**
 * The `slack` function: calls from Slack. It decides like the api function, and can neither assume a role nor read the log. It leaves
 * notifications to `notify`.
 */
import { handleSlack } from '../slack/handle.ts'
import { createImmediateEnds } from '../wiring/ends.ts'
import { deploymentFrom, endsDeploymentFrom, slackDeploymentFrom } from '../wiring/environment.ts'
import { openSlackHandler } from '../wiring/slack.ts'
import { overHttp } from './over-http.ts'

const deployment = deploymentFrom(process.env, __dirname)
const slack = openSlackHandler(
  slackDeploymentFrom(process.env, deployment),
  createImmediateEnds(endsDeploymentFrom(process.env, deployment)),
)

export const handler = overHttp(deployment, (request) => handleSlack(slack, request))
