/** The files that several bugs change. */
export const STORE = 'packages/broker/src/adapters/dynamodb'
export const [SESSIONS, RESERVE, CHANGES, STATE, FREEZE] = ['sessions', 'reserve', 'request-changes', 'log-state', 'freeze-set'].map(
  (name) => `${STORE}/${name}.ts`,
) as [string, string, string, string, string]
export const RELEASE = `${STORE}/freeze-release.ts`
export const VEND = 'packages/broker/src/vend/vend.ts'
export const WITNESS = 'packages/broker/src/adapters/witness.ts'
export const RESTORE = `${STORE}/restore.ts`
export const SLOT = 'packages/broker/src/vend/slot.ts'
export const [RENEW_RESERVE, RENEW_OUTCOMES, END, ABANDON] = ['renewal-reserve', 'renewal-outcomes', 'session-end', 'abandon'].map(
  (name) => `${STORE}/${name}.ts`,
) as [string, string, string, string]
export const RENEW = 'packages/broker/src/vend/renew.ts'
export const [MACHINE, DUE] = ['machine', 'due'].map((name) => `packages/core/src/request/${name}.ts`) as [string, string, string]
export const [SHIP, STAGE, PUBLISH, ERASE] = ['ship', 'stage', 'publish', 'erase'].map((name) => `packages/broker/src/log/${name}.ts`) as [
  string,
  string,
  string,
  string,
]

export const FREEZE_RULES = 'packages/core/src/access/freeze.ts'
export const [REQUEST_END, CARRY_OUT] = ['request-end', 'carry-out'].map((name) => `packages/broker/src/ends/${name}.ts`) as [
  string,
  string,
]

/** A clause that holds whatever it says; its values stay used, as DynamoDB demands. */
export const always = (clause: string) => `(${clause} OR attribute_exists(pk))`
