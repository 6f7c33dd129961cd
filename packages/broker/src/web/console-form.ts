/** The button that opens the AWS console with a session of an approved request. The form goes to `vend`, which alone can issue one. */
import type { AccessRequest } from '@stint/core/request/request'
import { html } from 'hono/html'
import { csrfField, type Html, type Visit } from './layout.ts'

export const consoleForm = (visit: Visit, { id, profile, terms }: AccessRequest): Html =>
  html`<form method="post" action="/console">${csrfField(visit)}<input type="hidden" name="profile" value="${profile}"><input type="hidden" name="request_id" value="${id}">${Object.entries(
    terms.parameters,
  ).map(
    ([name, value]) => html`<input type="hidden" name="p.${name}" value="${value}">`,
  )}<div class="buttons"><button>Open console</button></div></form>`
