/** Which values each setting takes: the last that are valid, and the first that are not. */
import { formatVkey } from '@stint/tlog/note'
import { describe, expect, test } from 'vitest'
import { config, profile } from '../testing/fixtures.ts'
import { checkConfig } from './check.ts'

type Draft = any
const by = [{ issuer: 'people', claims: { groups: { includes: 'approvers' } } }]
const rule = { by, count: 1 }
const approval = { rules: [rule], expiresAfter: '1h', window: '1h', maxUses: 1 }
const hours = { timeZone: 'Europe/Berlin', days: ['mon'], from: '00:00', until: '23:59' }
const delegate = { who: by[0], from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' }
const slack = { team: 'T0ACME', app: 'A0STINT', channel: 'C0123' }
const signIn = {
  authorizationEndpoint: 'https://login.acme.example/authorize',
  tokenEndpoint: 'https://login.acme.example/token',
  clientId: 'x',
}
const scim = 'https://dir.acme.example/scim'
const organization = 'o-acme123456'
const vkeyOf = (kind: 'signer' | 'witness') => formatVkey({ name: 'witness.example', kind, publicKey: new Uint8Array(32) })
const vkey = vkeyOf('witness')

/** The paths of the faults of a config with these changes of a valid one. */
function faultsOf(change: (config: Draft) => void): readonly string[] {
  const draft = structuredClone(config()) as Draft
  change(draft)
  const checked = checkConfig(draft)
  return checked.ok ? [] : checked.faults.map(({ path }) => path)
}

/** A setting, how to set it, values that are valid, and values that are not. */
type Row = readonly [path: string, set: (config: Draft, value: unknown) => void, valid: readonly unknown[], invalid: readonly unknown[]]
const own = (make: (value: unknown) => object) => (config: Draft, value: unknown) => void Object.assign(config.profiles.reader, make(value))
const all = (make: (value: unknown) => object) => (config: Draft, value: unknown) => void Object.assign(config, make(value))
const people = (make: (value: unknown) => object) => (config: Draft, value: unknown) =>
  void Object.assign(config.issuers.people, make(value))
const target = (make: (value: unknown) => object) => (config: Draft, value: unknown) => void Object.assign(config.targets.prod, make(value))

const rows: readonly Row[] = [
  ['profiles.reader.description', own((description) => ({ description })), ['x', 'x'.repeat(256)], ['', 'x'.repeat(257), 7]],
  [
    'people.dana[0].subject',
    all((subject) => ({ people: { dana: [{ issuer: 'people', subject }] } })),
    [
      'x',
      'x'.repeat(2048),
      `sha256:${'0'.repeat(63)}`,
      `sha256:${'0'.repeat(65)}`,
      `sha256:${'g'.repeat(64)}`,
      `x sha256:${'0'.repeat(64)}`,
    ],
    ['', 'x'.repeat(2049), 'a\nb', '\u0000', 'a\u0085', `sha256:${'0'.repeat(64)}`],
  ],
  [
    'profiles.reader.eligible[0].authAge',
    own((authAge) => ({ eligible: [{ ...by[0], authAge }] })),
    ['15m', '1h30m'],
    ['', '15', 'x15m', '15m ', 900],
  ],
  [
    'profiles.reader.eligible[0].sourceIp',
    own((sourceIp) => ({ eligible: [{ ...by[0], sourceIp }] })),
    [['10.0.0.0/8'], ['10.0.0.1', '2001:db8::/32']],
    [[], '10.0.0.0/8'],
  ],
  [
    'profiles.reader.eligible[0].sourceIp[0]',
    own((block) => ({ eligible: [{ ...by[0], sourceIp: [block] }] })),
    ['0.0.0.0/0'],
    ['10.0.0.0/33', 'office', ''],
  ],
  ['profiles.reader.eligible[0].mfa', own((mfa) => ({ eligible: [{ ...by[0], mfa }] })), [true], [false, 'true']],
  ['profiles.reader.duration.renew', own((renew) => ({ duration: { default: '1h', max: '8h', renew } })), ['30m'], ['30']],
  ['profiles.reader.sourceIdentity', own((sourceIdentity) => ({ sourceIdentity })), [false], [true]],
  ['profiles.reader.chaining', own((chaining) => ({ chaining })), [true], [false]],
  ['profiles.reader.justification', own((justification) => ({ justification })), ['required'], ['optional', true, '']],
  ['profiles.reader.visibleTo', own((visibleTo) => ({ visibleTo })), [by], [[]]],
  [
    'profiles.reader.policyArns',
    own((policyArns) => ({ policyArns })),
    [Array(10).fill('arn:aws:iam::aws:policy/ReadOnlyAccess')],
    [[], Array(11).fill('arn:aws:iam::aws:policy/ReadOnlyAccess')],
  ],
  [
    'profiles.reader.policyArns[0]',
    own((arn) => ({ policyArns: [arn] })),
    ['arn:aws:iam::111122223333:policy/a/b', 'arn:aws-us-gov:iam::aws:policy/x'],
    [
      'arn:aws:iam::aws:policy/',
      'arn:aws:iam::aws:role/x',
      'arn:aws:iam::11112222333:policy/x',
      'xarn:aws:iam::aws:policy/x',
      'arn:moon:iam::aws:policy/x',
    ],
  ],
  ['profiles.reader.mints', own((mints) => ({ mints })), [['sts:AssumeRole']], [[]]],
  ['profiles.reader.parameters.it.max', own((max) => ({ parameters: { it: { pattern: '[a-z]+', max } } })), [1, 512], [0, 513, 1.5, '9']],
  [
    'profiles.reader.parameters.it.wildcard',
    own((wildcard) => ({ parameters: { it: { pattern: '.', max: 9, wildcard } } })),
    [true],
    [false],
  ],
  ['profiles.reader.tags.t', own((transitive) => ({ tags: { t: { const: 'x', transitive } } })), [true], [false]],
  [
    'profiles.reader.approval.rules[0].count',
    own((count) => ({ approval: { ...approval, rules: [{ by, count }] } })),
    [1, 10],
    [0, 11, 1.5],
  ],
  ['profiles.reader.approval.maxUses', own((maxUses) => ({ approval: { ...approval, maxUses } })), [1, 100], [0, 101, 1.5]],
  ['profiles.reader.approval.stepUp', own((stepUp) => ({ approval: { ...approval, stepUp } })), [true], [false]],
  ['profiles.reader.approval.breakGlass', own((breakGlass) => ({ approval: { ...approval, breakGlass } })), [true], [false]],
  [
    'profiles.reader.approval.rules[0].hours.from',
    own((from) => ({ approval: { ...approval, rules: [{ ...rule, hours: { ...hours, from } }] } })),
    ['00:00', '09:59', '19:00', '23:58'],
    ['24:00', '30:00', '9:00', '12:60', '12:5', '12:00 ', 'x12:00', '1200'],
  ],
  [
    'profiles.reader.approval.rules[0].hours.timeZone',
    own((timeZone) => ({ approval: { ...approval, rules: [{ ...rule, hours: { ...hours, timeZone } }] } })),
    ['UTC', 'America/New_York'],
    ['Mars/Olympus', ''],
  ],
  [
    'profiles.reader.approval.rules[0].hours.days[0]',
    own((day) => ({ approval: { ...approval, rules: [{ ...rule, hours: { ...hours, days: [day] } }] } })),
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
    ['monday', ''],
  ],
  [
    'profiles.reader.approval.rules[0].hours.days',
    own((days) => ({ approval: { ...approval, rules: [{ ...rule, hours: { ...hours, days } }] } })),
    [['sat', 'sun']],
    [[]],
  ],
  [
    'profiles.reader.approval.rules[0].delegates[0].until',
    own((until) => ({ approval: { ...approval, rules: [{ ...rule, delegates: [{ ...delegate, until }] }] } })),
    ['2026-12-24T00:00:00Z', '2026-12-24T00:00:00+01:00'],
    ['2026-12-24', 'soon', ''],
  ],
  [
    'profiles.reader.approval.rules[0].delegates',
    own((delegates) => ({ approval: { ...approval, rules: [{ ...rule, delegates }] } })),
    [[delegate]],
    [[]],
  ],
  [
    'targets.prod.externalId',
    target((externalId) => ({ externalId })),
    ['ab', 'x'.repeat(1224), 'A9_+=,.@:/-'],
    ['a', 'x'.repeat(1225), 'a b', 'é2', 'ab '],
  ],
  [
    'targets.prod.region',
    target((region) => ({ region })),
    ['eu-central-1', 'us-gov-west-1', 'ap-southeast-10', 'eusc-de-east-1'],
    ['eu-central', 'EU-central-1', 'e-central-1', 'europe-central-1', 'eu-1', 'eu--1', 'eu-central-100', 'eu-central1', ' eu-central-1'],
  ],
  [
    'targets.prod.account',
    target((account) => ({ account })),
    ['111122223333'],
    ['11112222333', '1111222233334', 'x111122223333', '11112222333a'],
  ],
  ['issuers.people.key', people((key) => ({ key })), ['a', '0-z', 'x'.repeat(12)], ['', 'x'.repeat(13), 'A', 'a_b', 'a ']],
  ['issuers.people.kind', people((kind) => ({ kind })), ['human', 'workload'], ['robot', '']],
  ['issuers.people.tokenUse', people((tokenUse) => ({ tokenUse })), ['id', 'access', 'any'], ['refresh', '']],
  ['issuers.people.audiences', people((audiences) => ({ audiences })), [['a', 'b']], [[]]],
  [
    'issuers.people.algorithms',
    people((algorithms) => ({ algorithms })),
    [['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA']],
    [[]],
  ],
  [
    'issuers.people.dialect',
    people((dialect) => ({ dialect })),
    ['rfc9068', 'cognito', 'okta', 'entra', 'keycloak', 'auth0'],
    ['saml', ''],
  ],
  ['issuers.people.preset', people((preset) => ({ preset })), ['github', 'oidc', 'azure-devops'], ['jenkins', '']],
  ['issuers.people.tenant', people((tenant) => ({ tenant })), [{ org: 7 }, { a: 'b', c: true }], [{}, 'acme']],
  ['issuers.people.nameClaim', people((nameClaim) => ({ nameClaim })), ['name', ['a', 'b']], ['', []]],
  ['issuers.people.mfaAcr', people((mfaAcr) => ({ mfaAcr })), [['phr', 'urn:x:loa#3!~']], [[]]],
  ['issuers.people.mfaAcr[0]', people((acr) => ({ mfaAcr: [acr] })), ['!', '~'], ['a b', 'a"b', 'a\\b', 'é', 'a\u007f', '']],
  ['issuers.people.network', people((network) => ({ network })), ['private'], ['public', '']],
  ['issuers.people.replay', people((replay) => ({ replay })), ['once'], ['never', '']],
  ['issuers.people.jobIdentity', people((jobIdentity) => ({ jobIdentity })), [['run_id']], [[]]],
  [
    'signIn.people.authorizationEndpoint',
    all((authorizationEndpoint) => ({ signIn: { people: { ...signIn, authorizationEndpoint } } })),
    ['https://login.acme.example/a?b=c', 'http://localhost:8080/authorize', 'http://127.0.0.1/a'],
    [
      'http://login.acme.example/a',
      'https://a:b@login.acme.example/',
      'https://a@login.acme.example/',
      'https://:b@login.acme.example/',
      'https://login.acme.example/#a',
      'ftp://localhost/a',
      'login.acme.example',
      '',
    ],
  ],
  [
    'signIn.people.scope',
    all((scope) => ({ signIn: { people: { ...signIn, scope } } })),
    ['openid', 'email openid'],
    ['email', 'openidx', ''],
  ],
  [
    'directories.people.scim',
    all((value) => ({ directories: { people: { scim: value, by: 'id' } } })),
    [scim, 'https://dir.acme.example'],
    [`${scim}/`, `${scim}?a=b`, 'http://dir.acme.example'],
  ],
  [
    'directories.people.by',
    all((value) => ({ directories: { people: { scim, by: value } } })),
    ['id', 'externalId', 'userName'],
    ['emails', ''],
  ],
  [
    'directories.people.groups',
    all((groups) => ({ directories: { people: { scim, by: 'id', groups } } })),
    ['value', 'display'],
    ['id', ''],
  ],
  ['directories.people.network', all((network) => ({ directories: { people: { scim, by: 'id', network } } })), ['private'], ['public', '']],
  [
    'slack.team',
    all((team) => ({ slack: { ...slack, team } })),
    ['T01', `T${'A'.repeat(20)}`],
    ['T0', `T${'A'.repeat(21)}`, 't0ACME', 'T0acme', 'E0ACME', 'XT0ACME'],
  ],
  ['slack.app', all((app) => ({ slack: { ...slack, app } })), ['A0STINT'], ['T0STINT', '']],
  ['slack.channel', all((channel) => ({ slack: { ...slack, channel } })), ['C0123', 'G0123'], ['D0123', '#a']],
  ['slack.onCall', all((onCall) => ({ slack: { ...slack, onCall } })), ['S0123'], ['U0123']],
  ['slack.enterprise', all((enterprise) => ({ slack: { ...slack, enterprise } })), ['E0123'], ['T0123']],
  [
    'slack.workspaces',
    all((workspaces) => ({ slack: { ...slack, workspaces } })),
    [Array.from({ length: 100 }, (_, at) => `TX${at}`)],
    [[], Array.from({ length: 101 }, (_, at) => `TX${at}`)],
  ],
  [
    'profiles.reader.slack.channel',
    (config, channel) => own(() => ({ slack: { channel } }))(Object.assign(config, { slack }), channel),
    ['C0123'],
    ['D0123'],
  ],
  [
    'profiles.reader.slack.onCall',
    (config, onCall) => own(() => ({ slack: { onCall } }))(Object.assign(config, { slack }), onCall),
    ['S0123'],
    ['U0123'],
  ],
  [
    'log.origin',
    all((origin) => ({ log: { origin } })),
    ['log.acme.example/stint', 'ab'],
    ['a', 'log/', 'a b', 'a bc', 'a+b', '/+', 'https://log.acme.example', ''],
  ],
  ['log.publicLog', all((publicLog) => ({ log: { origin: 'log.acme.example', publicLog } })), [true], [false]],
  [
    'log.witnesses[0].url',
    all((url) => ({ log: { origin: 'log.acme.example', witnesses: [{ url, vkey }] } })),
    ['https://witness.example', 'http://localhost:7380'],
    ['http://witness.example', 'xhttps://witness.example', 'xhttp://localhost:7380', 'ftp://localhost', ''],
  ],
  [
    'log.witnesses[0].vkey',
    all((value) => ({ log: { origin: 'log.acme.example', witnesses: [{ url: 'https://witness.example', vkey: value }] } })),
    [vkey],
    [vkeyOf('signer'), 'witness.example', ''],
  ],
  ['log.witnesses', all((witnesses) => ({ log: { origin: 'log.acme.example', witnesses } })), [], [[]]],
  [
    'targetRoles.path',
    (config, path) => {
      config.targets.prod.roleArn = `arn:aws:iam::111122223333:role${path}Reader`
      all(() => ({ targetRoles: { path, organization } }))(config, path)
    },
    ['/stint/', '/stint/prod/eu.1/'],
    ['stint/', '/stint', '/', '//', '/stint//', '/st int/', 'x/stint/'],
  ],
  [
    'targetRoles.organization',
    all((value) => ({ targetRoles: { path: '/stint/', organization: value } })),
    [`o-${'a'.repeat(10)}`, `o-${'9'.repeat(32)}`],
    [`o-${'a'.repeat(9)}`, `o-${'a'.repeat(33)}`, 'o-ACME123456', 'xo-acme123456', 'ou-acme12345'],
  ],
  ['responders', all((responders) => ({ responders })), [by], [[]]],
  ['auditors', all((auditors) => ({ auditors })), [by], [[]]],
  ['people.dana', all((dana) => ({ people: { dana } })), [[{ issuer: 'people', subject: 'x' }]], [[]]],
]

test.each(rows)('%s', (path, set, valid, invalid) => {
  for (const value of valid) expect([value, faultsOf((config) => set(config, value))]).toEqual([value, []])
  for (const value of invalid) expect([value, faultsOf((config) => set(config, value))]).toEqual([value, expect.arrayContaining([path])])
})

describe('names', () => {
  test.each(['a', '0', 'a-b-', 'x'.repeat(48)])('%s is an ID', (id) =>
    expect(faultsOf((config) => void Object.assign(config.profiles, { [id]: profile() }))).toEqual([]),
  )
  test.each(['', '-a', 'A', 'a_b', 'a b', 'x'.repeat(49)])('%j is not an ID', (id) =>
    expect(faultsOf((config) => void Object.assign(config.profiles, { [id]: profile() }))).toEqual([`profiles.${id}`]),
  )
  const tagged = (key: string) => faultsOf((config) => own(() => ({ tags: { [key]: { const: 'x' } } }))(config, key))
  test.each(['t', 'Größe', 'cost center', 'a_b.c:d/e=f+g-h@i', 'x'.repeat(128)])('%s is the key of a tag', (key) =>
    expect(tagged(key)).toEqual([]),
  )
  test.each(['', 'a*b', 'a\nb', 'x'.repeat(129)])('%j is not the key of a tag', (key) =>
    expect(tagged(key)).toEqual([`profiles.reader.tags.${key}`]),
  )
  const named = (name: string) => faultsOf((config) => own(() => ({ parameters: { [name]: { pattern: '[a-z]+', max: 9 } } }))(config, name))
  test.each(['b', 'bucketName2', `b${'x'.repeat(31)}`])('%s is the name of a parameter', (name) => expect(named(name)).toEqual([]))
  test.each(['', 'Bucket', '1b', 'b_c', 'b c', `b${'x'.repeat(32)}`])('%j is not the name of a parameter', (name) =>
    expect(named(name)).toEqual([`profiles.reader.parameters.${name}`]),
  )
})

describe('a value', () => {
  test.each<[string, object, boolean]>([
    ['a claim', { claim: 'run_id' }, true],
    ['a claim of at most 256 characters', { claim: 'run_id', max: 256 }, true],
    ['a claim of more', { claim: 'run_id', max: 257 }, false],
    ['a claim of at most one character', { claim: 'run_id', max: 1 }, true],
    ['a claim of none', { claim: 'run_id', max: 0 }, false],
    ['a claim of one and a half', { claim: 'run_id', max: 1.5 }, false],
    ['a constant', { const: 'x' }, true],
    ['a constant of at most 9 characters', { const: 'x', max: 9 }, false],
    ['two of them', { const: 'x', claim: 'run_id' }, false],
    ['none', {}, false],
  ])('%s: %s', (_name, value, valid) => {
    const faults = faultsOf((config) => own(() => ({ tags: { t: value } }))(config, value))
    expect(faults.length === 0).toBe(valid)
  })
  test.each<[string, object, boolean]>([
    ['oneOf', { oneOf: ['a', 7, true] }, true],
    ['oneOf nothing', { oneOf: [] }, false],
    ['includes', { includes: 'a' }, true],
    ['cidr', { cidr: ['10.0.0.0/8'] }, true],
    ['no cidr', { cidr: [] }, false],
    ['a cidr that is none', { cidr: ['ten'] }, false],
    ['all', { all: ['a', { not: 'b' }] }, true],
    ['all of nothing', { all: [] }, false],
    ['any', { any: ['a', { glob: 'b*' }] }, true],
    ['any of nothing', { any: [] }, false],
    ['not', { not: { any: ['a'] } }, true],
    ['two at once', { includes: 'a', glob: 'b' }, false],
  ])('a matcher: %s', (_name, matcher, valid) => {
    const faults = faultsOf((config) => own(() => ({ eligible: [{ issuer: 'people', claims: { sub: matcher } }] }))(config, matcher))
    expect(faults.length === 0).toBe(valid)
  })
})

describe('a statement', () => {
  const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }
  const { Action, Resource, ...effect } = allow
  const parameters = { it: { pattern: '[a-z]+', max: 9 } }
  test.each<[string, object, boolean]>([
    ['with a Sid', { ...allow, Sid: 'Read' }, true],
    ['with lists', { ...allow, Action: ['s3:Get*'], Resource: ['arn:aws:s3:::a', { join: ['arn:aws:s3:::', { param: 'it' }] }] }, true],
    ['with what is excluded', { ...effect, NotAction: 'iam:*', NotResource: { join: ['arn:aws:s3:::', { param: 'it' }] } }, true],
    ['with conditions', { ...allow, Condition: { NumericLessThan: { 's3:max-keys': 7 }, Bool: { 'aws:SecureTransport': true } } }, true],
    [
      'with a parameter in a condition',
      { ...allow, Condition: { StringEquals: { 's3:prefix': ['a', { join: [{ param: 'it' }] }] } } },
      true,
    ],
    ['with no actions', { ...allow, Action: [] }, false],
    ['with an empty text', { ...allow, Resource: { join: [] } }, false],
    ['with another effect', { ...allow, Effect: 'allow' }, false],
    ['with a principal', { ...allow, Principal: '*' }, false],
    ['without an effect', { Action, Resource }, false],
  ])('%s', (_name, statement, valid) => {
    const faults = faultsOf((config) => own(() => ({ parameters, policy: [statement] }))(config, statement))
    expect([faults, faults.length === 0]).toEqual([faults, valid])
  })
})
