/** `stint lint` */
import { command } from '../frame/command.ts'
import { talk } from '../frame/flags.ts'
import { configFlags } from './config-flags.ts'

export const lint = command({
  docs: {
    brief: 'Check the config for rules known to cause breaches',
    fullDescription:
      'Each finding names the rule, the place, the kind of incident behind it and the fix. See docs/lint-rules.md for all rules. To silence a finding, put this comment on the line above it: // stint-lint-ignore RULE: reason\n\n' +
      'Exit codes: 0 no errors · 1 errors (with --strict: warnings too) · 5 the config is unreadable · 2 invalid usage',
  },
  parameters: {
    flags: {
      ...configFlags,
      online: { kind: 'boolean', default: false, brief: "Also fetch each issuer's discovery document" },
      strict: { kind: 'boolean', default: false, brief: 'Fail on warnings too' },
      ...talk,
    },
  },
  load: async () => (await import('../lint/command.ts')).lintCommand,
})
