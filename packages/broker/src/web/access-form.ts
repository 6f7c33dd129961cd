/** The form with which a person requests access or opens a console: its fields, what they are called, and what is wrong with them. */
import { durationSeconds } from '@stint/core/duration'
import { type Instant, parseIso, toIso } from '@stint/core/instant'
import type { Refused } from '@stint/core/outcome'
import { html } from 'hono/html'
import type { Ask } from '../approvals/ask.ts'
import type { profileView } from '../http/profile-view.ts'
import type { Html } from './layout.ts'
import { patternWords } from './pattern-words.ts'
import { capitalized, sentence } from './sentence.ts'
import { durationWords } from './words.ts'

export type View = NonNullable<ReturnType<typeof profileView>>

/** What is wrong, in the words of the page. `field`: the name of the field, if it is one. */
export type Fault = { readonly field?: string; readonly says: string }

/** The fields, made from the profile. */
export function formFields(view: View, form: URLSearchParams, fault?: Fault): Html {
  const required = view.justification === 'required'
  const value = (name: string) => form.get(name) ?? ''
  return html`${Object.entries(view.parameters).map(([name, rule]) => parameterField(name, rule, value(`p.${name}`), fault))}
${field(
  'duration',
  'Duration (optional)',
  fault,
  (ids) => html`<input name="duration" value="${value('duration')}"${ids}>`,
  durationHint(view),
)}
${field(
  'justification',
  `Justification${required ? '' : ' (optional)'}`,
  fault,
  (ids) =>
    html`<textarea name="justification" rows="2" maxlength="2000"${required ? html` required` : ''}${ids}>${value('justification')}</textarea>`,
)}
${field('ticket', 'Ticket (optional)', fault, (ids) => html`<input name="ticket" maxlength="64" value="${value('ticket')}"${ids}>`)}`
}

/** Approvers are asked for the longest session, unless the form has another duration. A session without approval has the default. */
function durationHint({ duration: { default: usual, max }, approval }: View): string {
  const [normally, longest] = [usual, max].map((text) => durationWords(durationSeconds(text)))
  return `Such as 15m or 1h30m, at most ${longest}. Empty: ${approval ? `up to ${longest}` : normally}.`
}

/** Only a request can start later. */
export function startField(form: URLSearchParams, fault?: Fault): Html {
  const given = form.get('startsAt') ?? ''
  const at = startIn(given)
  return field(
    'startsAt',
    'Start (UTC, optional)',
    fault,
    (ids) => html`<input type="datetime-local" name="startsAt" value="${at === undefined ? given : toIso(at).slice(0, 16)}"${ids}>`,
    'Within 7 days. Empty: as soon as it is approved.',
  )
}

/** One field with its hint and what is wrong with it, which a screen reader reads with it. The focus is on a field that is wrong. */
function field(name: string, label: string, fault: Fault | undefined, input: (ids: Html) => Html, hint?: Html | string): Html {
  const wrong = fault?.field === name
  const ids = [...(wrong ? [`${name}-fault`] : []), ...(hint === undefined ? [] : [`${name}-hint`])]
  const attributes = html`${ids.length === 0 ? '' : html` aria-describedby="${ids.join(' ')}"`}${wrong ? html` aria-invalid="true" autofocus` : ''}`
  return html`<label class="field">${label}${input(attributes)}</label>${wrong ? html`<p class="hint high" id="${name}-fault">${fault.says}</p>` : ''}${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}`
}

function parameterField(name: string, rule: View['parameters'][string], value: string, fault: Fault | undefined): Html {
  const { pattern, max, wildcard } = rule
  const choices = choicesOf(pattern)
  const input = (ids: Html) =>
    choices
      ? html`<select name="p.${name}" required${ids}><option value="">Choose one</option>${choices.map((choice) => html`<option${choice === value ? html` selected` : ''}>${choice}</option>`)}</select>`
      : html`<input name="p.${name}" required maxlength="${String(max)}" value="${value}" autocomplete="off"${ids}>`
  const words = patternWords(pattern)
  const hint = html`${words === undefined ? '' : html`${sentence(words)} `}At most ${String(max)} characters.${wildcard ? ' * and ? are wildcards.' : ''} Pattern: <code>${pattern}</code>`
  return field(`p.${name}`, name, fault, input, choices ? undefined : hint)
}

/** The values of a pattern such as `red|green|blue`. */
const choicesOf = (pattern: string): readonly string[] | undefined =>
  /^\(?(?:\?:)?[\w-]+(?:\|[\w-]+)+\)?$/.test(pattern) ? pattern.replace(/^\(?(?:\?:)?|\)$/g, '').split('|') : undefined

/** The names of all fields of a request. */
export const fieldNames = (view: View): readonly string[] => [
  ...Object.keys(view.parameters).map((name) => `p.${name}`),
  'duration',
  'justification',
  'ticket',
  'startsAt',
]

/** What the form asks for. Empty fields are not sent, so that the profile decides. */
export function askIn(view: View, form: URLSearchParams): Ask {
  const given = (name: string) => form.get(name)?.trim() || undefined
  const parameters = Object.keys(view.parameters).flatMap((name) => {
    const value = form.get(`p.${name}`)
    return value === null ? [] : [[name, value] as const]
  })
  const start = given('startsAt')
  const at = start === undefined ? undefined : startIn(start)
  const all = {
    duration: given('duration'),
    justification: given('justification')?.replaceAll('\r\n', '\n'),
    ticket: given('ticket'),
    startsAt: at === undefined ? start : toIso(at),
  }
  return {
    profile: view.id,
    ...(parameters.length > 0 ? { parameters: Object.fromEntries(parameters) } : {}),
    ...Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  }
}

/** What a browser sends for a local time (HTML Standard, "Valid local date and time string"), read as UTC, or RFC 3339. */
const startIn = (text: string): Instant | undefined =>
  parseIso(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? `${text}Z` : text,
  )

/** A refusal of what the form asks for, as the page says it. */
export function faultOf({ code, detail, evidence }: Refused, view: View, now: Instant): Fault {
  const { property, parameter } = (evidence ?? {}) as { property?: unknown; parameter?: unknown }
  if (code === 'parameter-invalid') return typeof parameter === 'string' ? { field: `p.${parameter}`, says: detail } : { says: detail }
  if (code === 'duration-invalid')
    return {
      field: 'duration',
      says: `Enter a duration such as 15m or 1h30m, at most ${durationWords(durationSeconds(view.duration.max))}.`,
    }
  if (code === 'justification-required') return { field: 'justification', says: 'Enter why you need access.' }
  if (property === 'startsAt')
    return { field: 'startsAt', says: `Enter a time in UTC within the next 7 days, such as ${toIso(now).slice(0, 16)}.` }
  if (property === 'ticket') return { field: 'ticket', says: 'A ticket has 1 to 64 letters, digits and . _ : / # -.' }
  if (property === 'justification') return { field: 'justification', says: capitalized(detail) }
  return { says: detail }
}
