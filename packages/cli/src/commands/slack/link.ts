/** `stint slack link` */
import { command } from '../../frame/command.ts'
import { broker, text } from '../../frame/flags.ts'
import { exitText } from './exits.ts'

export const slackLink = command({
  docs: {
    brief: 'Link your Slack user',
    fullDescription: `Shows a code, waits until it is entered in Slack, and asks you to confirm the Slack user. Needs a token from a sign-in in the last five minutes.\n\n${exitText}`,
  },
  parameters: {
    flags: {
      ...broker,
      user: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Your Slack user ID: accept only this user, without asking',
        placeholder: 'U…',
      },
      email: { kind: 'boolean', default: false, brief: 'Link by email, without a code, where the config trusts the workspace' },
    },
  },
  load: async () => (await import('../../slack/command.ts')).linkCommand,
})
