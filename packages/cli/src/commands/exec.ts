/** `stint exec` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const exec = command({
  docs: {
    brief: 'Run a command with credentials of a profile',
    usage: ['[PROFILE] -- COMMAND'],
    fullDescription:
      'The command gets a clean environment: AWS variables of other tools are removed. Its credentials are renewed for as long as it runs. Signals and the exit code pass through.\n\n' +
      'Exit codes: those of the command; before it starts 125 (no credentials), 126 (not executable) or 127 (not found) · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'array',
      parameter: {
        ...profileName,
        brief: 'The profile (on a terminal, the default is to choose), then -- and the command with its arguments',
        placeholder: 'PROFILE|COMMAND',
      },
      minimum: 1,
    },
    flags: {
      nest: { kind: 'boolean', default: false, brief: 'Allow this inside another stint exec or stint shell' },
      static: {
        kind: 'boolean',
        default: false,
        brief: 'Set fixed credentials that are not renewed, for tools without the container credentials protocol',
      },
      ...session,
      ...broker,
    },
    aliases: sessionAliases,
  },
  load: async () => (await import('../credentials/exec.ts')).execCommand,
})
