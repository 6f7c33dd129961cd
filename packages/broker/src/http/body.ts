/** Reads the JSON body of every route in the same way. */
import { isObject, type JsonObject, parseForeignJson } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'

/**
 * The object in a body. Callers check it against a schema and then keep this object, never the schema's output: valibot's `record` drops
 * names such as `constructor`, and a dropped parameter would not be refused.
 */
export function readObject(bytes: Uint8Array): Done<JsonObject> | Refused<'body-invalid'> {
  const parsed = parseForeignJson(bytes)
  if (!parsed.ok) return refused('body-invalid', `The body is not valid JSON: ${parsed.fault}.`)
  if (!isObject(parsed.value)) return refused('body-invalid', 'The body must be a JSON object.')
  // valibot accepts an array as a record.
  if (Array.isArray(parsed.value.parameters)) return refused('body-invalid', 'The parameters property must be an object.')
  return done(parsed.value)
}
