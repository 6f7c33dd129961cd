import type { Adopted } from './adoptable.ts'

/** The settings of one stage's deployment. Nothing here grants access: access is only in stint.config.ts. */
export type Settings = {
  readonly region: string
  /** The API's domain, in a Route 53 zone of this account. Default: the name that API Gateway assigns. */
  readonly domain?: string
  /** Email addresses that get every alarm. Each address has to confirm the subscription. */
  readonly alarmsTo: readonly string[]
  /**
   * small: about ten alarms instead of one for each fault, one metric for all faults, and no dashboard. An idle month costs less than
   * 5 dollars. docs/guides/operations.md says what shows each fault that has no alarm then.
   */
  readonly monitoring?: 'small'
  /**
   * What both tables can take at once, in units per second, for a launch with more than AWS's 4,000 writes (docs/scale.md). At least
   * 12,000 reads and 4,000 writes. AWS bills the increase once. Only ever raise it: AWS cannot lower it, and the provider would replace
   * the table instead, which only a protected stage such as `prod` refuses. To stop, leave the value as it is.
   */
  readonly warmThroughput?: { readonly readUnitsPerSecond: number; readonly writeUnitsPerSecond: number }
  /**
   * The number of days during which no one, including root, can delete a tile of the log. You can add it to a retained stage later. A
   * stage that is not retained is removed with its log, unless it was created with this setting.
   */
  readonly lockDays?: number
  /** Limits the shipper and each keeper to one at a time. Needs a concurrency limit of at least 104 in the account, which new accounts may lack. */
  readonly reserveConcurrency: boolean
  /** The API's rate limit, in requests per second. The burst limit is the same. */
  readonly requestsPerSecond: number
  /** The auditors' account, which can copy the log and the events. */
  readonly auditAccount?: string
  /**
   * sdk: the `vend` function speaks to STS and DynamoDB over AWS's SDK. By default it uses Stint's own client, which saves a fifth of the
   * cold start and a third of the warm CPU time. Both pass the same tests; switch back if you suspect the client
   * (docs/guides/operations.md).
   */
  readonly vendClient?: 'sdk'
  /** Creates a Cognito user pool, for a company without an identity provider for people. */
  readonly userPool: boolean
  /**
   * A story table that is restored from a backup (docs/guides/operations.md). Everything is frozen until `verified` is true.
   * Requests made before `epoch`, in milliseconds, never vend again.
   */
  readonly restored?: {
    readonly from: string
    readonly at: string
    readonly name: string
    readonly epoch: number
    readonly verified: boolean
  }
  /**
   * Releases freezes that two responders can no longer release, each by its `name` in `GET /freezes`
   * (docs/guides/operations.md). A name belongs to one freeze, so an old entry here does not release a later freeze.
   */
  readonly releaseFreezes?: readonly string[]
  /**
   * What a removed stage left in AWS, by the name of the resource: `{ StoryTable: 'stint-prod-StoryTable-abcdefgh' }`. The deployment
   * imports it instead of creating it (docs/guides/deploy.md, "Redeploy prod after its state is lost").
   */
  readonly adopt?: Adopted
  /** The cell that this stage deploys, by its ID in stint.config.ts. Required if the config has cells. */
  readonly cell?: string
  /** Values for `binding('NAME')` in stint.config.ts. */
  readonly bindings: { readonly [name: string]: string }
}

/** For a team: the same Stint with few alarms. Put `...small` into a stage. */
export const small = { monitoring: 'small' } as const satisfies Partial<Settings>

/** What `sst.config.ts` sets for each stage, in place of the defaults below. `default` is for stages that it does not name. */
export type Stages = { readonly [stage: string]: Partial<Settings> }

const prod: Settings = {
  region: 'eu-central-1',
  alarmsTo: [],
  lockDays: 400,
  reserveConcurrency: true,
  requestsPerSecond: 100,
  userPool: false,
  bindings: {},
}

/** Every other stage: like `prod`, but disposable. */
const dev: Settings = {
  region: 'eu-central-1',
  alarmsTo: [],
  reserveConcurrency: false,
  requestsPerSecond: 20,
  userPool: true,
  bindings: {},
}

export const settingsOf = (stages: Stages, stage: string): Settings => ({
  ...(stage === 'prod' ? prod : dev),
  ...(stages[stage] ?? stages.default),
})
