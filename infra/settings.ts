/** What a deployment decides, stage by stage. Nothing here grants access: that is all in stint.config.ts. */
export type Settings = {
  readonly region: string
  /** The API's own domain, in a Route 53 zone of this account. Without it: API Gateway's name for it. */
  readonly domain?: string
  /** Told of every alarm by e-mail; each address has to confirm. */
  readonly alarmsTo: readonly string[]
  /**
   * Days in which nobody, root included, can delete a tile of the log. A stage that is kept may be given them later; one that
   * is removed goes with its log, unless it was made with them.
   */
  readonly lockDays?: number
  /** One shipper and one sweeper at a time. Takes an account that may run at least 102 functions at once: new ones may not. */
  readonly reserveConcurrency: boolean
  /** Requests a second that the API lets through, and as many again in a burst. */
  readonly requestsPerSecond: number
  /** An account of the auditors' own, that may copy log and events. */
  readonly auditAccount?: string
  /** A Cognito user pool of Stint's own, for a company without an issuer of people. */
  readonly userPool: boolean
  /**
   * The story table as it is brought back from a backup (docs/guides/operations.md). Everything is frozen until it is said
   * to be verified; what was asked before `epoch`, in milliseconds, never vends again.
   */
  readonly restored?: {
    readonly from: string
    readonly at: string
    readonly name: string
    readonly epoch: number
    readonly verified: boolean
  }
  /**
   * Freezes that no two responders are left to release, each by the `name` that `GET /freezes` shows
   * (docs/guides/operations.md). A name is of one freeze: one that is set later stays, whatever is left here.
   */
  readonly releaseFreezes?: readonly string[]
  /** Values for `binding('NAME')` in stint.config.ts. */
  readonly bindings: { readonly [name: string]: string }
}

const prod: Settings = {
  region: 'eu-central-1',
  alarmsTo: [],
  lockDays: 400,
  reserveConcurrency: true,
  requestsPerSecond: 100,
  userPool: false,
  bindings: {},
}

/** Every other stage: like `prod`, but it can be thrown away. */
const dev: Settings = {
  region: 'eu-central-1',
  alarmsTo: [],
  reserveConcurrency: false,
  requestsPerSecond: 20,
  userPool: true,
  bindings: {},
}

export const settingsOf = (stage: string): Settings => (stage === 'prod' ? prod : dev)
