/** Cards for the requests of the person who views My access. */
import { shownCaller } from '@stint/core/identity/shown'
import { days, type Instant } from '@stint/core/instant'
import { type AccessRequest, type RequestState, stateAt } from '@stint/core/request/request'
import { shellWord } from '@stint/core/shell'
import { isolated, shownLine } from '@stint/core/shown-text'
import { html } from 'hono/html'
import type { Decisions } from '../approvals/decide.ts'
import { consoleForm } from './console-form.ts'
import type { Html, Visit } from './layout.ts'
import { copyLine, end, possibleUntil, roleName, time } from './words.ts'

const LONGEST_PARAMETER = 200

/** The open requests of a page in groups, and closed ones until a day after their last deadline. */
export function ownRequests(visit: Visit, requests: readonly AccessRequest[], now: Instant, placeOf: Decisions['placeOf']): Html {
  const ofState = (...states: readonly RequestState[]) =>
    requests.filter((request) => request.terms.approval && states.includes(stateAt(request, now)))
  const usable = ofState('approved').filter(({ usesLeft = 0 }) => usesLeft > 0)
  const starts = ({ windowStartsAt = 0 }: AccessRequest) => windowStartsAt
  const decided = ofState('denied', 'expired', 'revoked').filter(
    ({ expiresAt, windowExpiresAt = 0 }) => Math.max(expiresAt, windowExpiresAt) > now - days(1),
  )
  const line = (request: AccessRequest, more: Html) =>
    html`<li><a href="/decide/${request.id}">${request.profile}</a>, requested ${time(request.createdAt)}${more}${parametersOf(request)}</li>`
  return html`${cards(
    'Approved, ready to use',
    usable.filter((request) => starts(request) <= now).map((request) => readyCard(visit, request, placeOf(request).account)),
  )}${cards(
    'Approved, starts later',
    usable.filter((request) => starts(request) > now).map((request) => line(request, html`, starts ${time(starts(request))}`)),
  )}${cards(
    'Waiting for approval',
    ofState('pending').map((request) =>
      line(request, html`, ${end(request.expiresAt, { is: 'expires', past: 'has expired', what: `Your request for ${request.profile}` })}`),
    ),
  )}${cards(
    'Recently decided',
    decided.map((request) =>
      line(
        request,
        html`: <span class="badge ${stateAt(request, now)}">${stateAt(request, now)}</span>${request.decidedBy ? html` by ${shownCaller(request.decidedBy)}` : ''}${commentOf(request)}`,
      ),
    ),
  )}`
}

function readyCard(visit: Visit, request: AccessRequest, account: string): Html {
  const { parameters, narrow } = request.terms
  const { windowExpiresAt = 0 } = request
  const flags = Object.entries(parameters).map(([name, value]) => ` -p ${shellWord(`${name}=${value}`)}`)
  // Neither the command line nor a form can send the narrower policy that was approved.
  const use = narrow
    ? html`<p>It was approved with a narrower policy. Start its session with the API: <code>POST /sessions</code> with the same <code>narrow</code>.</p>`
    : html`<div${possibleUntil(windowExpiresAt)}>${copyLine(`stint exec ${request.profile}${flags.join('')} --request ${request.id} -- COMMAND`)}${copyLine(`stint console ${request.profile}${flags.join('')} --request ${request.id}`)}${consoleForm(visit, request)}</div>`
  return html`<li><a href="/decide/${request.id}">${request.profile}</a>: ${roleName(request.roleArn)} in ${account}, ${end(windowExpiresAt, { is: 'window ends', past: 'window has ended', what: `${request.profile}:` })}, ${request.usesLeft === 1 ? '1 session' : `${String(request.usesLeft)} sessions`} left${parametersOf(request)}
${use}</li>`
}

/** What was said when the request was closed, such as why it was denied. */
const commentOf = ({ decision }: AccessRequest): Html | string =>
  decision?.comment === undefined ? '' : html`: ${isolated(shownLine(decision.comment))}`

export const parametersOf = ({ terms }: AccessRequest): Html | string => {
  const given = Object.entries(terms.parameters).map(
    ([name, value]) => html` <code>${isolated(shownLine(`${name}=${value}`, LONGEST_PARAMETER))}</code>`,
  )
  return given.length === 0 ? '' : html`<p class="quiet">Parameters:${given}</p>`
}

const cards = (title: string, items: readonly Html[]): Html | string =>
  items.length === 0 ? '' : html`<h2>${title}</h2><ul class="cards">${items}</ul>`
