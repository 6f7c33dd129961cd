/** `stint test` */
import { command } from '../frame/command.ts'
import { talk, text } from '../frame/flags.ts'
import { configFlags } from './config-flags.ts'

export const testCases = command({
  docs: {
    brief: 'Run the access tests',
    fullDescription:
      'Checks the config against access tests: callers, profiles and expected outcomes. See docs/guides/config.md.\n\n' +
      'Exit codes: 0 all cases passed · 1 some cases failed · 5 the config or the access tests are unreadable · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ parse: text, brief: 'The access tests', placeholder: 'FILE', default: 'test/access.ts' }],
    },
    flags: { ...configFlags, verbose: { kind: 'boolean', default: false, brief: 'Also list the cases that passed' }, ...talk },
  },
  load: async () => (await import('../cases/command.ts')).testCommand,
})
