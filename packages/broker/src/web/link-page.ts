/** The page on which a person links their Slack user. */

import type { Caller } from '@stint/core/identity/caller'
import { linkedOf } from '@stint/core/identity/link'
import { withIdentity } from '@stint/core/identity/shown'
import { refused } from '@stint/core/outcome'
import { minute } from '@stint/core/request/summary'
import { shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { linking } from '../approvals/link.ts'
import { type Api, type ApiBroker, answer, type Ctx, unavailable } from '../http/context.ts'
import { codeUnknown } from '../http/links.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import type { Grant, WithGrant } from './grant.ts'
import { me, say, sayTo, show, table } from './layout.ts'

export function linkPages(app: Api, broker: ApiBroker, withGrant: WithGrant) {
  const { rules } = broker
  const links = linking(broker.ledger, broker.random)

  async function linkPage(c: Ctx, caller: Caller, grantWith: (more: Partial<Grant>) => string): Promise<Response> {
    const found = await links.ofPerson(caller)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause))
    const pending = found.value?.pending
    if (pending && pending.expiresAt > c.get('now')) {
      const { team, user, name } = pending.slack
      return show(
        c,
        'Is this you?',
        html`<p>This Slack user entered your code. Confirm only if it is you. Slack users choose their own names: compare the user ID.</p>
${table([
  ['Slack user', withIdentity(name, user)],
  ['Workspace', shownLine(team)],
  ['Will act as', me(caller)],
])}
<form method="post" action="/link"><input type="hidden" name="grant" value="${grantWith({ slack: { team, user } })}">
<button name="act" value="confirm">Yes, that is me</button> <button name="act" value="deny">No, that is not me</button></form>`,
      )
    }
    return codePage(c, caller)
  }

  /** Shows a new code. The previous code, and any Slack user who entered it, is no longer valid. */
  async function codePage(c: Ctx, caller: Caller): Promise<Response> {
    const offered = await links.offer(linkedOf(caller), c.get('now'))
    if (offered.outcome === 'unknown') return say(c, codeUnknown(offered.cause))
    if (offered.outcome === 'refused') return say(c, offered)
    return show(
      c,
      'Link your Slack user',
      html`<p>Enter this in Slack within ten minutes. Then return to this page and confirm that it was you.</p>
<p><code>/stint link ${offered.value.code}</code></p><p><a href="/link">I have entered it</a></p>
<p>Keep this code secret: anyone who enters it can ask to act as ${me(caller)} in Slack.</p>`,
    )
  }

  answer(app, 'POST /link', (c) =>
    withGrant(c, async (grant, caller, form) => {
      if (rules.slack && form.get('act') === 'deny') return codePage(c, caller)
      if (!grant.slack || !rules.slack) return say(c, refused('link-unknown', 'This page has no Slack user to confirm.'))
      const origin = { source: c.env.sourceIp, token: caller.token.hash }
      const made = await links.confirm(linkedOf(caller), grant.slack, c.get('now'), origin)
      if (made.outcome === 'unknown')
        return say(c, outcomeUnknown(made.cause, 'the link was made', 'Enter /stint status in Slack to see your link.'))
      if (made.outcome === 'refused') return sayTo(broker, c, caller, made)
      const { active } = made.value
      return show(
        c,
        'Linked',
        html`<p>${active ? withIdentity(active.slack.name, active.slack.user) : ''} in Slack now acts as ${me(caller)}, until ${minute(active?.expiresAt ?? 0)}. You can decide from Slack in ten minutes. To end the link, enter <code>/stint unlink</code> in Slack.</p>`,
      )
    }),
  )

  return linkPage
}
