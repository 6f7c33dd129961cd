/**
 * What CloudTrail records of an IAM call, from its form and its answer. Sources: AWS IAM User Guide, "Logging IAM and AWS STS API calls with
 * AWS CloudTrail"; AWS CloudTrail User Guide, "CloudTrail record contents".
 */
import { type Element, readXml } from '../xml.ts'

type IamRecord = {
  readonly readOnly: boolean
  readonly requestParameters: unknown
  readonly responseElements: unknown
}

/** IAM is global: CloudTrail records its calls in this Region. */
export const IAM_REGION = 'us-east-1'

const READS = /^(Get|List|Simulate)/
const NUMBERS = new Set(['MaxItems', 'MaxSessionDuration'])

/** `answer`: the XML, or undefined if IAM refused the call. */
export function iamRecord(form: URLSearchParams, answer: string | undefined): IamRecord {
  const action = form.get('Action') ?? ''
  const readOnly = READS.test(action)
  return {
    readOnly,
    requestParameters: parametersOf(form),
    // Only calls that change something have them.
    responseElements: readOnly || answer === undefined ? null : elementsOf(answer, action),
  }
}

/** CloudTrail names the exception, where the answer has a shorter code. */
export function recordedCode(code: string): string {
  if (code === 'ValidationError') return 'ValidationException'
  return code === 'AccessDenied' ? code : `${code}Exception`
}

type Branch = Map<string, Branch | string>

/** IAM’s own names have at most four parts. Any name may be sent, and each part is one more level of the record. */
const MAX_PARTS = 10

/** `Tags.member.1.Key` → `tags: [{ key }]`. A map at every step, so that no name of a parameter is special. */
function parametersOf(form: URLSearchParams): unknown {
  const root: Branch = new Map()
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue
    const path = name.split('.').filter((part) => part !== 'member')
    if (path.length > MAX_PARTS) continue
    const last = path.pop() ?? ''
    let at = root
    for (const part of path) {
      const next = at.get(part)
      const branch: Branch = next instanceof Map ? next : new Map()
      at.set(part, branch)
      at = branch
    }
    at.set(last, value)
  }
  return root.size === 0 ? null : plain(root)
}

function plain(branch: Branch): unknown {
  const entries = [...branch].map(([name, value]) => [name, typeof value === 'string' ? scalar(name, value) : plain(value)] as const)
  if (entries.every(([name]) => /^\d+$/.test(name))) return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
  return Object.fromEntries(entries.map(([name, value]) => [camel(name), value]))
}

const scalar = (name: string, value: string): string | number => (NUMBERS.has(name) && /^\d{1,9}$/.test(value) ? Number(value) : value)

function elementsOf(answer: string, action: string): unknown {
  const result = readXml(answer)?.children.find(({ name }) => name === `${action}Result`)
  return result === undefined ? null : shown(result)
}

function shown({ text, children }: Element): unknown {
  if (children.length === 0) return text
  if (children.some(({ name }) => name === 'member')) return children.map(shown)
  return Object.fromEntries(
    children
      // The record has everything but the secret.
      .filter(({ name }) => name !== 'SecretAccessKey')
      .map((child) => [camel(child.name), child.children.length === 0 ? scalarOf(child) : shown(child)]),
  )
}

function scalarOf({ name, text: value }: Element): unknown {
  if (/Date$/.test(name)) return recordedDate(new Date(value))
  if (/Count$|^MaxSessionDuration$/.test(name)) return Number(value)
  return value === 'true' || value === 'false' ? value === 'true' : value
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov 27, 2026 6:41:42 PM`, as IAM writes the times of its answers into records. */
function recordedDate(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const hour = at.getUTCHours()
  const clock = `${hour % 12 === 0 ? 12 : hour % 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`
  return `${MONTHS[at.getUTCMonth()]} ${at.getUTCDate()}, ${at.getUTCFullYear()} ${clock}`
}

const camel = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
