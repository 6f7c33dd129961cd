/** `stint slack` */
import { buildRouteMap } from '@stricli/core'
import { slackLink } from './link.ts'
import { slackStatus } from './status.ts'
import { slackUnlink } from './unlink.ts'

export const slack = buildRouteMap({
  routes: { link: slackLink, unlink: slackUnlink, status: slackStatus },
  docs: { brief: 'Manage the link to your Slack user' },
})
