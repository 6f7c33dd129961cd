/** `stint end` */
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'

export const end = command({
  docs: {
    brief: 'End a session, or all sessions of a person',
    usage: ['ID', '--person ID -j TEXT', '--person ID --scp'],
    fullDescription:
      'Ends a session: its credentials are not renewed again. You can end your own sessions and sessions of profiles that you approve. Responders can end any session. AWS accepts the last credentials until they expire; the command prints that time. If the target has revocation, Stint also denies them in AWS: the command waits up to 30 seconds for the policy and then prints the state. To prevent new sessions, revoke the request or run stint freeze.\n\n' +
      'With --person, for responders: freezes a person of the config first, with all identities and the jobs that they trigger, and then ends the sessions of all identities.\n\n' +
      'With --person and --scp: prints the service control policy that denies these identities in every account, and says what it does not reach. Nothing is frozen, ended or written.\n\n' +
      'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    positional: { kind: 'tuple', parameters: [{ parse: text, optional: true, brief: 'The ID of the session', placeholder: 'ID' }] },
    flags: {
      person: { kind: 'parsed', parse: text, optional: true, brief: 'Stop this person of the config everywhere', placeholder: 'ID' },
      justification: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Why access must stop. Required with --person, unless you set --scp',
        placeholder: 'TEXT',
      },
      scp: { kind: 'boolean', default: false, brief: 'With --person: only print the service control policy that denies them everywhere' },
      everyEarlierSession: {
        kind: 'enum',
        values: ['end', 'keep'],
        optional: true,
        brief: 'If the policy of the role is full: end all its earlier sessions (responders), or keep this one until it expires',
      },
      ...broker,
    },
    aliases: { j: 'justification' },
  },
  load: async () => (await import('../requests/end.ts')).end,
})
