/** The button that opens the AWS console. The form goes to `vend`, the only function that can issue a session. */
import type { AccessRequest } from '@stint/core/request/request'
import { html } from 'hono/html'
import { csrfField, type Html, type Visit } from './layout.ts'

/** `request`: the approved request to use, with the parameters that were approved. */
export const consoleForm = (visit: Visit, { profile, request }: { readonly profile: string; readonly request?: AccessRequest }): Html =>
  html`<form method="post" action="/console">${csrfField(visit)}<input type="hidden" name="profile" value="${profile}">${
    request
      ? html`<input type="hidden" name="request_id" value="${request.id}">${Object.entries(request.terms.parameters).map(
          ([name, value]) => html`<input type="hidden" name="p.${name}" value="${value}">`,
        )}`
      : ''
  }<div class="buttons"><button>Open console</button></div></form>`
