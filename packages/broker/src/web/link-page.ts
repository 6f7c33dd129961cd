/** The page on which a person links their Slack user. */

import { linkedOf } from '@stint/core/identity/link'
import { withIdentity } from '@stint/core/identity/shown'
import { refused } from '@stint/core/outcome'
import { shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { linking } from '../approvals/link.ts'
import { type Api, type ApiBroker, answer, type Ctx, refuse, unavailable } from '../http/context.ts'
import { codeUnknown } from '../http/links.ts'
import { outcomeUnknown } from '../vend/unknown-outcome.ts'
import { csrfField, me, type Refusals, type Show, table, type Visit } from './layout.ts'
import { noPages, type Visits } from './visits.ts'
import { copyLine, dateTime } from './words.ts'

export function linkPages(app: Api, broker: ApiBroker, show: Show, { say, sayTo }: Refusals, visits: Visits): void {
  const { rules } = broker
  const links = linking(broker.ledger, broker.random)

  answer(app, 'GET /link', (c) =>
    rules.slack
      ? visits.visit(c, async (visit) => (await visits.stale(c, visit, '/link')) ?? linkPage(c, visit), true)
      : refuse(c, noPages),
  )

  async function linkPage(c: Ctx, visit: Visit): Promise<Response> {
    const found = await links.ofPerson(visit.caller)
    if (found.outcome === 'unknown') return say(c, unavailable(found.cause), visit)
    const pending = found.value?.pending
    if (!pending || pending.expiresAt <= c.get('now')) return startPage(c, visit)
    const { team, user, name } = pending.slack
    return show(c, {
      title: 'Is this you?',
      visit,
      body: html`<p>This Slack user entered your code. Confirm only if it is you. Slack users choose their own names: compare the user ID.</p>
${table([
  ['Slack user', withIdentity(name, user)],
  ['Workspace', shownLine(team)],
  ['Will act as', me(visit.caller)],
])}
<form method="post" action="/link">${csrfField(visit)}<input type="hidden" name="team" value="${team}"><input type="hidden" name="user" value="${user}">
<div class="buttons"><button name="act" value="confirm" class="primary">Yes, that is me</button><button name="act" value="deny">No, that is not me</button></div></form>`,
    })
  }

  /** A GET changes nothing: another site can make a browser send one. */
  const startPage = (c: Ctx, visit: Visit) =>
    show(c, {
      title: 'Link your Slack user',
      visit,
      body: html`<p>Get a code and enter it in Slack. If you have already entered one, reload this page to confirm your Slack user.</p>
<form method="post" action="/link">${csrfField(visit)}<div class="buttons"><button name="act" value="code" class="primary">Get a code</button></div></form>
<p>A new code replaces the one before.</p>`,
    })

  /** Shows a new code. The previous code, and any Slack user who entered it, is no longer valid. */
  async function codePage(c: Ctx, visit: Visit, said?: string): Promise<Response> {
    const offered = await links.offer(linkedOf(visit.caller), c.get('now'))
    if (offered.outcome === 'unknown') return say(c, codeUnknown(offered.cause), visit)
    if (offered.outcome === 'refused') return say(c, offered, visit)
    return show(c, {
      title: 'Link your Slack user',
      visit,
      body: html`${said === undefined ? '' : html`<p class="said" role="status">${said}</p>`}<p>Enter this in Slack within ten minutes. Then return to this page and confirm that it was you.</p>
${copyLine(`/stint link ${offered.value.code}`)}<p><a class="button" href="/link">I have entered it</a></p>
<p>Keep this code secret: anyone who enters it can ask to act as ${me(visit.caller)} in Slack.</p>`,
    })
  }

  answer(app, 'POST /link', (c) =>
    visits.form(c, async (visit, form) => {
      const stale = await visits.stale(c, visit, '/link')
      if (stale) return stale
      const act = form.get('act')
      if (rules.slack && act === 'code') return codePage(c, visit)
      if (rules.slack && act === 'deny') return codePage(c, visit, 'That Slack user was not linked. Here is a new code.')
      if (act !== 'confirm') return sayTo(c, visit, refused('body-invalid', 'The form has no action.'))
      const [team, user] = [form.get('team'), form.get('user')]
      if (!team || !user || !rules.slack) return say(c, refused('link-unknown', 'This page has no Slack user to confirm.'), visit)
      const origin = { source: c.env.sourceIp, token: visit.caller.token.hash }
      const made = await links.confirm(linkedOf(visit.caller), { team, user }, c.get('now'), origin)
      if (made.outcome === 'unknown')
        return say(c, outcomeUnknown(made.cause, 'the link was made', 'Enter /stint status in Slack to see your link.'), visit)
      if (made.outcome === 'refused') return sayTo(c, visit, made)
      const { active } = made.value
      return show(c, {
        title: 'Linked',
        visit,
        body: html`<p>${active ? withIdentity(active.slack.name, active.slack.user) : ''} in Slack now acts as ${me(visit.caller)}, until ${dateTime(active?.expiresAt ?? 0)}. You can decide from Slack in ten minutes. To end the link, enter <code>/stint unlink</code> in Slack.</p>`,
      })
    }),
  )
}
