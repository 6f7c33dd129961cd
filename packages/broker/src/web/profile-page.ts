/** `/access/{id}`: one profile. What it gives, how to start a session, and where approval is needed, a form to request it. */

import { mintsOf } from '@stint/core/config/mints'
import type { Profile } from '@stint/core/config/shape'
import { fillStatement } from '@stint/core/config/template'
import { durationSeconds } from '@stint/core/duration'
import { toIso } from '@stint/core/instant'
import { refused } from '@stint/core/outcome'
import { rulesInWords } from '@stint/core/request/approver-words'
import { permissionsOf } from '@stint/core/request/summary'
import { plainWords } from '@stint/core/scope/plain-words'
import { riskOf } from '@stint/core/scope/risk'
import { isolated, shownLine, shownText } from '@stint/core/shown-text'
import { html } from 'hono/html'
import { type Ask, type Asked, askForAccess, checkAsk } from '../approvals/ask.ts'
import type { Decisions } from '../approvals/decide.ts'
import { type Api, type ApiBroker, accessContext, admitting, answer, type Ctx, callOf } from '../http/context.ts'
import { profileView } from '../http/profile-view.ts'
import { csrfField, type Html, type Refusals, type Show, table, type Visit } from './layout.ts'
import { allowedLines, sentence } from './sentence.ts'
import { signInLink, type Visits } from './visits.ts'
import { copyLine, durationWords, roleName } from './words.ts'

const profileUnknown = refused('profile-unknown', 'Profile not found, or not visible to you.')

type View = NonNullable<ReturnType<typeof profileView>>

export function profilePages(app: Api, broker: ApiBroker, decider: Decisions, show: Show, { say, sayTo }: Refusals, visits: Visits): void {
  const { rules } = broker
  const viewOf = (c: Ctx, visit: Visit, id: string) => profileView(rules, id, visit.caller, accessContext(c), rules.profiles.find(id))

  answer(app, 'GET /access/{id}', (c) =>
    visits.visit(c, (visit) => {
      const view = viewOf(c, visit, c.req.param('id'))
      return view ? page(c, visit, view, {}) : say(c, profileUnknown, visit)
    }),
  )

  type Shown = { readonly form?: URLSearchParams; readonly refusal?: string | undefined }

  function page(c: Ctx, visit: Visit, view: View, { form = new URLSearchParams(), refusal }: Shown, status?: number) {
    const profile = rules.profiles.find(view.id) as Profile
    return show(c, {
      title: view.id,
      visit,
      at: '/',
      ...(status === undefined ? {} : { status }),
      body: html`${refusal === undefined ? '' : html`<p class="refused" role="alert">${shownText(refusal)}</p>`}
${view.description === undefined ? '' : html`<p>${isolated(shownLine(view.description))}</p>`}
${table([
  ['Account', view.account],
  ['Role', roleName(view.roleArn)],
  ['Region', view.region],
  ['Session', durationLine(profile)],
])}
${view.access === 'refused' ? missingPart(view) : html`${grants(profile, view.roleArn)}${view.access === 'allowed' ? usePart(visit, view, form) : askPart(visit, view, form)}`}`,
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
<form method="post" action="/console">${csrfField(visit)}<input type="hidden" name="profile" value="${view.id}">${fields(view, form)}
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

  function askPart(visit: Visit, view: View, form: URLSearchParams): Html {
    const approval = decider.approvalOf(view.id)
    return html`<h2>Request access</h2><p>Needs approval: ${sentence(approval ? rulesInWords(approval.rules).join('; and ') : '')}.</p>
${view.approval?.breakGlass ? html`<p class="alarm">Break-glass: for emergencies. It is announced, and must be reviewed afterwards.</p>` : ''}
<form method="post" action="/access/${view.id}">${csrfField(visit)}${fields(view, form)}
<label class="field">Start (optional)<input name="startsAt" placeholder="2026-11-28T22:00:00Z" value="${form.get('startsAt') ?? ''}"></label><p class="hint">An RFC 3339 time within 7 days. Empty: as soon as it is approved.</p>
<div class="buttons"><button name="step" value="check" class="primary">Review the request</button></div></form>`
  }

  answer(app, 'POST /access/{id}', (c) =>
    visits.form(c, async (visit, form) => {
      const view = viewOf(c, visit, c.req.param('id'))
      if (!view) return say(c, profileUnknown, visit)
      const ask = askIn(view, form)
      const admit = admitting(broker, c, visit.caller)
      if (form.get('step') === 'send') {
        const asked = await askForAccess(broker, decider, callOf(c), visit.caller, ask, admit)
        return asked.outcome === 'refused'
          ? sayTo(c, visit, asked, html`<p><a class="button" href="/access/${view.id}">Back to the profile</a></p>`)
          : c.redirect(`/decide/${asked.value.request.id}`, 303)
      }
      const checked = checkAsk(rules, decider, c.get('now'), visit.caller, ask, admit)
      if (checked.outcome === 'refused' || form.get('step') === 'edit') {
        const refusal = checked.outcome === 'refused' ? checked.detail : undefined
        return page(c, visit, view, { form, refusal }, refusal === undefined ? 200 : 400)
      }
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
${table([
  ['Who will be asked', sentence(rulesInWords(approval.rules).join('; and '))],
  ['Account', `${view.account} (${scope.targetId})`],
  ['Role', roleName(terms.role)],
  ['Duration', `up to ${durationWords(scope.durationAsked ? scope.duration : terms.maxDuration)} per session`],
  ['Sessions', String(terms.uses)],
  ['Starts', startsAt === undefined ? 'when it is approved' : toIso(startsAt)],
  ['Expires', `if no one decides within ${durationWords(durationSeconds(approval.expiresAfter))}`],
  ...Object.entries(terms.parameters).map(([name, value]) => [shownLine(`Parameter ${name}`, 80), isolated(shownLine(value))] as const),
  ...(ticket === undefined ? [] : [['Ticket', shownLine(ticket)] as const]),
])}
<h2>Justification</h2><p class="why">${justification === undefined ? 'None.' : isolated(shownText(justification))}</p>
<h2>What it allows</h2><p><span class="badge ${level}">${level} risk: ${isolated(shownLine(why, 120))}</span></p>${allowedLines(plainWords(terms), permissionsOf(terms))}
<form method="post" action="/access/${view.id}">${csrfField(visit)}${[...form].filter(([name]) => name !== 'csrf' && name !== 'step').map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="buttons"><button name="step" value="send" class="primary">Send the request</button><button name="step" value="edit">Change it</button></div></form>`,
    })
  }
}

const durationLine = ({ duration }: Profile): string =>
  `${durationWords(durationSeconds(duration.default))}, up to ${durationWords(durationSeconds(duration.max))}${duration.renew === undefined ? '' : `; credentials are renewed every ${durationWords(durationSeconds(duration.renew))}`}`

/** The fields of a form, made from the profile. */
function fields(view: View, form: URLSearchParams): Html {
  const required = view.justification === 'required'
  return html`${Object.entries(view.parameters).map(([name, rule]) => parameterField(name, rule, form))}
<label class="field">Duration (optional)<input name="duration" placeholder="${view.duration.default}" value="${form.get('duration') ?? ''}"></label><p class="hint">Such as 15m or 1h30m, at most ${durationWords(durationSeconds(view.duration.max))}.</p>
<label>Justification${required ? '' : ' (optional)'}<textarea name="justification" rows="2" maxlength="2000"${required ? html` required` : ''}>${form.get('justification') ?? ''}</textarea></label>
<label class="field">Ticket (optional)<input name="ticket" maxlength="64" value="${form.get('ticket') ?? ''}"></label>`
}

function parameterField(name: string, { pattern, max, wildcard }: View['parameters'][string], form: URLSearchParams): Html {
  const choices = choicesOf(pattern)
  const value = form.get(`p.${name}`) ?? ''
  const input = choices
    ? html`<select name="p.${name}" required><option value="">Choose one</option>${choices.map((choice) => html`<option${choice === value ? html` selected` : ''}>${choice}</option>`)}</select>`
    : html`<input name="p.${name}" required maxlength="${String(max)}" value="${value}" autocomplete="off">`
  return html`<label class="field">${name}${input}</label>${choices ? '' : html`<p class="hint">${patternWords(pattern, max, wildcard)}</p>`}`
}

/** The values of a pattern such as `red|green|blue`. */
const choicesOf = (pattern: string): readonly string[] | undefined =>
  /^\(?(?:\?:)?[\w-]+(?:\|[\w-]+)+\)?$/.test(pattern) ? pattern.replace(/^\(?(?:\?:)?|\)$/g, '').split('|') : undefined

function patternWords(pattern: string, max: number, wildcard?: boolean): string {
  const [, start, end] = /^([\w-]*)\[[^\]]+\](?:\+|\*|\{[\d,]+\})([\w-]*)$/.exec(pattern) ?? []
  const shape = [...(start ? [`begins with ${start}`] : []), ...(end ? [`ends with ${end}`] : [])].join(' and ')
  return `${shape === '' ? '' : `It ${shape}. `}It must match ${pattern}, with at most ${max} characters.${wildcard ? ' * and ? are wildcards.' : ''}`
}

/** What the form asks for. Empty fields are not sent, so that the profile decides. */
function askIn(view: View, form: URLSearchParams): Ask {
  const given = (name: string) => form.get(name)?.trim() || undefined
  const parameters = Object.keys(view.parameters).flatMap((name) => {
    const value = form.get(`p.${name}`)
    return value === null ? [] : [[name, value] as const]
  })
  const all = {
    duration: given('duration'),
    justification: given('justification')?.replaceAll('\r\n', '\n'),
    ticket: given('ticket'),
    startsAt: given('startsAt'),
  }
  return {
    profile: view.id,
    ...(parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}),
    ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  }
}
