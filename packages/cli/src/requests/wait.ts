/** Waits until a request is decided. Ctrl-C leaves the request open, and says how to continue. */
import { ruleInWords } from '@stint/core/request/approver-words'
import type { Broker } from '../broker/broker.ts'
import type { RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import { liveLine } from '../frame/terminal.ts'
import { fromNow } from '../frame/words.ts'
import { shownLine } from '../output.ts'

/** The broker answers when something changes, at the latest after this time. */
const LOOK_SECONDS = 20
/** Time for the broker to answer after that. */
const SPARE_MS = 30_000

type WaitOptions = { readonly seconds: number; readonly quiet: boolean; readonly json?: boolean; readonly resume: string }

export async function waitForDecision(context: Context, broker: Broker, id: string, options: WaitOptions): Promise<RequestView> {
  const { process } = context
  const deadline = Date.now() + options.seconds * 1000
  const line = liveLine(context, options.quiet)
  const interruption = new AbortController()
  const stopped = new Promise<never>((_resolve, reject) => {
    interruption.signal.addEventListener('abort', () =>
      reject(
        new Failure('interrupted', `Interrupted. The request ${id} stays open.`, {
          requestId: id,
          next: `Continue with: ${options.resume}`,
        }),
      ),
    )
  })
  stopped.catch(() => {})
  const onSignal = () => interruption.abort()
  process.once('SIGINT', onSignal)
  let request: RequestView | undefined
  const startedAt = Date.now()
  const ticking = setInterval(() => line.show(waitingLine(request, startedAt)), 1000)
  try {
    for (let first = true; ; first = false) {
      const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000))
      const wait = first ? 0 : Math.min(LOOK_SECONDS, left)
      const call = broker.call('GET', `/requests/${encodeURIComponent(id)}`, {
        headers: wait > 0 ? { prefer: `wait=${wait}` } : {},
        timeoutMs: wait * 1000 + SPARE_MS,
        signal: interruption.signal,
      })
      call.catch(() => {}) // After an interruption, nobody reads it.
      const found = (await Promise.race([call, stopped])).body as RequestView
      if (first && !options.quiet) announce(context, broker, found)
      request = found
      if (found.state !== 'pending') return found
      if (!first && Date.now() >= deadline)
        throw new Failure('waiting', `The request ${id} is still waiting for approval.`, {
          requestId: id,
          next: `Continue with: ${options.resume}`,
        })
    }
  } finally {
    clearInterval(ticking)
    line.clear()
    process.removeListener('SIGINT', onSignal)
  }
}

const waitingLine = (request: RequestView | undefined, startedAt: number): string => {
  const seconds = Math.floor((Date.now() - startedAt) / 1000)
  const missing = request?.approval.reduce((sum, rule) => sum + rule.missing, 0) ?? 0
  const expires = request?.expiresAt === undefined ? '' : `, expires ${fromNow(request.expiresAt, Date.now())}`
  return `Waiting for approval: ${missing} missing${expires} (${seconds}s). Ctrl-C leaves it open`
}

function announce({ process: { stderr } }: Context, { url }: Broker, request: RequestView): void {
  if (request.state !== 'pending') return
  const rules = request.approval.map(ruleInWords)
  stderr.write(
    `Request ${request.id} is waiting for approval.\n  Who can approve: ${shownLine(rules.join(' and '), 500)}\n  To approve: ${url}/decide/${request.id}, or stint approve ${request.id}\n`,
  )
}

/** What a decided request means for somebody who wants to use it. */
export function approvedOrThrow(request: RequestView): RequestView {
  if (request.state === 'approved') return request
  const by = request.decidedBy === undefined ? '' : ` by ${shownLine(request.decidedBy.name)}`
  const why = request.decisionComment === undefined ? '.' : `: ${shownLine(request.decisionComment)}`
  const exit = request.state === 'denied' || request.state === 'revoked' ? 'denied' : 'failed'
  throw new Failure(exit, `The request ${request.id} is ${request.state}${by}${why}`, {
    requestId: request.id,
    next: `Read it: stint show ${request.id}`,
  })
}
