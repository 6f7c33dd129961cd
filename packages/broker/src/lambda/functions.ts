/** Stint's Lambda functions. */

/** Seconds until Lambda ends a call, and megabytes; how they were found is in docs/decisions/0008-deployed.md. */
export const FUNCTIONS = {
  // Far below the 90 seconds after which a reservation is abandoned: what is still under way then was never vended.
  vend: { seconds: 10, megabytes: 1024 },
  // `Prefer: wait` holds an answer back for up to 20 seconds, and API Gateway ends it after 30.
  api: { seconds: 25, megabytes: 1024 },
  // Slack waits for three.
  slack: { seconds: 10, megabytes: 1024 },
  notify: { seconds: 60, megabytes: 512 },
  ship: { seconds: 120, megabytes: 1024 },
  sweep: { seconds: 60, megabytes: 512 },
} as const satisfies { readonly [name: string]: { readonly seconds: number; readonly megabytes: number } }

export type FunctionName = keyof typeof FUNCTIONS
export const functionNames = Object.keys(FUNCTIONS) as readonly FunctionName[]
