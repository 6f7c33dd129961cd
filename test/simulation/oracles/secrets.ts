/** Invariants 6 and 7: secrets are in no table, object, log line or refusal; a refusal has a code of the catalogue and a trace. */
import { problems } from '@stint/core/problem'
import type { Answer, Item, Oracle, OracleContext } from './oracle.ts'

const SECRET = /SECRET\/|TOKEN\/ASIA|eyJ[\w-]+\.eyJ/

export function secretsOracle({ fault, reach }: OracleContext): Oracle {
  function judgeRefusal(where: string, { status, json, text }: Answer): void {
    const code = json.code ?? json.Code
    if (status < 400) return
    reach(`refusal ${code}`)
    if (!(code in problems)) fault('refusals', `${where} is refused with the unknown code ${code}`)
    else if (problems[code as 'internal'].status !== status && json.code !== undefined)
      fault('refusals', `${where}: ${code} with status ${status}`)
    if (code === 'internal') fault('bug', `${where} fails with an internal error`)
    if (SECRET.test(text)) fault('secrets', `${where}: a refusal has a secret`)
  }
  return {
    onWrite({ table, id, before, after }) {
      if (after && SECRET.test(JSON.stringify(changed(before, after)))) fault('secrets', `${table} ${id} has a secret`)
    },
    onObject(bucket, path, _before, after) {
      if (after && SECRET.test(Buffer.from(after).toString('latin1'))) fault('secrets', `${bucket}/${path} has a secret`)
    },
    onLine(text) {
      if (SECRET.test(text)) fault('secrets', `a log line has a secret: ${text.slice(0, 120)}`)
    },
    onVended: (call, answer) => judgeRefusal(`${call.by} ${call.profile}`, answer),
    onAnswered: ({ method, path }, answer) => judgeRefusal(`${method} ${path.replace(/\w{3}_\w+/g, '{id}')}`, answer),
  }
}

/** What a write brought: values are never changed in place, and what was there before was judged then. */
const changed = (before: Item | undefined, after: Item): readonly unknown[] =>
  Object.entries(after).flatMap(([name, value]) => {
    const known = before?.[name]
    if (value === known) return []
    return value.L && known?.L ? value.L.filter((one) => !known.L?.includes(one)) : [name, value]
  })
