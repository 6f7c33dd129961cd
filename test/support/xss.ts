/** Watches a browser for script and markup that came from input, with the page's own policy switched off: it must not be the only defence. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Jar } from './attack.ts'

export type Watched = { readonly page: Page; readonly context: BrowserContext /** What ran or was loaded. */; readonly faults: string[] }

/** `jar`: who is signed in. */
export async function watchedPage(browser: Browser, jar: Jar, options: Parameters<Browser['newContext']>[0] = {}): Promise<Watched> {
  const context = await jar.browser(browser, { bypassCSP: true, ...options })
  const faults: string[] = []
  await context.exposeBinding('__xss', ({ frame }) => void faults.push(`script ran on ${frame.url()}`))
  const page = await context.newPage()
  page.on('dialog', (dialog) => {
    faults.push(`a dialog says ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  context.on('page', (other) => void faults.push(`opened ${other.url()}`))
  context.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url())
    if (hostname !== '127.0.0.1' && protocol !== 'about:') faults.push(`asked ${request.url()}`)
  })
  return { page, context, faults }
}

/** What the document has that none of Stint's pages has. */
export const strayNodes = (page: Page): Promise<readonly string[]> => page.evaluate(`(${inspect})(document)`)

/**
 * What a browser makes of these pages: each is parsed, and run in a frame. Returns what none of Stint's pages has. `page`: any of Stint's, so
 * that addresses resolve as they would there.
 */
export const strayNodesIn = (page: Page, htmls: readonly string[]): Promise<readonly (readonly string[])[]> =>
  page.evaluate(
    `(async (htmls) => {
  const frames = htmls.map((html) => {
    const frame = document.createElement('iframe')
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    // Without the pages' own script, which would only make the frames slower.
    frame.srcdoc = html.replace(/<script type="module" src="\\/assets\\/[\\w.-]+"><\\/script>/, '')
    document.body.append(frame)
    return { frame, loaded }
  })
  await Promise.all(frames.map(({ loaded }) => loaded))
  // What an image that is missing or an animation starts comes a moment later.
  await new Promise((resolve) => setTimeout(resolve, 100))
  for (const { frame } of frames) frame.remove()
  return htmls.map((html) => (${inspect})(new DOMParser().parseFromString(html, 'text/html')))
})(${JSON.stringify(htmls)})`,
  )

/** Runs in the browser. A list of what may be there, and not of what must not: nobody knows the whole of the latter. */
const inspect = String(function stray(root: any): readonly string[] {
  const tags =
    'html head meta title link script body a header b nav form input span button main h1 h2 p ul li table tbody thead tr th td time'
  const more = 'details summary code pre blockquote label textarea select option div br svg line text rect circle'
  const allowed = new Set(`${tags} ${more}`.split(' '))
  const svg = 'viewBox role aria-label x x1 x2 y y1 y2 cx cy r rx width height text-anchor class'
  const names = 'href src action method name value type id class title lang charset content rel for scope colspan rows cols size maxlength'
  const others =
    'placeholder required selected hidden autocomplete datetime download open data-copy data-live data-version data-now data-as data-until data-past data-announce aria-current aria-label aria-describedby aria-invalid autofocus role'
  const attributes = new Set(`${svg} ${names} ${others}`.split(' '))
  const found: string[] = []
  for (const element of root.querySelectorAll('*')) {
    const tag = element.localName
    if (!allowed.has(tag)) found.push(`<${tag}>`)
    for (const { name, value } of element.attributes) {
      if (!attributes.has(name)) found.push(`<${tag} ${name}>`)
      if (['href', 'src', 'action'].includes(name) && !/^(#|\/(?![/\\])|$)/.test(value)) found.push(`<${tag} ${name}="${value}">`)
    }
    if (tag === 'script' && (!/^\/assets\//.test(element.getAttribute('src') ?? '') || element.textContent !== '')) found.push('a script')
    if (tag === 'link' && element.rel !== 'stylesheet') found.push(`<link rel=${element.rel}>`)
    if (tag === 'meta' && element.hasAttribute('http-equiv')) found.push('<meta http-equiv>')
    if (element.shadowRoot) found.push('a shadow root')
  }
  // Characters that nobody sees, other than the isolates which Stint puts around right-to-left text. What a field holds is not text.
  const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u
  const walker = root.createTreeWalker(root, 0x80 | 0x4)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === 8) found.push(`a comment: ${node.data.slice(0, 40)}`)
    else if (
      node.parentElement?.localName !== 'textarea' &&
      hidden.test(node.data.replace(/[\n\r\t]/g, '').replace(/\u2068([^\u2068\u2069]*)\u2069/g, '$1'))
    )
      found.push(`hidden characters: ${JSON.stringify(node.data.slice(0, 80))}`)
  }
  return found
})
