/** `stint slack status` */
import { command } from '../../frame/command.ts'
import { broker } from '../../frame/flags.ts'
import { exitText } from './exits.ts'

export const slackStatus = command({
  docs: { brief: 'Show your linked Slack user', fullDescription: exitText },
  parameters: { flags: broker },
  load: async () => (await import('../../slack/command.ts')).statusCommand,
})
