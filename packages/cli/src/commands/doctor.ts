/** `stint doctor` */
import type { Context } from '../context.ts'
import type { DoctorFlags } from '../doctor/command.ts'
import { command } from '../frame/command.ts'
import { broker, text } from '../frame/flags.ts'
import { configFlags } from './config-flags.ts'
import { profileName } from './profile-name.ts'

export const doctor = command({
  docs: {
    brief: 'Check your sign-in, or with --aws the role of a target',
    fullDescription:
      "Checks whether the broker is reachable, your clock is correct, your token and its issuer are accepted, and you can use PROFILE. With --aws, for platform engineers: reads the role of a target with your own AWS credentials, and reports which gate is closed (trust policy, caller's permission or condition) and how to fix it. It also tries to assume the role with a wrong external ID, which must be denied.\n\n" +
      'Exit codes: 0 nothing failed · 1 a check failed, or with --aws was skipped · 2 invalid usage · 5 the config or your AWS credentials are unreadable',
  },
  parameters: {
    positional: {
      kind: 'tuple',
      parameters: [{ ...profileName, brief: 'The profile, or with --aws also the target', placeholder: 'PROFILE', optional: true }],
    },
    flags: {
      aws: { kind: 'boolean', default: false, brief: "Check the target's role, with your own AWS credentials" },
      all: { kind: 'boolean', default: false, brief: 'Check the roles of all targets' },
      ...configFlags,
      brokerRole: { kind: 'parsed', parse: text, optional: true, brief: "With --aws: the ARN of the broker's role", placeholder: 'ARN' },
      reader: {
        kind: 'parsed',
        parse: text,
        optional: true,
        brief: 'With --aws: a role in each account through which to read, by its name',
        placeholder: 'NAME',
      },
      ...broker,
    },
  },
  load: async () => async (context: Context, flags: DoctorFlags, name: string | undefined) =>
    flags.aws || flags.all
      ? (await import('../doctor-aws/command.ts')).awsDoctor(context, flags, name)
      : (await import('../doctor/command.ts')).doctorCommand(context, flags, name),
})
