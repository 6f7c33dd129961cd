/** Stint's Lambda functions. */

/** The timeout in seconds and the memory in megabytes. docs/decisions/0008-deployed.md says how they were chosen. */
export const FUNCTIONS = {
  // Far below the 90 seconds after which a reservation is abandoned: a session that is in progress then was never issued.
  vend: { seconds: 10, megabytes: 1024 },
  // `Prefer: wait` holds a response back for up to 20 seconds, and API Gateway times out after 30.
  api: { seconds: 25, megabytes: 1024 },
  // Slack waits for three seconds.
  slack: { seconds: 10, megabytes: 1024 },
  notify: { seconds: 60, megabytes: 512 },
  ship: { seconds: 120, megabytes: 1024 },
  sweep: { seconds: 60, megabytes: 512 },
} as const satisfies { readonly [name: string]: { readonly seconds: number; readonly megabytes: number } }

export type FunctionName = keyof typeof FUNCTIONS
export const functionNames = Object.keys(FUNCTIONS) as readonly FunctionName[]
