/** `stint doctor` without --aws: checks the caller's side. */
import type { Context } from '../context.ts'
import type { Exit } from '../frame/exit.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import { jsonLine } from '../output.ts'
import { callerChecks } from './caller.ts'
import { checksText, hasFailed } from './check.ts'

export type DoctorFlags = BrokerFlags & {
  readonly aws: boolean
  readonly all: boolean
  readonly config: string
  readonly binding?: readonly string[]
  readonly brokerRole?: string
  readonly reader?: string
}

export async function doctorCommand(context: Context, flags: DoctorFlags, name: string | undefined): Promise<Exit> {
  const { stdout } = context.process
  if (flags.brokerRole !== undefined || flags.reader !== undefined)
    throw new Failure('usage', '--broker-role and --reader need --aws.', { next: `Add it: stint doctor ${name ?? 'TARGET'} --aws` })
  const checks = await callerChecks(context, flags, name)
  const failed = hasFailed(checks)
  stdout.write(flags.json ? jsonLine({ ok: !failed, checks }) : checksText(checks))
  return failed ? 'failed' : 'ok'
}
