/** `stint approve`, `deny`, `cancel`, `revoke` and `review`. */
import { defined } from '@stint/core/defined'
import { brokerFor } from '../broker/broker.ts'
import type { RequestView } from '../broker/views.ts'
import type { Context } from '../context.ts'
import { Failure } from '../frame/failure.ts'
import type { BrokerFlags } from '../frame/flags.ts'
import type { Run } from '../frame/run.ts'
import { askText, canAsk } from '../frame/terminal.ts'
import { jsonLine } from '../output.ts'
import { endedText } from './ended.ts'
import { requestText } from './words.ts'

type DecisionFlags = BrokerFlags & { readonly comment?: string }
type ApproveFlags = DecisionFlags & {
  readonly duration?: string
  readonly uses?: number
  readonly window?: string
  readonly yes: boolean
}

const done = { approve: 'Approved', deny: 'Denied', cancel: 'Cancelled', revoke: 'Revoked', review: 'Reviewed' } as const
type Act = keyof typeof done

async function send(context: Context, flags: BrokerFlags, act: Act, id: string, body: object, version?: string): Promise<void> {
  const { stdout, stderr } = context.process
  const broker = await brokerFor(context, flags)
  const headers = version === undefined ? {} : { 'if-match': version }
  const request = (await broker.call('POST', `/requests/${encodeURIComponent(id)}/${act}`, { body, headers }))
    .body as unknown as RequestView
  if (flags.json) return void stdout.write(jsonLine(request))
  if (flags.quiet) return
  const missing = request.approval.reduce((sum, rule) => sum + rule.missing, 0)
  const more =
    act === 'approve' && request.state === 'pending' ? ` ${missing} more ${missing === 1 ? 'approval is' : 'approvals are'} needed.` : ''
  stderr.write(`${done[act]} ${request.id}; the request is ${request.state}.${more}\n`)
  const works = new Map(request.live.map((session) => [session.id, session.expiresAt]))
  for (const session of act === 'revoke' ? request.sessions : [])
    if (session.state === 'ended' && works.has(session.id))
      stderr.write(endedText({ ...session, ...defined({ credentialsExpireBy: works.get(session.id) }) }, Date.now()))
}

export const decide =
  (act: 'deny' | 'cancel' | 'revoke'): Run<DecisionFlags, [string]> =>
  (context, flags, id) =>
    send(context, flags, act, id, flags.comment === undefined ? {} : { comment: flags.comment })

/** Shows the request before it is approved: on a terminal it asks, elsewhere it needs --yes. The approval holds for what was shown. */
export async function approve(context: Context, flags: ApproveFlags, id: string): Promise<void> {
  const { comment, duration, uses, window } = flags
  const limits = {
    ...defined({ comment, duration, uses, window }),
  }
  const broker = await brokerFor(context, flags)
  const { body, headers } = await broker.call('GET', `/requests/${encodeURIComponent(id)}`)
  if (!flags.yes) {
    if (!canAsk(context))
      throw new Failure('usage', 'Cannot ask for confirmation without a terminal.', {
        next: `Read it, then approve: stint show ${id} && stint approve ${id} --yes`,
      })
    context.process.stderr.write(requestText(body as RequestView, Date.now()))
    const answer = await askText(context, 'Approve? (yes/no)', (value) => (/^(yes|no)$/i.test(value.trim()) ? undefined : 'yes or no'))
    if (answer.trim().toLowerCase() !== 'yes')
      throw new Failure('failed', 'Not approved. The request stays open.', { next: `To deny it: stint deny ${id}` })
  }
  await send(context, flags, 'approve', id, limits, headers.etag)
}

export const review = (context: Context, flags: BrokerFlags & { readonly text: string }, id: string): Promise<void> =>
  send(context, flags, 'review', id, { text: flags.text })
