/** The JSON body of every route, read in one way. */
import { isObject, type JsonObject, parseForeignJson } from '@stint/core/json'
import { type Done, done, type Refused, refused } from '@stint/core/outcome'

/**
 * The object that a body holds. Callers check it by a schema and then keep this object, never the schema's output: valibot's
 * `record` leaves out names such as `constructor`, and a parameter that is left out is not refused.
 */
export function readObject(bytes: Uint8Array): Done<JsonObject> | Refused {
  const parsed = parseForeignJson(bytes)
  if (!parsed.ok) return refused('body-invalid', `The body cannot be read: ${parsed.fault}.`)
  if (!isObject(parsed.value)) return refused('body-invalid', 'The body is not an object.')
  // To valibot a list is a record too.
  if (Array.isArray(parsed.value.parameters)) return refused('body-invalid', 'The parameters property must be an object.')
  return done(parsed.value)
}
