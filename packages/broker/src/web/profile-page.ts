/** `/access/{id}`: one profile. What it gives, how to start a session, and where approval is needed, a form to request it. */

import { mintsOf } from '@stint/core/config/mints'
import type { Profile } from '@stint/core/config/shape'
import { fillStatement } from '@stint/core/config/template'
import { durationSeconds } from '@stint/core/duration'
import { refused } from '@stint/core/outcome'
import { rulesInWords } from '@stint/core/request/approver-words'
import { permissionsOf } from '@stint/core/request/summary'
import { plainWords } from '@stint/core/scope/plain-words'
import { riskOf } from '@stint/core/scope/risk'
import { isolated, shownLine, shownText } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type Asked, askForAccess, checkAsk } from '../approvals/ask.ts'
import type { Decisions } from '../approvals/decide.ts'
import { type Api, type ApiBroker, accessContext, admitting, answer, type Ctx, callOf } from '../http/context.ts'
import { profileView } from '../http/profile-view.ts'
import { askIn, type Fault, faultOf, fieldNames, formFields, startField, type View } from './access-form.ts'
import { BREAK_GLASS } from './decide-view.ts'
import { csrfField, type Html, type Refusals, type Show, table, type Visit } from './layout.ts'
import { allowedLines, sentence } from './sentence.ts'
import { signInLink, type Visits } from './visits.ts'
import { copyLine, dateTime, durationWords, roleName } from './words.ts'

const profileUnknown = refused('profile-unknown', 'Profile not found, or not visible to you.')

export function profilePages(app: Api, broker: ApiBroker, decider: Decisions, show: Show, { say, sayTo }: Refusals, visits: Visits): void {
  const { rules } = broker
  const viewOf = (c: Ctx, visit: Visit, id: string) => profileView(rules, id, visit.caller, accessContext(c), rules.profiles.find(id))

  answer(app, 'GET /access/{id}', (c) =>
    visits.visit(c, (visit) => {
      const view = viewOf(c, visit, c.req.param('id'))
      return view ? page(c, visit, view, {}) : say(c, profileUnknown, visit)
    }),
  )

  type Shown = { readonly form?: URLSearchParams; readonly fault?: Fault | undefined }

  function page(c: Ctx, visit: Visit, view: View, { form = new URLSearchParams(), fault }: Shown, status?: number) {
    const profile = rules.profiles.find(view.id) as Profile
    return show(c, {
      title: view.id,
      visit,
      at: '/',
      ...(status === undefined ? {} : { status }),
      body: html`${fault === undefined ? '' : html`<p class="refused" role="alert">${shownText(fault.says)}</p>`}
${view.description === undefined ? '' : html`<p>${isolated(shownLine(view.description))}</p>`}
${table([
  ['Account', view.account],
  ['Role', roleName(view.roleArn)],
  ['Region', view.region],
  ['Session', durationLine(profile)],
])}
${view.access === 'refused' ? missingPart(view) : html`${grants(profile, view.roleArn)}${view.access === 'allowed' ? usePart(visit, view, form) : askPart(visit, view, form, fault)}`}`,
    })
  }

  /** What the profile gives. A parameter is shown by its name, in braces. */
  function grants(profile: Profile, role: string): Html {
    const names = Object.fromEntries(Object.keys(profile.parameters ?? {}).map((name) => [name, `{${name}}`]))
    const policy = (profile.policy ?? []).map((statement) => fillStatement(statement, names))
    const shown = { policy, policyArns: profile.policyArns ?? [], mints: mintsOf(profile), role }
    const { level, why } = riskOf(shown)
    return html`<h2>What it allows</h2><p><span class="badge ${level}">${level} risk: ${isolated(shownLine(why, 120))}</span></p>
${allowedLines(plainWords(shown), permissionsOf(shown))}`
  }

  // ── Use ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  function usePart(visit: Visit, view: View, form: URLSearchParams): Html {
    const flags = Object.keys(view.parameters)
      .map((name) => ` -p ${name}=VALUE`)
      .join('')
    const why = view.justification === 'required' ? ' -j "WHY"' : ''
    return html`<h2>Start a session</h2>${copyLine(`stint exec ${view.id}${flags}${why} -- COMMAND`)}${copyLine(`stint console ${view.id}${flags}${why}`)}
<form method="post" action="/console">${csrfField(visit)}<input type="hidden" name="profile" value="${view.id}">${formFields(view, form)}
<div class="buttons"><button class="primary">Open console as ${roleName(view.roleArn)} in ${view.account}</button></div></form>`
  }

  function missingPart({ missing, id }: View): Html {
    const here = `/access/${id}`
    const ways: { readonly [hurdle: string]: Html } = {
      'mfa-required': html`<p>It needs a sign-in with a second factor. <a class="button" href="/sign-in?${new URLSearchParams({ to: here, fresh: '1', mfa: '1' }).toString()}">Sign in with a second factor</a></p>`,
      'auth-too-old': html`<p>It needs a recent sign-in. <a class="button" href="${signInLink(here, true)}">Sign in again</a></p>`,
      'source-ip': html`<p>It can be used only from certain networks, such as the VPN of your company.</p>`,
      'not-eligible': html`<p>You can see this profile, but its rules do not name you. Ask the owners of <code>stint.config.ts</code> to add you or one of your groups.</p>`,
    }
    return html`<h2>What is missing</h2>${missing.map((hurdle) => ways[hurdle] ?? html`<p>${hurdle}</p>`)}`
  }

  // ── Request ────────────────────────────────────────────────────────────────────────────────────────────────────────

  function askPart(visit: Visit, view: View, form: URLSearchParams, fault?: Fault): Html {
    const approval = decider.approvalOf(view.id)
    return html`<h2>Request access</h2><p>Needs approval: ${sentence(rulesInWords(approval?.rules ?? []))}.</p>
${view.approval?.breakGlass ? html`<p class="alarm">Break-glass: for emergencies. It is announced, and must be reviewed afterwards.</p>` : ''}
<form method="post" action="/access/${view.id}">${csrfField(visit)}${formFields(view, form, fault)}
${startField(form, fault)}
<div class="buttons"><button name="step" value="check" class="primary">Review the request</button></div></form>`
  }

  answer(app, 'POST /access/{id}', (c) =>
    visits.form(c, async (visit, form) => {
      const view = viewOf(c, visit, c.req.param('id'))
      if (!view) return say(c, profileUnknown, visit)
      const ask = askIn(view, form)
      if (form.get('step') === 'edit') return page(c, visit, view, { form })
      const admit = admitting(broker, c, visit.caller)
      if (form.get('step') === 'send') {
        const asked = await askForAccess(broker, decider, callOf(c), visit.caller, ask, admit)
        return asked.outcome === 'refused'
          ? sayTo(c, visit, asked, html`<p><a class="button" href="/access/${view.id}">Back to the profile</a></p>`)
          : c.redirect(`/decide/${asked.value.request.id}`, 303)
      }
      const checked = checkAsk(rules, decider, c.get('now'), visit.caller, ask, admit)
      if (checked.outcome === 'refused') return page(c, visit, view, { form, fault: faultOf(checked, view, c.get('now')) }, 400)
      return preview(c, visit, view, form, checked.value)
    }),
  )

  /** Who will be asked, and what exactly will be granted, before anything is sent. */
  function preview(c: Ctx, visit: Visit, view: View, form: URLSearchParams, { scope, approval, startsAt }: Asked) {
    const { terms, justification, ticket } = scope
    const { level, why } = riskOf(terms)
    return show(c, {
      title: `Request ${view.id}?`,
      visit,
      at: '/',
      body: html`<p>Nothing has been sent yet.</p>
${view.approval?.breakGlass ? BREAK_GLASS : ''}
${table([
  ['Who will be asked', sentence(rulesInWords(approval.rules))],
  ['Account', `${view.account} (${scope.targetId})`],
  ['Role', roleName(terms.role)],
  ['Duration', `up to ${durationWords(scope.durationAsked ? scope.duration : terms.maxDuration)} per session`],
  ['Sessions', String(terms.uses)],
  ['Starts', startsAt === undefined ? 'when it is approved' : dateTime(startsAt)],
  ['Expires', `if no one decides within ${durationWords(durationSeconds(approval.expiresAfter))}`],
  ...Object.entries(terms.parameters).map(([name, value]) => [shownLine(`Parameter ${name}`, 80), isolated(shownLine(value))] as const),
  ...(ticket === undefined ? [] : [['Ticket', shownLine(ticket)] as const]),
])}
<h2>Justification</h2>${justification === undefined ? html`<p class="quiet">None.</p>` : html`<blockquote class="why">${isolated(shownText(justification))}</blockquote>`}
<h2>What it allows</h2><p><span class="badge ${level}">${level} risk: ${isolated(shownLine(why, 120))}</span></p>${allowedLines(plainWords(terms), permissionsOf(terms))}
<form method="post" action="/access/${view.id}">${csrfField(visit)}${fieldNames(view).map((name) => html`<input type="hidden" name="${name}" value="${form.get(name) ?? ''}">`)}
<div class="buttons"><button name="step" value="send" class="primary">Send the request</button><button name="step" value="edit">Change it</button></div></form>`,
    })
  }
}

const durationLine = ({ duration }: Profile): string =>
  `${durationWords(durationSeconds(duration.default))}, up to ${durationWords(durationSeconds(duration.max))}${duration.renew === undefined ? '' : `; credentials are renewed every ${durationWords(durationSeconds(duration.renew))}`}`
