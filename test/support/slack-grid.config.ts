/** The config of the Slack tests, for an Enterprise Grid organization with one sister workspace. */
import { defineConfig } from '@stint/core'
import slack from './slack.config.ts'

export default defineConfig({
  ...slack,
  slack: { team: 'T0ACME', app: 'A0STINT', channel: 'C0ACCESS', workspaces: ['T0SISTER'], enterprise: 'E0ACME' },
})
