/** The parts of JSON Schema that the OpenAPI document uses. */
import { openApiDocument } from '../../src/http/openapi.ts'

export type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly description?: string
  readonly properties?: { readonly [name: string]: Schema }
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: boolean | Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}
type Content = { readonly [media: string]: { readonly schema: Schema } }
export type Operation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly security: readonly unknown[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
    readonly schema: Schema & { readonly default?: unknown; readonly minimum?: number; readonly maximum?: number }
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: {
    readonly [status: string]: {
      readonly description: string
      readonly headers?: { readonly [name: string]: { readonly description?: string } }
      readonly content?: Content
    }
  }
}

/** As it is served, so that nothing is shown that the document does not say. */
export const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
  readonly components: { readonly schemas: { readonly [name: string]: Schema } }
}

export type Described = { readonly method: string; readonly path: string; readonly operation: Operation }
export const operations: readonly Described[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

/** The name of a schema that has one. */
export const nameOf = ({ $ref }: Schema): string | undefined => $ref?.split('/').at(-1)
export const resolved = (schema: Schema): Schema => {
  const name = nameOf(schema)
  return name === undefined ? schema : (document.components.schemas[name] ?? schema)
}
export const choicesOf = ({ anyOf, oneOf }: Schema): readonly Schema[] | undefined => anyOf ?? oneOf

/** What a reader calls the type: `string`, `array of objects`, one of some values. */
export function typeText(schema: Schema): string {
  const { type, enum: values, items, format, const: only } = resolved(schema)
  const choices = choicesOf(resolved(schema))
  if (only !== undefined) return JSON.stringify(only)
  if (values) return values.map((value) => JSON.stringify(value)).join(', ')
  if (choices) return [...new Set(choices.map(typeText))].join(' or ')
  if (type === 'array') return items ? `array of ${plural(typeText(items))}` : 'array'
  if (format === 'date-time') return 'string, RFC 3339'
  return type ?? 'any JSON value'
}
const plural = (text: string): string => (/^(string|number|integer|object)$/.test(text) ? `${text}s` : text)
