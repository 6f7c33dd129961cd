/**
 * What pages do where scripts run: times in the reader's zone, lines to copy, and the newest state of a request that waits. Without this
 * file every page works, with times in UTC.
 */

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

function words(at, now) {
  const seconds = Math.round((at - now) / 1000)
  const [unit, size] = units.find(([, least]) => Math.abs(seconds) >= least) ?? []
  return unit === undefined ? (seconds < 0 ? 'just now' : 'in less than a minute') : relative.format(Math.trunc(seconds / size), unit)
}

function showTimes() {
  const now = Date.now()
  for (const element of document.querySelectorAll('time[datetime]')) {
    const at = Date.parse(element.dateTime)
    const isNear = Math.abs(at - now) < 86_400_000
    element.title ||= `${element.dateTime.slice(0, 16).replace('T', ' ')} UTC`
    const text = isNear ? words(at, now) : absolute.format(at)
    // A screen reader says what changes, so nothing changes without need.
    if (element.textContent !== text) element.textContent = text
  }
}

function showCopyButtons() {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.hidden = false
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy)
      button.textContent = 'Copied'
      setTimeout(() => {
        button.textContent = 'Copy'
      }, 2000)
    })
  }
}

const LOOK_EVERY_MS = 5000
/** After this time, the reader opens the page again. */
const LOOK_FOR_MS = 30 * 60_000

/** Replaces the live part of the page when the request has changed. What the reader is typing stays. */
async function look(startedAt) {
  const live = document.querySelector('[data-live]')
  if (!live || Date.now() - startedAt > LOOK_FOR_MS) return
  if (document.visibilityState === 'visible') {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' }).catch(() => undefined)
    // A redirect leads to the sign-in.
    if (response?.type === 'opaqueredirect') return
    if (response?.ok) {
      const page = new DOMParser().parseFromString(await response.text(), 'text/html')
      const newer = page.querySelector('#live')
      if (newer && newer.dataset.version !== live.dataset.version) {
        live.replaceWith(document.adoptNode(newer))
        newer.setAttribute('role', 'status')
        const [form, newForm] = [document.querySelector('form.decide'), page.querySelector('form.decide')]
        const typed = form?.querySelector('textarea')?.value
        if (form && newForm) form.replaceWith(document.adoptNode(newForm))
        else form?.remove()
        const field = newForm?.querySelector('textarea')
        if (field && typed) field.value = typed
        showTimes()
      }
    }
  }
  setTimeout(look, LOOK_EVERY_MS, startedAt)
}

showTimes()
setInterval(showTimes, 15_000)
showCopyButtons()
setTimeout(look, LOOK_EVERY_MS, Date.now())
