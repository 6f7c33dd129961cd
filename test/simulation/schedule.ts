/**
 * One schedule: its conditions, machines that come and go, and the calls that callers, people, Slack, the stream and the clock make.
 * What they do is in workload.ts; what must hold is in oracles/.
 */
import { fromStream } from '@stint/broker/adapters/dynamodb/journal-item'
import { sideTable, storyTable } from '@stint/broker/adapters/dynamodb/table'
import { handleVend } from '@stint/broker/http/vend'
import { Trouble } from '@stint/broker/ports/log'
import { handleSlack } from '@stint/broker/slack/handle'
import { notify, notifyPending } from '@stint/broker/slack/notify'
import { apiApp } from '@stint/broker/wiring/api'
import { Unreachable } from '@stint/cli/audit/sources'
import { sha256Hex } from '@stint/core/digest'
import type { RequestId } from '@stint/core/ids'
import { Count } from './count.ts'
import { Dynamo, type Item, type Write } from './dynamo.ts'
import { Edges } from './edges.ts'
import { EndQueue, HIDDEN_MS, type Message } from './end-queue.ts'
import { placeEnded } from './ended-before.ts'
import { Iam } from './iam.ts'
import {
  apiOn,
  auditRestoreOn,
  compareOn,
  endOn,
  eraseOn,
  notifierOn,
  retireOn,
  type Services,
  SIDE,
  SLACK_SECRET,
  STORY,
  shipOn,
  slackOn,
  sweepOn,
  vendOn,
} from './machines.ts'
import { type Conditions, type Machine, Network } from './network.ts'
import { Bucket } from './objects.ts'
import type { Oracles } from './oracles/index.ts'
import { sessionsIn } from './oracles/oracle.ts'
import { JOB, jobToken, personToken } from './people.ts'
import { RELEASES } from './releases.ts'
import { type SignedForm, Slack } from './slack.ts'
import { stepOf } from './steps.ts'
import { Sts } from './sts.ts'
import { Witnesses } from './witnesses.ts'
import { type Dice, diceOf, World } from './world.ts'

export type Options = {
  readonly seed: number
  /** Keeps the story. */
  readonly told?: boolean
  /** Actors, calls and faults that do not take part, by name: for shrinking. */
  readonly without?: ReadonlySet<string>
  /** What the side table has at first: how far the keepers have come. */
  readonly side?: ReadonlyMap<string, Item>
}

export type Answer = { readonly status: number; readonly text: string; readonly json: Json; readonly etag?: string | undefined }
export type Json = any

/** A call of the vend path as its caller knows it. */
export type VendCall = {
  readonly id: string
  readonly started: number
  readonly subject: string
  readonly issuer: 'lab' | 'ci'
  readonly profile: string
  readonly by: 'sessions' | 'credentials'
  readonly requestId?: string | undefined
  readonly key?: string | undefined
  /** The SHA-256 of its body. */
  readonly fingerprint: string
  /** The `duration` of its body, in seconds. */
  readonly duration: number | undefined
  /** Who triggered the job, as its token says. */
  readonly actor?: string | undefined
  /** The ID of a single-use token. */
  readonly once?: string | undefined
  /** The session that the call renews. */
  readonly renews?: string | undefined
  /** When the token expires, in milliseconds, if its caller waits that long. */
  readonly tokenExpires?: number | undefined
  /** Its caller is not entitled to what they try. */
  readonly attack?: string | undefined
}

/** How long after its expiration a token is accepted. */
export const TOKEN_GRACE_MS = 10_000

/** For how long a sweep goes on to the next reservation, by its own clock. Not Stint's own constant. */
const SWEEP_MS = 15_000
/** Lambda's own timeouts, in milliseconds. */
const TIMEOUT_MS = {
  vend: 10_000,
  api: 25_000,
  slack: 10_000,
  notify: 60_000,
  ship: 120_000,
  sweep: 60_000,
  end: 45_000,
  compare: 600_000,
  retire: 600_000,
  erase: 600_000,
  restore: 600_000,
}
type Kind = keyof typeof TIMEOUT_MS

const SHARDS = 2
/** How much longer than usual an index can lag behind. */
export const LONGEST_LAG = 10

export class Schedule {
  readonly world: World
  readonly network: Network
  readonly conditions: Conditions
  readonly services: Services
  readonly dynamo = new Dynamo()
  readonly sts = new Sts()
  readonly iam = new Iam()
  readonly endQueue = new EndQueue()
  readonly log = new Bucket('log')
  readonly events = new Bucket('events')
  readonly slack: Slack
  readonly witnesses: Witnesses
  readonly oracles: Oracles
  /** What was reached, for the sometimes-assertions. */
  readonly reached = new Count()
  /** The release that new machines get. */
  release = 0
  epoch: number | undefined
  /** A backup of the story table, if one was made. */
  backup: ReadonlyMap<string, Item> | undefined
  /** The tokens that jobs have used, for attempts to use them again. */
  readonly jobTokens: { readonly once: string; readonly actor: string; readonly token: string }[] = []
  actors = 0
  /** The names of all actors, also of those that were taken away. */
  readonly actorNames: string[] = []
  /** The names of all calls, likewise. */
  readonly calls: string[] = []
  readonly without: ReadonlySet<string>
  /** Of machines by kind, and of calls by who makes them. */
  readonly #counts = new Count()
  readonly #pools = new Map<string, { machine: Machine; part: unknown }[]>()
  readonly #stream: { readonly shards: Write[][]; readonly next: number[] } = {
    shards: Array.from({ length: SHARDS }, () => []),
    next: Array<number>(SHARDS).fill(0),
  }
  readonly #notified: number[] = Array<number>(SHARDS).fill(0)
  readonly #edges = new Edges()
  readonly #lossy: Dice
  readonly #ttl: Dice
  readonly #mapping: Dice
  readonly #revokers: Revokers
  /** Whether a role had as many ended sessions as its policy has room for before the schedule began. */
  readonly isFull: boolean

  constructor({ seed, told = false, without = new Set(), side }: Options, oracles: (schedule: Schedule) => Oracles) {
    this.world = new World(seed, told)
    this.without = without
    const world = this.world
    this.conditions = conditionsOf(world, world.dice('weather'))
    this.network = new Network(world, this.conditions, without)
    this.slack = new Slack(world, SLACK_SECRET)
    this.witnesses = new Witnesses(world, this.network)
    this.#lossy = world.dice('stream')
    this.#ttl = world.dice('time to live')
    this.#mapping = world.dice('event source mapping')
    this.#revokers = revokersOf(world, world.dice('revokers'))
    const { network, dynamo, sts, iam, endQueue, log, events, slack, witnesses } = this
    const stsOdd = this.conditions.broken === 0 ? 0 : world.dice('sts').pick([0, 0.1, 0.3])
    this.services = {
      world,
      network,
      dynamo,
      sts,
      iam,
      endQueue,
      log,
      events,
      slack,
      witnesses,
      clockOf: (machine) => this.#clockOf(machine),
      releases: RELEASES,
      epoch: () => this.epoch,
      stsRefusal: ({ call, kind }) => {
        const isOdd = call.dice.chance(network.healing ? 0 : stsOdd)
        const odd = isOdd ? call.dice.pick(['AccessDenied', 'Throttling', 'InternalFailure'] as const) : undefined
        const refusal = kind === 'end' && this.#isRevokerDown ? 'AccessDenied' : odd
        if (refusal) network.mishaps.push({ name: `${call.name}/refused`, what: 'refused', step: `AssumeRole ${refusal}`, at: world.now })
        return refusal
      },
      iamLagMs: ({ call }) => (call.dice.chance(0.3) ? call.dice.int(network.healing ? 1000 : this.#revokers.lagMs) : 0),
      onMessage: ({ kind }) => {
        this.oracles.onMessage(network.acting?.name ?? '')
        if (kind === 'sweep') this.reached.add('the sweeper sends the message of an end again')
        world.after(20, () => this.#deliverEnds())
      },
      // A send that follows another one takes the time again: what the condition is about may have ended meanwhile.
      onTime: (machine, now) => {
        if (now < this.#clockOf(machine)) this.oracles.fault('uses', `${machine.call.name} is conditional on an earlier time than its own`)
      },
      overSdk: seed % 32 === 0,
      reach: (what) => this.reached.add(what),
      onLog: (machine, line) => this.oracles.onLine(machine, line),
    }
    dynamo.create(storyTable(STORY))
    dynamo.create(sideTable(SIDE))
    if (side) dynamo.restore(SIDE, side)
    const recreated = world.dice('roles')
    if (recreated.chance(0.15))
      world.after(recreated.int(recreated.pick([60_000, 1_000_000])), () => {
        sts.roleId = 'AROACREATEDAGAIN'
      })
    this.isFull = placeEnded(this, world.dice('ended before'))
    const placed = dynamo.backup(SIDE)
    // Placed long ago, so every read knows of it.
    dynamo.restore(SIDE, placed)
    for (const [id, after] of placed) this.#expireLater({ id, after })
    this.oracles = oracles(this)
    dynamo.onWrite = (write) => this.#onWrite(write)
    dynamo.onCall = (operation, input, outcome) => {
      if (!('error' in outcome) || outcome.error.name !== 'ConditionalCheckFailedException') return
      const [step, { lost, returned } = {}] = [stepOf(operation, input), network.acting]
      if (lost?.has(step)) returned?.add(step)
      if (step === 'session.issued' && sessionsIn(outcome.error.item).some(({ state }) => state === 'abandoned'))
        this.reached.add('a session is abandoned before its record arrives')
    }
    sts.onAssume = (session) => this.oracles.onAssume(session)
    iam.onPut = (put) => this.oracles.onPolicyPut(put)
    iam.onGet = (roleArn, document) => this.oracles.onPolicyRead(roleArn, document)
    iam.onCaller = ({ changedInAnswer }) => {
      if (changedInAnswer !== undefined)
        this.oracles.fault('immediate-ends', `IAM is called with a session whose answer had ${changedInAnswer}`)
    }
    iam.onOlder = () => this.reached.add('IAM returns an older policy than the last one that was written')
    for (const bucket of [log, events]) bucket.onWrite = (path, before, after) => this.oracles.onObject(bucket.name, path, before, after)
  }

  #onWrite(write: Write): void {
    const { world, network, dynamo } = this
    this.oracles.onWrite(write)
    if (write.table === STORY && write.after) this.#edges.learn(write.after, this.world.now)
    const lag = network.healing
      ? 1
      : Math.floor(this.conditions.indexLagMs * (this.#lossy.int(1000) / 1000) * (this.#lossy.chance(0.05) ? LONGEST_LAG : 1))
    world.after(lag, () => dynamo.index(write))
    if (write.table === SIDE) this.#expireLater(write)
    const isLost = this.#lossy.chance(this.conditions.streamLoss)
    if (write.table !== STORY || (isLost && !network.healing)) return
    this.#stream.shards[write.id.charCodeAt(write.id.length - 1) % SHARDS]?.push(write)
  }

  /** DynamoDB deletes an item soon after the time that its TTL says, unless a later write has put that off. */
  #expireLater({ id, after }: Pick<Write, 'id' | 'after'>): void {
    const { world, dynamo } = this
    const end = Number(after?.expires?.N) * 1000
    if (Number.isNaN(end)) return
    world.after(Math.max(0, end - world.now) + this.#ttl.pick([1000, 60_000, 600_000]), () => {
      if (Number(dynamo.item(SIDE, id)?.expires?.N) * 1000 <= world.now) dynamo.expire(SIDE, id)
    })
  }

  // ── Machines ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #machine(kind: string): Machine {
    const name = this.#next(kind)
    const dice = this.world.dice(`machine ${name}`)
    const { skewMs, clockJump } = this.conditions
    const skew = () => (this.network.healing || skewMs === 0 ? 0 : dice.int(2 * skewMs) - skewMs)
    const machine: Machine = {
      name,
      kind,
      alive: true,
      busy: false,
      skewMs: skew(),
      pace: dice.chance(0.1) ? 5 : 1,
      release: this.release,
      call: { name: '', dice, made: 0, lost: new Set(), returned: new Set() },
      onDeath: undefined,
    }
    if (dice.chance(clockJump))
      this.world.after(dice.int(600_000), () => {
        if (!this.network.healing) machine.skewMs = skew()
      })
    return machine
  }
  /**
   * Right but for its skew; or, in some calls near an edge, exactly the edge. So a clock can also go back during a call, and is never further
   * off than the skew that the schedule allows.
   */
  #clockOf(machine: Machine): number {
    const { now } = this.world
    const [edge, shown] = [this.#edges.near(now), now + machine.skewMs]
    const isNear = edge !== undefined && edge !== shown && machine.busy && Math.abs(edge - now) <= this.conditions.skewMs
    if (!isNear || !this.network.clockStands(machine.call)) return shown
    this.reached.add('a clock stands still at the end of something')
    return edge
  }
  /** A machine that is free, or a new one. Old releases go on for a while beside new ones. */
  #free<T>(kind: string, make: (machine: Machine) => T): { machine: Machine; part: T } {
    const pool = this.#pools.get(kind) ?? []
    this.#pools.set(kind, pool)
    const found = pool.find(({ machine }) => machine.alive && !machine.busy && (machine.release === this.release || !this.network.healing))
    if (found) return found as { machine: Machine; part: T }
    const machine = this.#machine(kind)
    const made = { machine, part: make(machine) }
    pool.push(made)
    return made
  }
  /** Runs a call on a machine until it ends, the machine dies, or the function times out. Undefined if there is no result. */
  #work<T>(machine: Machine, kind: Kind, name: string, work: () => Promise<T>): Promise<T | undefined> {
    const { world } = this
    machine.busy = true
    machine.call = { name, dice: diceOf(world.seed, name), made: 0, lost: new Set(), returned: new Set() }
    return new Promise<T | undefined>((resolve) => {
      const timeout = world.after(TIMEOUT_MS[kind], () => {
        this.network.crash(machine, 'at its timeout')
        resolve(undefined)
      })
      const over = (value: T | undefined) => {
        timeout.cancelled = true
        machine.busy = false
        machine.onDeath = undefined
        resolve(value)
      }
      machine.onDeath = () => over(undefined)
      work().then(
        (value) => machine.alive && over(value),
        (error: Error) => {
          if (!machine.alive) return
          this.oracles.fault('bug', `${machine.name} threw ${error.stack?.split('\n').slice(0, 4).join(' | ')}`)
          over(undefined)
        },
      )
    })
  }
  /** Counted by kind, so that one that is taken away renames no others. */
  #next(kind: string): string {
    this.#counts.add(kind)
    return `${kind}${this.#counts.of(kind)}`
  }

  // ── Calls ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A call of the vend path, and its answer if it arrives. */
  async vend(
    by: string,
    call: Omit<VendCall, 'id' | 'started' | 'fingerprint' | 'duration'>,
    token: string,
    body: { readonly duration?: number | undefined; readonly [name: string]: unknown } = {},
  ): Promise<Answer | undefined> {
    if (!this.#takesPlace(by)) return undefined
    if (call.tokenExpires !== undefined) this.#edges.add(call.tokenExpires + TOKEN_GRACE_MS)
    const { machine, part } = this.#free('vend', (one) => vendOn(this.services, one))
    const isPost = call.by === 'sessions'
    const sent = isPost ? JSON.stringify(body) : ''
    const known: VendCall = { ...call, id: by, started: this.world.now, fingerprint: sha256Hex(sent), duration: body.duration }
    const headers = new Map<string, string[]>([
      ['authorization', [`Bearer ${token}`]],
      ['content-type', ['application/json']],
      ...(call.key === undefined ? [] : [['idempotency-key', [call.key]] as [string, string[]]]),
    ])
    const request = {
      method: isPost ? 'POST' : 'GET',
      path: call.renews !== undefined ? `/sessions/${call.renews}/credentials` : isPost ? '/sessions' : `/credentials/${call.profile}`,
      query: '',
      headers,
      body: Buffer.from(sent),
      sourceIp: '203.0.113.7',
    }
    const working = this.#work(machine, 'vend', by, () => handleVend(part, request))
    const { returned } = machine.call
    const reply = await working
    if (!reply) return undefined
    for (const step of reply.status < 300 ? returned : []) this.reached.add(`a lost ${step} is found to be our own`)
    const answer = { status: reply.status, text: reply.body, json: jsonOf(reply.body) }
    this.world.say(
      `${by}: ${call.subject} gets ${answer.status} ${answer.json.code ?? answer.json.Code ?? answer.json.state ?? ''} for ${call.renews ?? call.requestId ?? call.profile}`,
    )
    this.oracles.onVended(known, answer)
    return this.#arrives(by) ? answer : undefined
  }
  /** A call of the API by a person. */
  async api(
    by: string,
    method: string,
    path: string,
    subject: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer | undefined> {
    if (!this.#takesPlace(by)) return undefined
    const started = this.world.now
    const { machine, part } = this.#free('api', (one) => apiApp(apiOn(this.services, one)))
    const request = new Request(`http://stint${path}`, {
      method,
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (path.endsWith('everyEarlierSession=end')) this.oracles.onEarlierWanted(by, subject)
    const token = subject === JOB ? jobToken(by, '77', this.world.now) : personToken(subject, this.world.now)
    const bindings = { authorization: [`Bearer ${token}`], sourceIp: '203.0.113.8' }
    const answer = await this.#work(machine, 'api', by, async () => {
      const response = await part.fetch(request, bindings)
      const text = await response.text()
      return { status: response.status, text, json: jsonOf(text), etag: response.headers.get('etag') ?? undefined }
    })
    if (!answer) return undefined
    this.world.say(`${by}: ${subject} ${method} ${path} gets ${answer.status} ${answer.json.code ?? answer.json.state ?? ''}`)
    const more = {
      key: headers['idempotency-key'],
      fingerprint: sha256Hex(JSON.stringify(body ?? '')),
      ifMatch: headers['if-match'],
    }
    this.oracles.onAnswered({ id: by, started, subject, method, path, ...more }, answer)
    return this.#arrives(by) ? answer : undefined
  }
  /** A request that Slack sends. Slack sends it again if it gets no answer. */
  async slackSends(by: string, { path, body, headers }: SignedForm, attack?: string): Promise<Answer | undefined> {
    if (!this.#takesPlace(by)) return undefined
    const { machine, part } = this.#free('slack', (one) => slackOn(this.services, one))
    const request = {
      method: 'POST',
      path,
      query: '',
      headers: new Map(Object.entries(headers).map(([name, value]): [string, string[]] => [name, [value]])),
      body: Buffer.from(body),
      sourceIp: '203.0.113.9',
    }
    const reply = await this.#work(machine, 'slack', by, () => handleSlack(part, request))
    if (reply) this.world.say(`${by}: Slack gets ${reply.status}`)
    if (attack !== undefined && reply && reply.status < 400) this.oracles.fault('slack', `${by}: a form with ${attack} is accepted`)
    if (reply && reply.status >= 500 && reply.status !== 503) this.oracles.fault('bug', `Slack gets ${reply.status}: ${reply.body}`)
    return reply && { status: reply.status, text: reply.body, json: jsonOf(reply.body) }
  }
  #takesPlace(by: string): boolean {
    this.calls.push(by)
    return !this.without.has(by)
  }
  /** Whether the answer of Stint reaches its caller: credentials have left all the same. */
  #arrives(by: string): boolean {
    return this.network.healing || !diceOf(this.world.seed, `${by} answer`).chance(this.conditions.broken)
  }

  // ── Background jobs ────────────────────────────────────────────────────────────────────────────────────────────────

  async sweep(): Promise<Awaited<ReturnType<typeof sweepOn>> | undefined> {
    const machine = this.#machine('sweep')
    const started = this.world.now
    const swept = await this.#work(machine, 'sweep', this.#next('sweep'), () => sweepOn(this.services, machine))
    // A clock that jumps further than a sweep lasts can end its parts at once. The next sweep does the rest.
    const hadTime = this.network.healing || 2 * this.conditions.skewMs < SWEEP_MS
    if (swept && swept.fault === undefined && hadTime) this.oracles.onSwept(started)
    return swept
  }
  /** Lambda's event source mapping: batches in order per shard, again if they failed, and sometimes again if they did not. */
  async ship(shard: number): Promise<void> {
    const { shards, next } = this.#stream
    const from = next[shard] as number
    const name = this.#next('ship')
    const dice = diceOf(this.world.seed, `${name} batch`)
    const batch = (shards[shard] as Write[]).slice(from, from + 1 + dice.int(40))
    if (batch.length === 0) return
    const machine = this.#machine('ship')
    const shipped = await this.#work(machine, 'ship', name, () =>
      shipOn(
        this.services,
        machine,
        batch.flatMap((write) => journalOf(write) ?? []),
      ),
    )
    const again = !this.network.healing && dice.chance(0.1)
    if (shipped?.outcome === 'done' && !again) next[shard] = Math.max(next[shard] as number, from + batch.length)
    else if (again) this.reached.add('the stream delivers a batch again')
  }
  // ── The queue of ends ──────────────────────────────────────────────────────────────────────────────────────────────

  get #isRevokerDown(): boolean {
    const { now } = this.world
    return !this.network.healing && this.#revokers.down.some(({ from, to }) => now >= from && now < to)
  }
  /** Lambda's event source mapping: takes batches as long as there are any, each on an instance of its own. */
  #deliverEnds(): void {
    const { world, endQueue } = this
    const dead = endQueue.dead.length
    for (;;) {
      const batch = endQueue.receive(world.now, 1 + this.#mapping.int(10))
      if (endQueue.dead.length > dead) this.reached.add('the message of an end becomes a dead letter')
      if (batch.length === 0) return
      void this.#runEnd(batch)
      world.after(HIDDEN_MS + 1, () => this.#deliverEnds())
    }
  }
  async #runEnd(batch: readonly Message[]): Promise<void> {
    const { machine, part } = this.#free('end', (one) => endOn(this.services, one))
    if (batch.some(({ received }) => received > 1)) this.reached.add('the message of an end is delivered again')
    const Records = batch.map(({ id, body }) => ({ messageId: id, body }))
    const answer = await this.#work(machine, 'end', this.#next('end'), () => part({ Records } as never))
    // Without an answer, the whole batch comes again.
    if (!answer) return
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    const isLost = !this.network.healing && this.#mapping.chance(0.1)
    for (const message of batch) if (!failed.has(message.id) && !isLost) this.endQueue.delete(message)
    // What waited for a message that is gone.
    if (failed.size === 0 && !isLost) this.#deliverEnds()
  }
  async notify(shard: number): Promise<void> {
    const from = this.#notified[shard] as number
    const batch = (this.#stream.shards[shard] as Write[]).slice(from, from + 20)
    const machine = this.#machine('notify')
    const done = await this.#work(machine, 'notify', this.#next('notify'), async () => {
      const parts = notifierOn(this.services, machine)
      try {
        if (batch.length > 0)
          await notify(
            parts,
            batch.flatMap((write) => journalOf(write) ?? []),
          )
        else await notifyPending(parts, false)
        return true
      } catch {
        return false
      }
    })
    if (done) this.#notified[shard] = from + batch.length
  }
  /** Whether the notifier has seen all that the stream brought. */
  get isNotified(): boolean {
    return this.#stream.shards.every((all, shard) => (this.#notified[shard] as number) >= all.length)
  }
  compare(): Promise<Awaited<ReturnType<typeof compareOn>> | undefined> {
    const machine = this.#machine('compare')
    return this.#work(machine, 'compare', this.#next('compare'), () => compareOn(this.services, machine, () => true))
  }
  retire(): Promise<Awaited<ReturnType<typeof retireOn>> | undefined> {
    const machine = this.#machine('retire')
    return this.#work(machine, 'retire', this.#next('retire'), () => retireOn(this.services, machine))
  }
  /** Undefined if it did not end, or could not read or write. */
  auditRestore(): Promise<Awaited<ReturnType<typeof auditRestoreOn>> | undefined> {
    const machine = this.#machine('restore')
    return this.#work(machine, 'restore', this.#next('restore'), () =>
      auditRestoreOn(this.services, machine).catch((error: Error) => {
        if (error instanceof Trouble || error instanceof Unreachable) return undefined
        throw error
      }),
    )
  }
  async erase(request: RequestId): Promise<string | undefined> {
    const machine = this.#machine('erase')
    const erased = await this.#work(machine, 'erase', this.#next('erase'), () =>
      eraseOn(this.services, machine, request).catch((error: Error) => {
        if (error.constructor.name === 'Trouble') return { outcome: 'unknown' as const, cause: error.message }
        throw error
      }),
    )
    return erased?.outcome
  }
  /** The keepers have run every hour of days on which nothing happened: they have come that much further. */
  passQuietDays(days: number): void {
    const later = (to = '') => new Date(Date.parse(to.slice(0, 10)) + days * 86_400_000).toISOString().slice(0, 10)
    const rows = [...this.dynamo.backup(SIDE)].map(([id, item]): [string, Item] =>
      item.to?.S !== undefined && id.startsWith('KEEP#') ? [id, { ...item, to: { S: later(item.to?.S) } }] : [id, item],
    )
    this.dynamo.restore(SIDE, new Map(rows))
  }
  /** New machines get the next release. For about half of the functions, idle machines are replaced at once; the others keep running. */
  deploy(): void {
    const dice = this.world.dice('deployment')
    this.release = 1
    for (const pool of this.#pools.values()) if (dice.chance(0.5)) for (const { machine } of pool) machine.alive &&= machine.busy
    this.world.say('a deployment')
    this.reached.add('a deployment beside calls')
  }
  /** Whether the log has all that the stream brought. */
  get isShipped(): boolean {
    return this.#stream.shards.every((all, shard) => (this.#stream.next[shard] as number) >= all.length)
  }
  get shards(): readonly number[] {
    return this.#stream.next.map((_next, shard) => shard)
  }
  /** Another table takes the table's place, and every machine is replaced, as by the deployment that this takes. */
  restore(backup: ReadonlyMap<string, Item>): void {
    this.dynamo.restore(STORY, backup)
    this.epoch = this.world.now
    for (const pool of this.#pools.values()) for (const { machine } of pool) machine.alive = false
    this.#pools.clear()
  }
  /** The IDs of requests that wait. */
  pendingRequests(): readonly string[] {
    return this.storyItems().flatMap(({ id, state }) => (id?.S?.startsWith('req_') && state?.S === 'pending' ? [id.S] : []))
  }
  storyItems(): readonly Item[] {
    return this.dynamo.items(STORY)
  }

  // ── Actors ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts an actor, unless it was taken away. */
  actor(name: string, act: () => Promise<void>): void {
    if (name !== 'end') this.actorNames.push(name)
    if (this.without.has(name)) return
    this.actors++
    act()
      .catch((error: Error) => this.oracles.fault('simulation', `${name}: ${error.stack?.split('\n').slice(0, 3).join(' | ')}`))
      .finally(() => this.actors--)
  }
}

function conditionsOf(world: World, dice: Dice): Conditions {
  const { now } = world
  const calm = dice.chance(0.15)
  const wild = dice.chance(0.1)
  const none = <T>(all: readonly T[], zero: T): T => {
    const drawn = dice.pick(all)
    return calm ? zero : drawn
  }
  const outage = () => {
    const from = now + dice.int(dice.pick([300, 5000, 100_000, 1_000_000]))
    return {
      from,
      to: from + dice.pick([100, 1500, 8000, 40_000, 300_000]),
      service: dice.pick([undefined, 'dynamodb', 'sts', 's3', 'slack', 'jwks', 'kms', 'iam', 'sqs']),
    }
  }
  const outages = Array.from({ length: dice.int(4) }, outage)
  // Few calls go to these, so that they meet few faults otherwise.
  const ends = world.dice('services of ends')
  const worse = () => ({ broken: ends.pick([0, 0.15, 0.5]), crash: ends.pick([0, 0, 0.15]) })
  return {
    of: calm ? {} : { iam: worse(), sqs: worse() },
    broken: none([0, 0.01, 0.05, 0.15], 0),
    slow: none([0, 0.02, 0.1], 0),
    crash: none([0, 0.005, 0.02, 0.05], 0),
    pause: none([0, 0, 0.02], 0),
    skewMs: none([0, 500, 5000, wild ? 25_000 : 0], 0),
    clockJump: none([0, 0.3], 0),
    indexLagMs: dice.pick([5, 50, 1000, 10_000]),
    streamLoss: none([0, 0, 0.1], 0),
    outages: calm ? [] : outages,
  }
}

/** How late IAM's reads are, and when revokers are refused, as if the kit was not deployed. */
type Revokers = { readonly lagMs: number; readonly down: readonly { readonly from: number; readonly to: number }[] }

function revokersOf({ now }: World, dice: Dice): Revokers {
  const lagMs = dice.pick([500, 4000, 20_000])
  const from = now + dice.int(dice.pick([5000, 300_000]))
  const down = { from, to: from + dice.pick([20_000, 100_000, 600_000]) }
  return { lagMs, down: dice.chance(0.2) ? [down] : [] }
}

const journalOf = ({ before, after }: Write) =>
  fromStream({ ...(after ? { NewImage: after } : {}), ...(before ? { OldImage: before } : {}) } as never)
function jsonOf(text: string): Json {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}
