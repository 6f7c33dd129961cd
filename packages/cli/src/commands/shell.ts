/** `stint shell` */
import { command } from '../frame/command.ts'
import { broker, session, sessionAliases } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const shell = command({
  docs: {
    brief: 'Start a shell with credentials of a profile',
    fullDescription:
      'Starts $SHELL, as stint exec does.\n\n' +
      'Exit codes: those of the command; before it starts 125 (no credentials), 126 (not executable) or 127 (not found) · 2 invalid usage',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
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
  load: async () => (await import('../credentials/exec.ts')).shellCommand,
})
