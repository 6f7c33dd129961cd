/** `stint freeze` */
import { command } from '../frame/command.ts'
import { broker, duration, text } from '../frame/flags.ts'

export const freeze = command({
  docs: {
    brief: 'Stop access at once, or list what is frozen',
    usage: ['[--all|--profile ID|--target ID|--issuer ID [--subject ID]|--person ID] [-j TEXT]'],
    fullDescription:
      'Without a scope, lists the active freezes (responders and auditors only). With a scope, Stint issues no sessions in it until two responders release the freeze.\n\n' +
      'Exit codes: 0 done · 1 failed · 3 denied · 4 sign in first · 5 unreachable · 2 invalid usage',
  },
  parameters: {
    flags: {
      all: { kind: 'boolean', default: false, brief: 'Freeze everything' },
      profile: { kind: 'parsed', parse: text, optional: true, brief: 'Freeze a profile', placeholder: 'ID' },
      target: { kind: 'parsed', parse: text, optional: true, brief: 'Freeze a target', placeholder: 'ID' },
      issuer: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Freeze an issuer; with --subject, one of its callers',
        placeholder: 'ID',
      },
      person: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Freeze a person of the config, with all identities',
        placeholder: 'ID',
      },
      subject: { kind: 'parsed', parse: text, optional: true, brief: 'Freeze a caller; needs --issuer', placeholder: 'ID' },
      justification: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'Why access must stop. Required with a scope',
        placeholder: 'TEXT',
      },
      for: { kind: 'parsed', parse: duration, optional: true, brief: 'How long (default: until released)', placeholder: 'DURATION' },
      ...broker,
    },
    aliases: { j: 'justification' },
  },
  load: async () => (await import('../requests/freeze.ts')).freeze,
})
