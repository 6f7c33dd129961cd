/** `stint sandbox` */
import { command } from '../frame/command.ts'
import { text } from '../frame/flags.ts'

export const sandbox = command({
  docs: {
    brief: 'Start the sandbox: broker, issuer, AWS and Slack on this machine',
    fullDescription: 'The same as npm start, with the same options. Options go after --: stint sandbox -- --port 5400',
  },
  parameters: {
    positional: { kind: 'array', parameter: { parse: text, brief: 'An option of the sandbox', placeholder: 'OPTION' } },
    flags: {},
  },
  load: async () => (await import('../repository/sandbox.ts')).sandboxCommand,
})
