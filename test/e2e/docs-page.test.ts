/** The API reference: its examples fit the document, and its commands exist. */
import { bodies, commands, exampleOf } from '@stint/broker/build/docs/examples'
import { document, operations } from '@stint/broker/build/docs/schema'
import { allCommands } from '@stint/cli/commands/tree'
import Ajv from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'

const ajv = new Ajv.default({ strict: false, formats: { 'date-time': true } })
ajv.addSchema({ $id: 'document', ...document })
const faultsIn = (name: string, value: unknown) => {
  const check = ajv.getSchema(`document#/components/schemas/${name}`)
  return check?.(value) ? [] : (check?.errors ?? 'no such schema')
}

const objects = Object.entries(document.components.schemas).filter(([, { type }]) => type === 'object')
test.each(objects)('the example of %s fits its schema', (name, schema) => expect(faultsIn(name, exampleOf(schema, name))).toEqual([]))

const withBody = operations.flatMap(({ operation: { operationId, requestBody } }) => {
  const schema = requestBody?.content['application/json']?.schema.$ref
  return schema ? [[operationId, schema.split('/').at(-1) ?? ''] as const] : []
})
test.each(withBody)('the body of %s in the line to try fits its schema', (operationId, name) =>
  expect(faultsIn(name, bodies[operationId])).toEqual([]),
)

test('every command and every body is of an operation', () => {
  const known = operations.map(({ operation }) => operation.operationId)
  expect([...Object.keys(commands), ...Object.keys(bodies)].filter((id) => !known.includes(id))).toEqual([])
})

test.each(Object.entries(commands))('the command of %s exists, with its flags', (_operation, line) => {
  const [own = ''] = line.split(' -- ')
  const words = own
    .replace(/#.*/, '')
    .replace(/"[^"]*"/g, 'TEXT')
    .trim()
    .split(/\s+/)
    .slice(1)
  const found = allCommands()
    .filter(({ name }) => `${words.join(' ')} `.startsWith(`${name.replace(/^stint /, '')} `))
    .sort((a, b) => b.name.length - a.name.length)[0]
  expect(found).toBeDefined()
  for (const flag of words.filter((word) => word.startsWith('--'))) expect([flag, found?.hasFlag(flag.slice(2))]).toEqual([flag, true])
})
