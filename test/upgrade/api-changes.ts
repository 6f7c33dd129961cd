/** What a client of an earlier release would notice: the changes between two OpenAPI documents that docs/stability.md calls breaking. */

type Json = any

export function breakingChanges(before: Json, now: Json): readonly string[] {
  const found: string[] = []
  for (const [path, methods] of Object.entries<Json>(before.paths)) {
    for (const [method, operation] of Object.entries<Json>(methods)) {
      if (!operation.responses || isPage(operation)) continue
      const where = `${method.toUpperCase()} ${path}`
      const other = now.paths[path]?.[method]
      if (other) found.push(...operationChanges({ before, now }, operation, other, where))
      else found.push(`${where} is gone`)
    }
  }
  return found
}

/** Pages are for people. */
const isPage = ({ responses }: Json): boolean =>
  Object.values<Json>(responses).some(({ content = {} }) => Object.keys(content).includes('text/html'))

type Documents = { readonly before: Json; readonly now: Json }

function operationChanges(documents: Documents, before: Json, now: Json, where: string): readonly string[] {
  const given = new Map<string, Json>(parametersOf(documents.before, before))
  const taken = new Map<string, Json>(parametersOf(documents.now, now))
  return [
    ...[...given.keys()].filter((name) => !taken.has(name)).map((name) => `${where}: parameter ${name} is gone`),
    ...[...taken]
      .filter(([name, { required }]) => required && !given.get(name)?.required)
      .map(([name]) => `${where}: parameter ${name} is required`),
    ...(now.requestBody?.required && !before.requestBody?.required ? [`${where}: a body is required`] : []),
    ...contentChanges(documents, before.requestBody, now.requestBody, `${where} body`, 'input'),
    ...Object.entries<Json>(before.responses).flatMap(([status, response]) =>
      now.responses[status]
        ? contentChanges(documents, response, now.responses[status], `${where} ${status}`, 'output')
        : [`${where} ${status} is gone`],
    ),
  ]
}

const parametersOf = (document: Json, { parameters = [] }: Json): readonly (readonly [string, Json])[] =>
  parameters.map((one: Json) => resolved(document, one)).map((one: Json) => [`${one.in} ${one.name}`, one])

function contentChanges(documents: Documents, before: Json, now: Json, where: string, kind: 'input' | 'output'): readonly string[] {
  return Object.entries<Json>(before?.content ?? {}).flatMap(([type, { schema }]) => {
    const other = now?.content?.[type]
    return other ? schemaChanges(documents, schema, other.schema, where, kind) : [`${where}: ${type} is gone`]
  })
}

/** `seen`: references that are being compared, because a schema can contain itself. */
function schemaChanges(
  documents: Documents,
  given: Json,
  taken: Json,
  where: string,
  kind: 'input' | 'output',
  seen: readonly string[] = [],
): readonly string[] {
  const pair = `${given?.$ref} ${taken?.$ref}`
  if (given?.$ref && seen.includes(pair)) return []
  const [before, now] = [resolved(documents.before, given), resolved(documents.now, taken)]
  if (!before || !now) return []
  const inside = (one: Json, other: Json, at: string) => schemaChanges(documents, one, other, `${where}${at}`, kind, [...seen, pair])
  const required = (one: Json, name: string): boolean => (one.required ?? []).includes(name)
  const names = Object.keys(before.properties ?? {})
  const gone = (before.enum ?? []).filter((value: Json) => now.enum && !now.enum.includes(value))
  return [
    ...(JSON.stringify(before.type) === JSON.stringify(now.type) ? [] : [`${where} is ${now.type} and no longer ${before.type}`]),
    ...gone.map((value: Json) => `${where}: the value ${value} is gone`),
    ...names.flatMap((name) =>
      now.properties?.[name] ? inside(before.properties[name], now.properties[name], `.${name}`) : [`${where}.${name} is gone`],
    ),
    ...(kind === 'input'
      ? (now.required ?? []).filter((name: string) => !required(before, name)).map((name: string) => `${where}.${name} is required`)
      : names
          .filter((name) => now.properties?.[name] && required(before, name) && !required(now, name))
          .map((name) => `${where}.${name} can be absent`)),
    ...(before.items ? inside(before.items, now.items, '[]') : []),
    ...['anyOf', 'oneOf', 'allOf'].flatMap((word) =>
      (before[word] ?? []).flatMap((one: Json, at: number) => inside(one, now[word]?.[at], '')),
    ),
  ]
}

function resolved(document: Json, schema: Json): Json {
  if (typeof schema?.$ref !== 'string') return schema
  const path = schema.$ref.slice(2).split('/')
  return resolved(
    document,
    path.reduce((at: Json, part: string) => at?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document),
  )
}
