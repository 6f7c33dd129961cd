/** The API document of the last release against the one of this code: a client of that release goes on working. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breakingChanges } from './api-changes.ts'
import { lastRelease, unpackFunctions } from './fixture.ts'

const now = JSON.parse(readFileSync(new URL('../../packages/broker/openapi.json', import.meta.url), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'stint-api-'))
unpackFunctions(lastRelease(), folder)
const released = JSON.parse(readFileSync(join(folder, 'api/public/openapi.json'), 'utf8'))
rmSync(folder, { recursive: true })

// A change that is meant goes into CHANGELOG.md, and in here until the next release.
const MEANT: readonly string[] = []
test('this code has the API of the last release', () => expect(breakingChanges(released, now)).toEqual(MEANT))

describe('a change that a client notices is found:', () => {
  type Json = any
  const changed = (change: (document: Json) => void) => {
    const document = structuredClone(now)
    change(document)
    return breakingChanges(now, document)
  }
  const vend = (document: Json) => document.paths['/sessions'].post
  const schemaOf = (document: Json, content: Json) => {
    const { schema } = content['application/json']
    return schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)] : schema
  }
  test.each<[string, (document: Json) => void, string]>([
    ['a path that is gone', (it) => delete it.paths['/requests'], 'GET /requests is gone'],
    ['a method that is gone', (it) => delete it.paths['/sessions/{id}'].delete, 'DELETE /sessions/{id} is gone'],
    ['a status that is gone', (it) => delete vend(it).responses[202], 'POST /sessions 202 is gone'],
    [
      'a parameter that is required',
      (it) => Object.assign(vend(it), { parameters: [{ in: 'header', name: 'stint-new', required: true }] }),
      'POST /sessions: parameter header stint-new is required',
    ],
    [
      'a property that is required',
      (it) => schemaOf(it, vend(it).requestBody.content).required.push('ticket'),
      'POST /sessions body.ticket is required',
    ],
    [
      'a property that is gone',
      (it) => delete schemaOf(it, it.paths['/requests'].get.responses[200].content).properties.requests,
      'GET /requests 200.requests is gone',
    ],
    [
      'a property of another type',
      (it) => Object.assign(schemaOf(it, it.paths['/requests'].get.responses[200].content).properties.requests, { type: 'object' }),
      'GET /requests 200.requests is object and no longer array',
    ],
  ])('%s', (_what, change, found) => expect(changed(change)).toContain(found))
  test('and nothing else', () => expect(changed((it) => Object.assign(it.paths, { '/new': { get: {} } }))).toEqual([]))
})
