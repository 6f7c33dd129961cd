/** Stint's Lambda functions. */
import type { Clock } from '../ports/runtime.ts'

/** The timeout in seconds and the memory in megabytes. docs/decisions/0008-deployed.md says how they were chosen. */
export const FUNCTIONS = {
  // Far below the 90 seconds after which a reservation is abandoned: a session that is in progress then was never issued.
  vend: { seconds: 10, megabytes: 1024 },
  // `Prefer: wait` holds a response back for up to 20 seconds, and API Gateway times out after 30.
  api: { seconds: 25, megabytes: 1024 },
  // Slack waits for three seconds.
  slack: { seconds: 10, megabytes: 1024 },
  notify: { seconds: 60, megabytes: 512 },
  // One processor (1,769 MB): at volume, the shipper's own work takes as long as its calls.
  ship: { seconds: 120, megabytes: 1769 },
  sweep: { seconds: 60, megabytes: 512 },
  end: { seconds: 45, megabytes: 512 },
  // The keepers of the log and the table work in runs of up to nine minutes. What is left then is the next run's.
  compare: { seconds: 600, megabytes: 1769 },
  retire: { seconds: 600, megabytes: 1024 },
} as const satisfies { readonly [name: string]: { readonly seconds: number; readonly megabytes: number } }

/**
 * How long a message for `end` stays hidden after it was received; after a failure, its role waits for as long. Longer than the function may
 * run, because Lambda can hold a message back before it calls the function, and IAM can apply a late write after it (AWS Lambda Developer
 * Guide, "Using Lambda with Amazon SQS").
 */
export const END_HIDDEN_SECONDS = 120

export type FunctionName = keyof typeof FUNCTIONS
export const functionNames = Object.keys(FUNCTIONS) as readonly FunctionName[]

/** Functions of which only one instance may run: a second one would only be in the way of the first. */
export const SINGLE_FUNCTIONS: readonly FunctionName[] = ['ship', 'sweep', 'compare', 'retire']

/** The part of the timeout in which a keeper may start another page. A page takes seconds, and at most the rest. */
const WORKING_TIME = 0.9

/** Whether a run that starts now may start another page. */
export function timeFor(name: FunctionName, clock: Clock): () => boolean {
  const end = clock() + FUNCTIONS[name].seconds * 1000 * WORKING_TIME
  return () => clock() < end
}
