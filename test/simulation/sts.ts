/** STS as values: its form in, its XML out. It remembers every session that it made. */
import { REVOKER } from '@stint/core/config/revoker'
import { toIso } from '@stint/core/instant'
import type { Dice } from './world.ts'

export type MadeSession = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly at: number
  readonly form: Readonly<Record<string, string>>
  readonly roleId: string
  /** What was changed in the answer, if it was. */
  changedInAnswer?: string
}
export type Http = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

export class Sts {
  readonly made: MadeSession[] = []
  /** Sessions of the roles that write the policies of other roles. */
  readonly revokers: MadeSession[] = []
  onAssume: (session: MadeSession) => void = () => {}
  /** Of every role, until they are deleted and created again. */
  roleId = 'AROASIMULATED'

  assumeRole(body: string, now: number): Http {
    const form = Object.fromEntries(new URLSearchParams(body))
    const number = String(this.made.length + this.revokers.length + 1).padStart(16, '0')
    const session = { accessKeyId: `ASIA${number}`, secretAccessKey: `SECRET/${number}`, at: now, form, roleId: this.roleId }
    const isRevoker = form.RoleArn?.endsWith(REVOKER)
    ;(isRevoker ? this.revokers : this.made).push(session)
    this.onAssume(session)
    return answer(now, xmlOf(session, now))
  }

  /** An answer in the form of STS that is not the answer to this call. */
  otherAnswer(http: Http, dice: Dice): Http {
    const other = changed(http, dice)
    const session = [...this.made, ...this.revokers].find(({ accessKeyId }) => http.body.includes(accessKeyId))
    if (session && other.http.body !== http.body) session.changedInAnswer = other.what
    return other.http
  }
}

function xmlOf({ accessKeyId, secretAccessKey, form, roleId }: MadeSession, now: number): string {
  const [, , , , account, role = ''] = (form.RoleArn ?? '').split(':')
  const name = form.RoleSessionName ?? ''
  const arn = `arn:aws:sts::${account}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${name}`
  const expiration = toIso(now + Number(form.DurationSeconds) * 1000).replace(/\.\d+Z$/, 'Z')
  return `<AssumeRoleResponse xmlns="${NAMESPACE}"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>${roleId}:${name}</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>TOKEN/${accessKeyId}</SessionToken><Expiration>${expiration}</Expiration></Credentials>${form.SourceIdentity === undefined ? '' : `<SourceIdentity>${form.SourceIdentity}</SourceIdentity>`}<PackedPolicySize>7</PackedPolicySize></AssumeRoleResult><ResponseMetadata><RequestId>6e781aef-ef19-492f-89a8-3eea21ae90cd</RequestId></ResponseMetadata></AssumeRoleResponse>`
}

const answer = (now: number, body: string, status = 200): Http => ({
  status,
  headers: { date: new Date(now).toUTCString(), 'x-amzn-requestid': '6e781aef-ef19-492f-89a8-3eea21ae90cd' },
  body,
})

export function stsError(now: number, status: number, code: string): Http {
  const [type, message] = status < 500 ? ['Sender', 'User is not authorized to perform: sts:AssumeRole'] : ['Receiver', 'Internal failure']
  return answer(
    now,
    `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>6e781aef-ef19-492f-89a8-3eea21ae90cd</RequestId></ErrorResponse>`,
    status,
  )
}

/** What is changed in an answer in the form of STS, so that it is not the answer to its call. */
function changed({ body, ...http }: Http, dice: Dice): { readonly what: string; readonly http: Http } {
  const changes: readonly (readonly [what: string, from: RegExp, to: string])[] = [
    ['the ARN of another session', /(<Arn>.*?assumed-role\/)[^<]*/, '$1Admin/another-session'],
    ['the ID of another session', /(<AssumedRoleId>\w+:)[^<]*/, '$1another-session'],
    ['the key of a user', /<AccessKeyId>ASIA/, '<AccessKeyId>AKIA'],
    ['a late expiration', /<Expiration>[^<]*/, '<Expiration>2036-01-01T00:00:00Z'],
    ['another source identity', /<SourceIdentity>[^<]*/, '<SourceIdentity>acme.another-session'],
    ['no secret', /<SecretAccessKey>[^<]*/, '<SecretAccessKey>'],
    ['no end', /<\/AssumeRoleResult>.*/, ''],
  ]
  // A gateway can answer in the place of AWS, with any status.
  if (dice.chance(0.15)) {
    return { what: 'a page of a gateway', http: { ...http, status: dice.pick([200, 403, 502]), body: '<html>Service unavailable</html>' } }
  }
  const [what, from, to] = dice.pick(changes)
  return { what, http: { ...http, body: body.replace(from, to) } }
}
