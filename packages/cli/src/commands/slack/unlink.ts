/** `stint slack unlink` */
import { command } from '../../frame/command.ts'
import { broker } from '../../frame/flags.ts'
import { exitText } from './exits.ts'

export const slackUnlink = command({
  docs: { brief: 'Remove the link to your Slack user', fullDescription: exitText },
  parameters: { flags: broker },
  load: async () => (await import('../../slack/command.ts')).unlinkCommand,
})
