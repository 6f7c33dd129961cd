/** `stint target add` */
import { command } from '../../frame/command.ts'
import { talk, text } from '../../frame/flags.ts'

export const targetAdd = command({
  docs: {
    brief: 'Add accounts as targets',
    usage: ['--name NAME --account ACCOUNT', '--csv FILE'],
    fullDescription:
      'Prints entries for `targets` in stint.config.ts. With --to, adds them to a JSON file that the config imports. If a name or a role exists already, nothing is written.\n\n' +
      'Exit codes: 0 done · 1 a row or the config is invalid · 2 invalid usage',
  },
  parameters: {
    flags: {
      account: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The account ID of one target. Required with --name',
        placeholder: 'ACCOUNT',
      },
      name: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'The name of one target in the config. Required unless you set --csv',
        placeholder: 'NAME',
      },
      csv: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'A CSV file with the columns name, account and, optionally, role and region',
        placeholder: 'FILE',
      },
      role: { kind: 'parsed', parse: text, default: 'Stint', brief: 'The name of the role, unless the list has one' },
      region: { kind: 'parsed', parse: text, default: 'eu-central-1', brief: 'The region of the STS endpoint, unless the list has one' },
      path: { kind: 'parsed', parse: text, default: '/stint/', brief: 'The path of the roles' },
      prefix: { kind: 'parsed', parse: text, default: 'stint', brief: 'The prefix of the external IDs, before account and role' },
      config: { kind: 'parsed', parse: text, default: 'stint.config.ts', brief: 'The config file', placeholder: 'FILE' },
      binding: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'A value for a binding of the config',
        placeholder: 'NAME=VALUE',
      },
      to: { kind: 'parsed', parse: text, optional: true, brief: 'A JSON file of targets to add to', placeholder: 'FILE' },
      parameters: { kind: 'parsed', parse: text, optional: true, brief: 'A folder for the stack parameters', placeholder: 'DIR' },
      brokerRole: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: "The ARN of the broker's role, which the stacks trust",
        placeholder: 'ARN',
      },
      policy: {
        kind: 'parsed',
        parse: text,
        variadic: true,
        optional: true,
        brief: 'A managed policy to attach to the roles. Repeatable',
        placeholder: 'ARN',
      },
      ...talk,
    },
  },
  load: async () => (await import('../../target/command.ts')).addCommand,
})
