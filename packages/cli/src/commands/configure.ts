/** `stint configure` */
import { command } from '../frame/command.ts'
import { broker, durationText, nameValue, text } from '../frame/flags.ts'
import { profileName } from './profile-name.ts'

export const configure = command({
  docs: {
    brief: 'Add a profile to the AWS config',
    fullDescription:
      'Writes a section to ~/.aws/config ($AWS_CONFIG_FILE), with credential_process. Everything else in the file stays as it is.',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile (on a terminal, the default is to choose)', optional: true }],
    },
    flags: {
      name: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The name in the AWS config (default: that of the profile)',
        placeholder: 'NAME',
      },
      parameter: {
        kind: 'parsed',
        parse: nameValue,
        variadic: true,
        optional: true,
        brief: 'A parameter of the profile. Repeatable',
        placeholder: 'NAME=VALUE',
      },
      duration: { kind: 'parsed', parse: durationText, optional: true, brief: 'How long each session lasts', placeholder: 'DURATION' },
      region: { kind: 'parsed', parse: text, optional: true, brief: 'The region (default: that of the target)', placeholder: 'REGION' },
      print: { kind: 'boolean', default: false, brief: 'Only print the section' },
      force: { kind: 'boolean', default: false, brief: 'Replace a section of this name that stint did not write' },
      ...broker,
    },
    aliases: { p: 'parameter', d: 'duration' },
  },
  load: async () => (await import('../credentials/configure.ts')).configureCommand,
})
