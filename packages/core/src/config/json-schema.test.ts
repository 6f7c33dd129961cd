/** The published JSON Schema against a validator that nobody here wrote: it takes what the check takes, and refuses wrong shapes. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import config from '../../../../stint.config.ts'
import { fillBindings } from './bindings.ts'
import { checkConfig } from './check.ts'
import { configSchema } from './schema.ts'

const schema = JSON.parse(readFileSync(new URL('../../../../docs/config.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ strict: false }).compile(schema)
type Json = any
const filled = (): Json => JSON.parse(JSON.stringify(fillBindings(config, {}, '', [])))
const profile = 'logs-read'

describe('the JSON Schema of the config', () => {
  test('takes the config of this repository', () => {
    expect(checkConfig(filled()).ok).toBe(true)
    expect([validate(filled()), validate.errors]).toEqual([true, null])
  })
  test.each<[string, (config: Json) => void]>([
    ['an unknown setting', (it) => Object.assign(it.profiles[profile], { colour: 'red' })],
    ['a missing setting', (it) => Reflect.deleteProperty(it.profiles[profile], 'duration')],
    ['a wrong type', (it) => Object.assign(it.profiles[profile], { target: 7 })],
    ['a value outside its list', (it) => Object.assign(Object.values<Json>(it.issuers)[0], { kind: 'robot' })],
    ['an account of 11 digits', (it) => Object.assign(Object.values<Json>(it.targets)[0], { account: '11112222333' })],
    ['an empty list', (it) => Object.assign(it.profiles[profile], { eligible: [] })],
    ['a matcher of two kinds', (it) => Object.assign(it.profiles[profile].eligible[0].claims, { x: { glob: 'a', includes: 'b' } })],
  ])('refuses %s, as the check does', (_name, change) => {
    const changed = filled()
    change(changed)
    expect([validate(changed), checkConfig(changed).ok]).toEqual([false, false])
  })
  test('has each part of the config under its name', () => {
    const names = new Set<string>()
    const seen = new Set<unknown>()
    const visit = (part: Json): void => {
      if (typeof part !== 'object' || part === null || seen.has(part)) return
      seen.add(part)
      if (part.kind === 'metadata' && part.type === 'title') names.add(part.title)
      if (part.type === 'lazy') visit(part.getter())
      for (const inner of Object.values(part)) visit(inner)
    }
    visit(configSchema)
    const published = Object.values<Json>(schema.$defs).flatMap(({ title }) => title ?? [])
    expect([...names].sort()).toEqual([schema.title, ...published].sort())
  })
})
