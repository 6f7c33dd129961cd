/** `GET /openapi.json`, `GET /docs` and `GET /assets/{name}`. None of them needs a token or shows anything of the config. */
import { refused } from '@stint/core/outcome'
import { type Api, type ApiBroker, answer, type Ctx, refuse } from './context.ts'

/** The page loads its own style sheet and script, and nothing else. */
const docsHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}
const types: { readonly [extension: string]: string } = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' }

export function publicFileRoutes(app: Api, { files }: Pick<ApiBroker, 'files'>): void {
  /** A file that the build must have written. */
  const written = (name: string): string => {
    const text = files(name)
    if (text === undefined) throw new Error(`${name} is not among the public files`)
    return text
  }
  answer(app, 'GET /openapi.json', (c) => c.body(written('openapi.json'), 200, { 'content-type': 'application/json' }))
  answer(app, 'GET /docs', (c) => c.html(written('docs.html'), 200, docsHeaders))
  answer(app, 'GET /assets/{name}', (c) => assetOf(c, c.req.param('name')))

  function assetOf(c: Ctx, name: string): Response {
    const type = types[name.slice(name.lastIndexOf('.') + 1)]
    const text = type === undefined ? undefined : files(name)
    if (type === undefined || text === undefined) return refuse(c, refused('route-unknown', 'No asset has this name.'))
    // Most names have a hash of the content.
    const cached = /-[0-9a-f]{12}\./.test(name) ? 'max-age=31536000, immutable' : 'max-age=300'
    return c.body(text, 200, { 'content-type': type, 'cache-control': `public, ${cached}` })
  }
}
