/** `stint sandbox` */
import { command } from '../frame/command.ts'
import { text } from '../frame/flags.ts'

export const sandbox = command({
  docs: {
    brief: 'Start the sandbox: broker, issuer, AWS and Slack on this machine',
    usage: ['[-- OPTION...]', 'token NAME', 'browser NAME URL', 'mfa'],
    fullDescription:
      'Options go after --, as in stint sandbox -- --port 5400. stint sandbox -- --help lists them. stint sandbox token NAME prints a token for an identity of the running sandbox, stint sandbox browser NAME URL signs in without a browser, and stint sandbox mfa prints a code.',
  },
  parameters: {
    positional: {
      kind: 'array',
      parameter: { parse: text, brief: 'A program (token, browser or mfa) and its arguments, or options', placeholder: 'WORD' },
    },
    flags: {},
  },
  load: async () => (await import('../repository/sandbox.ts')).sandboxCommand,
})
