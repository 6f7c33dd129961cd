/** The check of every answer notices what the document does not describe. */
import { describe, expect, test } from 'vitest'
import { apiFaults, type BrokerAnswer, faultIn } from './api-document.ts'

const problem = { type: '/docs#x', title: 't', status: 404, code: 'profile-unknown', detail: 'd', next: 'n', trace: 'f' }
const answer = (more: Partial<Omit<BrokerAnswer, 'body'>> & { readonly body?: unknown; readonly media?: string }): BrokerAnswer => {
  const { media = 'application/json', body = { status: 'ok', build: 'b', config: 'c' }, ...rest } = more
  return {
    method: 'GET',
    url: '/healthz',
    status: 200,
    headers: { 'content-type': media, 'x-content-type-options': 'nosniff' },
    ...rest,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  }
}

describe('is described', () => {
  test.each<[string, BrokerAnswer]>([
    ['an answer', answer({})],
    ['one to a query', answer({ url: '/healthz?x=1' })],
    ['one to HEAD', answer({ method: 'HEAD', body: '' })],
    [
      'an unknown route',
      answer({ url: '/none', status: 404, media: 'application/problem+json', body: { ...problem, code: 'route-unknown' } }),
    ],
    ['a page at an unknown route', answer({ url: '/none', status: 404, media: 'text/html; charset=UTF-8', body: '<p>' })],
    ['a problem', answer({ url: '/profiles/x', status: 404, media: 'application/problem+json', body: problem })],
    ['a method that there is not', answer({ method: 'PUT', status: 405, media: 'application/problem+json', body: problem })],
    ['shell code', answer({ url: '/profiles/x', status: 404, media: 'text/plain; charset=utf-8', body: 'x' })],
    ['nothing', answer({ method: 'OPTIONS', status: 204, body: '' })],
    ['nothing, of an operation that says so', answer({ method: 'DELETE', url: '/slack/link', status: 204, body: '' })],
  ])('%s', (_name, found) => expect(faultIn(found)).toBeUndefined())
})

describe('is not described', () => {
  test.each<[string, BrokerAnswer, RegExp]>([
    ['a status', answer({ status: 418 }), /GET \/healthz 418: the status/],
    ['a media type', answer({ media: 'text/html' }), /media type text\/html/],
    ['no media type', answer({ headers: { 'x-content-type-options': 'nosniff' } }), /media type none/],
    ['another type of a property', answer({ body: { status: 'ok', build: 1, config: 'c' } }), /build must be string/],
    ['a property that is missing', answer({ body: { status: 'ok', build: 'b' } }), /config/],
    ['an unknown property', answer({ body: { status: 'ok', build: 'b', config: 'c', more: 1 } }), /additional/],
    [
      'a code that there is not',
      answer({ url: '/profiles/x', status: 404, media: 'application/problem+json', body: { ...problem, code: 'x' } }),
      /code/,
    ],
    ['an answer of a route that there is not', answer({ url: '/none' }), /only 404 and 405/],
    ['an answer to a method that there is not', answer({ method: 'PUT' }), /only 404 and 405/],
    ['204 that the operation does not have', answer({ status: 204, body: '' }), /GET \/healthz 204: the status/],
    ['204 of an unknown method', answer({ method: 'PUT', status: 204, body: '' }), /only 404 and 405/],
    ['JSON that cannot be parsed', answer({ body: '{"status":' }), /GET \/healthz 200: the body is not JSON: \{"status":$/],
    ['an empty body in place of JSON', answer({ body: '' }), /the body is not JSON: $/],
    ['a page that is not protected', answer({ headers: { 'content-type': 'application/json' } }), /x-content-type-options/],
    ['a body without content', answer({ method: 'DELETE', url: '/slack/link', status: 204, body: 'x' }), /a body/],
  ])('%s', (_name, found, why) => expect(faultIn(found)).toMatch(why))
})

test('the faults are thrown together', () => {
  const faults = apiFaults()
  faults.check(answer({}))
  expect(faults.settle).not.toThrow()
  faults.check(answer({ status: 418 }))
  expect(faults.settle).toThrow(/does not describe 1 answers:\nGET \/healthz 418/)
})
test('all faults are counted, and the first twenty are shown', () => {
  const faults = apiFaults()
  for (let at = 0; at < 30; at++) faults.check(answer({ status: 418 }))
  const message = String(
    (() => {
      try {
        return faults.settle()
      } catch (error) {
        return error
      }
    })(),
  )
  expect(message).toContain('does not describe 30 answers')
  expect(message.match(/418/g)).toHaveLength(20)
})
