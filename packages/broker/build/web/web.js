/**
 * What pages do where scripts run: times in the reader's zone, lines to copy, forms that are sent once, and the newest state of a request
 * that waits. Without this file every page works, with times in UTC.
 */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** The server's clock: what has ended there has ended, whatever the clock of this computer says. */
const ahead = Date.parse(document.documentElement.dataset.now) - Date.now() || 0
const serverNow = () => Date.now() + ahead

/** `in 1 hour 59 minutes`, `3 minutes ago`. Rounded down, so that no end seems later than it is. */
function relative(at, now) {
  const minutes = Math.floor(Math.abs(at - now) / 60_000)
  if (minutes === 0) return at > now ? 'in less than a minute' : 'just now'
  const parts = [
    [Math.floor(minutes / 60), 'hour'],
    [minutes % 60, 'minute'],
  ]
  const length = parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}${count === 1 ? '' : 's'}`] : [])).join(' ')
  return at > now ? `in ${length}` : `${length} ago`
}

function words(element, now, isPrint) {
  const at = Date.parse(element.dateTime)
  // The table is of one day in UTC. Here that can be another day.
  const isSameDay = new Date(at).getDate() === new Date(at).getUTCDate()
  const as = element.closest('[data-as]')?.dataset.as
  if (as === 'clock' && isSameDay) return clock.format(at)
  const isFar = Math.abs(at - now) >= 86_400_000
  return as || isFar || isPrint ? date.format(at) : `${relative(at, now)} (${clock.format(at)})`
}

const print = matchMedia('print')

/** `isPrint`: on paper, nothing counts down. */
function showTimes(isPrint = print.matches) {
  const now = serverNow()
  for (const element of document.querySelectorAll('time[datetime]')) {
    element.title ||= `${element.dateTime.slice(0, 16).replace('T', ' ')} UTC`
    const text = words(element, now, isPrint)
    // A screen reader says what changes, so nothing changes without need.
    if (element.textContent !== text) element.textContent = text
  }
  showEnds(now)
}

/** Says what has ended, and hides what is no longer possible. */
function showEnds(now) {
  const ended = [...document.querySelectorAll('[data-until]')].filter(({ dataset }) => Date.parse(dataset.until) <= now)
  for (const element of ended) {
    if (element.dataset.past) element.textContent = element.dataset.past
    else element.hidden = true
    element.removeAttribute('data-until')
  }
  const news = ended.flatMap(({ dataset }) => (dataset.announce ? [`${dataset.announce}.`] : []))
  if (news.length > 0) announced.textContent = news.join(' ')
}

/** Read out by screen readers when a text is added. */
const announced = document.createElement('p')
announced.className = 'unseen'
announced.setAttribute('role', 'status')
document.body.append(announced)

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

/**
 * As long as `vend` may take. Until then, a second click sends nothing: the first one may use up an approval. Later, the form can be sent again:
 * the response may have opened in another tab, or the reader may have come back.
 */
const SENT_FOR_MS = 10_000

function sendFormsOnce() {
  const sentAt = new WeakMap()
  document.addEventListener('submit', (event) => {
    const { target: form } = event
    if (form.method !== 'post') return
    if (Date.now() - (sentAt.get(form) ?? 0) < SENT_FOR_MS) event.preventDefault()
    else sentAt.set(form, Date.now())
  })
}

/** While the page looks for changes by itself, no one has to reload it. */
function showReload(isShown) {
  for (const link of document.querySelectorAll('.reload')) link.hidden = !isShown
}

const LOOK_EVERY_MS = 5000
/** After this time, the reader opens the page again. */
const LOOK_FOR_MS = 30 * 60_000

/**
 * Shows the newest state of a request that waits. The form stays: it has what the reader typed, and the version that they read. The broker
 * refuses an approval of another version, so a reader loads the page again before they approve.
 */
async function look(startedAt) {
  const live = document.querySelector('[data-live]')
  if (!live) return
  if (Date.now() - startedAt > LOOK_FOR_MS) return showReload(true)
  if (document.visibilityState === 'visible') {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' }).catch(() => undefined)
    // A redirect leads to the sign-in.
    if (response?.type === 'opaqueredirect') return showReload(true)
    if (response?.ok) {
      const page = new DOMParser().parseFromString(await response.text(), 'text/html')
      const newer = page.querySelector('#live')
      if (newer && newer.dataset.version !== live.dataset.version) {
        live.replaceWith(document.adoptNode(newer))
        for (const notice of document.querySelectorAll('#changed > span')) notice.hidden = false
        for (const button of document.querySelectorAll('form.decide button[value^="approve"]')) button.disabled = true
        showReload(false)
        showTimes()
      }
    }
  }
  setTimeout(look, LOOK_EVERY_MS, startedAt)
}

showTimes()
setInterval(() => showTimes(), 5000)
document.addEventListener('visibilitychange', () => showTimes())
print.addEventListener('change', () => showTimes())
addEventListener('beforeprint', () => showTimes(true))
addEventListener('afterprint', () => showTimes())
showCopyButtons()
sendFormsOnce()
showReload(false)
setTimeout(look, LOOK_EVERY_MS, Date.now())
