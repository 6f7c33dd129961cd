/** What is wrong with a config, told by path and with the fix. One row, one fault. */
import { describe, expect, test } from 'vitest'
import { config as made, profile } from '../testing/fixtures.ts'
import { checkConfig, formatFaults } from './check.ts'
import { binding, param, text } from './define.ts'
import type { Preset } from './shape.ts'

type Draft = any
const draft = (change: (config: Draft) => void = () => {}): unknown => {
  const config = structuredClone(made()) as Draft
  change(config)
  return config
}
const faultsOf = (change: (config: Draft) => void) => {
  const checked = checkConfig(draft(change))
  return checked.ok ? 'ok' : formatFaults(checked.faults)
}
/** `ok`: there are none. A fault can contain these letters too, as in "revoker". */
const expectFault = (found: string, fault: string) => (fault === 'ok' ? expect(found).toBe('ok') : expect(found).toContain(fault))
const reader = (change: object) => (config: Draft) => void Object.assign(config.profiles.reader, change)

const slack = { team: 'T0ACME', app: 'A0STINT' }
const signIn = {
  authorizationEndpoint: 'https://login.acme.example/authorize',
  tokenEndpoint: 'https://login.acme.example/token',
  clientId: 'x',
}

const by = [{ issuer: 'people', claims: { groups: { includes: 'approvers' } } }]
const approval = (more: object, rule = {}) => ({
  rules: [{ by, count: 1, ...rule }],
  expiresAfter: '1h',
  window: '1h',
  maxUses: 1,
  ...more,
})
const place = 'profiles.reader.approval'
/** The faults of a config whose profile and target have these approvals. */
const approvalFaults = (own: object | undefined, shared?: object) =>
  faultsOf((config) => {
    Object.assign(config, { slack: { ...slack, channel: 'C0123' } })
    for (const target of Object.values(config.targets as object)) Object.assign(target, shared && { approval: shared })
    if (own) reader({ approval: own })(config)
  })

describe('targetRoles', () => {
  test.each<[string, object, string]>([
    ['another path', { path: '/other/', organization: 'o-acme123456' }, 'targets.prod.roleArn: must be under /other/'],
    ['the path of every role', { path: '/stint/', organization: 'o-acme123456' }, 'ok'],
    ['no path', { path: '/', organization: 'o-acme123456' }, 'targetRoles.path: must be a path'],
    ['a wildcard', { path: '/st*/', organization: 'o-acme123456' }, 'targetRoles.path: must be a path'],
    ['no organization', { path: '/stint/' }, 'targetRoles.organization: is missing'],
    ['an account for an organization', { path: '/stint/', organization: '111122223333' }, 'targetRoles.organization: must be the ID'],
  ])('%s', (_name, targetRoles, fault) =>
    expectFault(
      faultsOf((config) => Object.assign(config, { targetRoles })),
      fault,
    ),
  )
})

describe('revocation', () => {
  const named = (name: string) => `arn:aws:iam::111122223333:role/stint/${name}`
  test.each<[string, (targets: Draft) => void, string]>([
    ['a target that opts in', (targets) => Object.assign(targets.prod, { revocation: true }), 'ok'],
    ['no', (targets) => Object.assign(targets.prod, { revocation: false }), 'targets.prod.revocation'],
    [
      'the longest name of a role',
      (targets) => Object.assign(targets.prod, { revocation: true, account: '111122223333', roleArn: named('r'.repeat(56)) }),
      'ok',
    ],
    [
      'no room for the name of the revoker',
      (targets) => Object.assign(targets.prod, { revocation: true, account: '111122223333', roleArn: named('r'.repeat(57)) }),
      'targets.prod.roleArn: must have a role name of at most 56 characters',
    ],
    [
      'two targets of one role that agree',
      (targets) => {
        targets.prod.revocation = true
        targets.other = { ...targets.prod }
      },
      'ok',
    ],
    [
      'two targets of one role that differ',
      (targets) => {
        targets.other = { ...targets.prod, revocation: true }
      },
      "targets.other.revocation: must be as in target 'prod', which has the same role",
    ],
  ])('%s', (_name, change, fault) =>
    expectFault(
      faultsOf((config) => change(config.targets)),
      fault,
    ),
  )
})

describe('container', () => {
  test.each<[string, object, string]>([
    ['the defaults', {}, 'ok'],
    ['the least', { perMinute: 6, perHour: 60 }, 'ok'],
    ['the most', { perMinute: 600, perHour: 6000 }, 'ok'],
    ['as many a minute as an hour', { perMinute: 100, perHour: 100 }, 'ok'],
    ['too few for three tries', { perMinute: 5 }, 'container.perMinute: must be at least 6'],
    ['too many a minute', { perMinute: 601 }, 'container.perMinute: must be at most 600'],
    ['too few an hour', { perHour: 59 }, 'container.perHour: must be at least 60'],
    ['too many an hour', { perHour: 6001 }, 'container.perHour: must be at most 6000'],
    ['none', { perMinute: 0 }, 'container.perMinute: must be at least 6'],
    ['a fraction', { perMinute: 6.5 }, 'container.perMinute'],
    ['a minute with more than the hour', { perMinute: 100, perHour: 60 }, 'container: perMinute must not be larger than perHour'],
    ['a minute with more than the default of the hour', { perMinute: 600, perHour: 599 }, 'container: perMinute must not be larger'],
    ['an unknown limit', { perDay: 1 }, 'container.perDay'],
  ])('%s', (_name, container, fault) =>
    expectFault(
      faultsOf((config) => Object.assign(config, { container })),
      fault,
    ),
  )
})

describe('revocation and cells', () => {
  const faults = (own: string, other: string | undefined, revocation?: true) =>
    faultsOf((config) => {
      config.cells = {
        a: { account: '210987654321', log: { origin: 'log.acme.example/a' } },
        b: { account: '109876543210', log: { origin: 'log.acme.example/b' } },
      }
      if (revocation) config.targets.prod.revocation = true
      const { reader } = config.profiles
      config.profiles = { reader: { ...reader, cell: own }, second: other === undefined ? reader : { ...reader, cell: other } }
    })
  test('two cells must not end sessions of one role, because each would make the policy without the other', () =>
    expect(faults('a', 'b', true)).toBe(
      "profiles.second.cell: must be 'a': `revocation` of target 'prod' needs a role that only one cell uses",
    ))
  test('two profiles of one cell can', () => expect(faults('a', 'a', true)).toBe('ok'))
  test('two cells can share a role without revocation', () => expect(faults('a', 'b')).toBe('ok'))
  test('a profile without a cell is told that alone', () =>
    expect(faults('a', undefined, true)).toBe('profiles.second.cell: is missing; must be one of the cells: a, b'))
})

describe('cells', () => {
  const cells = (more: object = {}) => ({
    a: { account: '210987654321', log: { origin: 'log.acme.example/a' } },
    b: { account: '109876543210', log: { origin: 'log.acme.example/b' }, ...more },
  })
  const faults = (given: unknown, cell: string | undefined, more: object = {}) =>
    faultsOf((config) => {
      Object.assign(config, { cells: given }, more)
      if (cell !== undefined) config.profiles.reader.cell = cell
    })
  test.each<[string, unknown, string | undefined, string, object?]>([
    ['a profile in one of them', cells(), 'b', 'ok'],
    ['an unknown cell', cells(), 'c', "profiles.reader.cell: names the unknown cell 'c'"],
    ['a name that every object has', cells(), 'constructor', "profiles.reader.cell: names the unknown cell 'constructor'"],
    ['a cell of a config without cells', undefined, 'a', "profiles.reader.cell: names the unknown cell 'a'"],
    ['a profile without a cell', cells(), undefined, 'profiles.reader.cell: is missing; must be one of the cells: a, b'],
    ['one account for two', cells({ account: '210987654321' }), 'a', "cells.b.account: is already the account of cell 'a'"],
    ['one log for two', cells({ log: { origin: 'log.acme.example/a' } }), 'a', "cells.b.log.origin: is already the log of cell 'a'"],
    ['no account', cells({ account: undefined }), 'a', 'cells.b.account: is missing'],
    ['no log', cells({ log: undefined }), 'a', 'cells.b.log: is missing'],
    ['an invalid account', cells({ account: '1' }), 'a', 'cells.b.account: must be 12 digits'],
    ['an invalid ID', { A: cells().a }, 'A', 'cells.A: must be 1 to 48 of a-z, 0-9 and -'],
    ['an unknown setting', cells({ region: 'eu-central-1' }), 'a', 'cells.b.region: is an unknown setting'],
    ['no cell', {}, undefined, 'cells: must name a cell'],
    ['a log beside them', cells(), 'a', 'log: has no effect, because the config has cells', { log: { origin: 'log.acme.example/c' } }],
  ])('%s', (_name, given, cell, fault, more) => expectFault(faults(given, cell, more), fault))
})

test('refuses an unattended break-glass without a Slack channel', () => {
  const approval = {
    rules: [{ by: [{ issuer: 'people', claims: { groups: { includes: 'approvers' } } }], count: 1 }],
    expiresAfter: '1h',
    window: '1h',
    maxUses: 1,
    breakGlass: { delay: '5m' },
  }
  const fault = 'profiles.reader.approval.breakGlass.delay: approves without a person, but no Slack channel'
  expect(faultsOf(reader({ approval }))).toContain(fault)
  expect(faultsOf((config) => Object.assign(config, { slack }) && reader({ approval })(config))).toContain(fault)
  expect(faultsOf((config) => Object.assign(config, { slack: { ...slack, channel: 'C0123' } }) && reader({ approval })(config))).toBe('ok')
})

describe('what would happen after a request has expired', () => {
  test.each<[string, object, object | undefined, string]>([
    ['a delay shorter than the wait', approval({ breakGlass: { delay: '59m' } }), undefined, 'ok'],
    [
      'a delay as long as the wait',
      approval({ breakGlass: { delay: '1h' } }),
      undefined,
      `${place}.breakGlass.delay: must be shorter than`,
    ],
    [
      'a delay longer than the wait',
      approval({ breakGlass: { delay: '2h' } }),
      undefined,
      `${place}.breakGlass.delay: must be shorter than`,
    ],
    [
      'a delay longer than the wait of the target',
      approval({ breakGlass: { delay: '45m' } }),
      approval({ expiresAfter: '30m', breakGlass: { delay: '5m' } }),
      `${place}.breakGlass.delay: must be shorter than expiresAfter of profile and target together (30m)`,
    ],
    [
      'the delay of the target, longer than the wait of the profile',
      approval({ expiresAfter: '30m', breakGlass: { delay: '5m' } }),
      approval({ breakGlass: { delay: '45m' } }),
      `${place}.breakGlass.delay: must be shorter than expiresAfter of profile and target together (30m)`,
    ],
    [
      'a delay that only the profile has, so that none applies',
      approval({ breakGlass: { delay: '45m' } }),
      approval({ expiresAfter: '30m' }),
      'ok',
    ],
    ['an escalation in time', approval({ escalateAfter: '59m' }, { escalateTo: by }), undefined, 'ok'],
    [
      'an escalation too late',
      approval({ escalateAfter: '60m' }, { escalateTo: by }),
      undefined,
      `${place}.escalateAfter: must be shorter than`,
    ],
    [
      'an escalation too late for the target',
      approval({ escalateAfter: '45m' }, { escalateTo: by }),
      approval({ expiresAfter: '30m' }),
      `${place}.escalateAfter: must be shorter than expiresAfter of profile and target together (30m)`,
    ],
  ])('%s', (_name, own, shared, fault) => {
    expectFault(approvalFaults(own, shared), fault)
  })
})

test('a wait that is too long is told once', () => {
  const given = approval({ breakGlass: { delay: '1h' } })
  const fault = 'breakGlass.delay: must be shorter than expiresAfter (1h), or it has no effect'
  expect([approvalFaults(given), approvalFaults(undefined, given)]).toEqual([`${place}.${fault}`, `targets.prod.approval.${fault}`])
})

describe('approvals', () => {
  const jobs = [{ issuer: 'ci', claims: { sub: 'x' } }]
  const nobody = [{ issuer: 'nobody', claims: { sub: 'x' } }]
  const hours = (from: string, until: string) => ({ hours: { timeZone: 'Europe/Berlin', days: ['mon'], from, until } })
  const delegates = (who: object) => ({ delegates: [{ who, from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' }] })
  test.each<[string, object, string]>([
    ['by people', approval({}), ''],
    ['by an unknown issuer', approval({}, { by: nobody }), "rules[0].by[0].issuer: names the unknown issuer 'nobody'"],
    ['by people and jobs', approval({}, { by: [...by, ...jobs] }), 'rules[0].by[1].issuer: is a workload issuer. Only people can approve'],
    [
      'by jobs after an escalation',
      approval({ escalateAfter: '5m' }, { escalateTo: jobs }),
      'rules[0].escalateTo[0].issuer: is a workload issuer. Only people can approve',
    ],
    [
      'by jobs that stand in',
      approval({}, delegates(jobs[0] as object)),
      'rules[0].delegates[0].who.issuer: is a workload issuer. Only people can approve',
    ],
    ['with a stand-in', approval({}, delegates(by[0] as object)), ''],
    ['with an escalation at no time', approval({}, { escalateTo: by }), 'rules[0].escalateTo: has no effect without escalateAfter'],
    ['with an escalation to nobody', approval({ escalateAfter: '5m' }), 'escalateAfter: has no rule with escalateTo'],
    [
      'with an escalation of one rule',
      approval({
        escalateAfter: '5m',
        rules: [
          { by, count: 1 },
          { by, count: 1, escalateTo: by },
        ],
      }),
      '',
    ],
    ['in hours', approval({}, hours('08:00', '18:00')), ''],
    ['in no hours', approval({}, hours('08:00', '08:00')), 'rules[0].hours: ends before it starts'],
    ['in hours that end before they start', approval({}, hours('18:00', '08:00')), 'rules[0].hours: ends before it starts'],
    ['of 38 days', approval({ expiresAfter: '456h', window: '456h' }), ''],
    [
      'of more than 38 days',
      approval({ expiresAfter: '456h', window: '456h1s' }),
      'window: with expiresAfter lasts longer than 38 days, which is not temporary access',
    ],
    ['without a person after a minute', approval({ breakGlass: { delay: '60s' } }), ''],
    [
      'without a person at once',
      approval({ breakGlass: { delay: '59s' } }),
      'breakGlass.delay: is below 60s, which leaves no time to deny the request',
    ],
    ['in an emergency', approval({ breakGlass: true }), ''],
  ])('%s', (_name, given, fault) => {
    expect(approvalFaults(given)).toBe(fault === '' ? 'ok' : `${place}.${fault}`)
    expect(approvalFaults(undefined, given).split('\n')).toContain(fault === '' ? 'ok' : `targets.prod.approval.${fault}`)
  })
})

describe('who', () => {
  const nobody = { issuer: 'nobody', claims: { sub: 'x' } }
  const people = { issuer: 'people', claims: { sub: 'x' } }
  test.each<[string, (config: Draft) => void, string]>([
    [
      'can see a profile',
      reader({ visibleTo: [people, nobody] }),
      "profiles.reader.visibleTo[1].issuer: names the unknown issuer 'nobody'",
    ],
    ['responds', (config) => Object.assign(config, { responders: [nobody] }), "responders[0].issuer: names the unknown issuer 'nobody'"],
    ['audits', (config) => Object.assign(config, { auditors: [people, nobody] }), "auditors[1].issuer: names the unknown issuer 'nobody'"],
    [
      'has a name that every object has',
      reader({ eligible: [{ ...people, issuer: 'constructor' }] }),
      "names the unknown issuer 'constructor'",
    ],
  ])('%s', (_name, change, fault) => expectFault(faultsOf(change), fault))
  test.each<[unknown, string]>([
    [{ glob: 'a*' }, 'ok'],
    [{ glob: '*' }, "glob '*' matches everything. Remove the claim or use an exact value"],
    [{ glob: '*a' }, 'ok'],
    [{ glob: 'a***' }, "'a***' is not a valid glob"],
    [{ not: { glob: 'a***' } }, "'a***' is not a valid glob"],
    [{ all: ['x', { glob: 'a***' }] }, "'a***' is not a valid glob"],
    [{ any: ['x', { not: { glob: 'a***' } }] }, "'a***' is not a valid glob"],
    [{ any: ['x', { glob: 'a**' }, 7, true, { includes: 'y' }] }, 'ok'],
  ])('has a claim that matches %j: %s', (matcher, fault) => {
    const found = faultsOf(reader({ eligible: [{ issuer: 'people', claims: { sub: matcher } }] }))
    expect(found).toBe(fault === 'ok' ? 'ok' : `profiles.reader.eligible[0].claims.sub: ${fault}`)
  })
})

describe('people', () => {
  const people = (...identities: object[]) => ({ people: { dana: identities } })
  const dana = { issuer: 'people', subject: 'dana' }
  const fault = (more: object, change: (config: Draft) => void = () => {}) => faultsOf((config) => change(Object.assign(config, more)))
  test.each<[string, object, string]>([
    ['an identity of people', people(dana), 'ok'],
    ['two of them', people(dana, { issuer: 'people', subject: 'dana2' }), 'ok'],
    ['one of jobs beside it', people({ issuer: 'ci', subject: 'bot' }, dana), 'ok'],
    ['one of jobs alone', people({ issuer: 'ci', subject: 'bot' }), 'people.dana: has no identity at a human issuer'],
    ['an unknown issuer', people(dana, { issuer: 'nobody', subject: 'dana' }), "people.dana[1].issuer: names the unknown issuer 'nobody'"],
    [
      'an actor of an issuer without actors',
      people(dana, { issuer: 'ci', actor: '7' }),
      'people.dana[1]: names an actor, but its issuer has no actorClaim',
    ],
    ['one twice', people(dana, dana), "people.dana[1]: is already an identity of 'dana'"],
    [
      'one of two people',
      { people: { dana: [dana], kim: [{ issuer: 'people', subject: 'kim' }, dana] } },
      "people.kim[1]: is already an identity of 'dana'",
    ],
  ])('%s', (_name, more, expected) => expect(fault(more)).toBe(expected))
  test('unknown issuers are the only fault', () => {
    const unknown = [
      "people.dana[0].issuer: names the unknown issuer 'nobody'",
      'people.dana[0]: names an actor, but its issuer has no actorClaim',
    ]
    expect(fault(people({ issuer: 'nobody', actor: '7' }, dana))).toBe(unknown.join('\n'))
    expect(fault(people({ issuer: 'nobody', subject: 'x' }, dana))).toBe(unknown[0])
  })
  test('an actor is an identity where its issuer names actors', () => {
    const actors = (config: Draft) => void (config.issuers.ci.actorClaim = 'actor_id')
    expect(fault(people(dana, { issuer: 'ci', actor: '7' }), actors)).toBe('ok')
    const alone = people({ issuer: 'people', actor: '7' })
    expect(fault(alone, (config) => void (config.issuers.people.actorClaim = 'a'))).toBe('people.dana: has no identity at a human issuer')
  })
})

describe('tags', () => {
  const tags = (more: object, change: object = {}) => reader({ tags: more, ...change })
  const numbered = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, { const: 'x' }]))
  const passing =
    'profiles.reader.tags.run: uses a claim that is not marked stable. A profile with approval must vend exactly what was approved'
  test.each<[string, (config: Draft) => void, string]>([
    ['a constant', tags({ t: { const: 'Build 1/2 a@b' } }), 'ok'],
    ['a constant of 256 characters', tags({ t: { const: 'x'.repeat(256) } }), 'ok'],
    ['a parameter', tags({ t: { param: 'bucket' } }, { parameters: { bucket: { pattern: '[a-z]+', max: 9 } } }), 'ok'],
    ['49 and stint:session', tags(numbered(49)), 'ok'],
    ['50 and stint:session', tags(numbered(50)), 'profiles.reader.tags: are more than the 50 that AWS allows, including stint:session'],
    ['a claim without approval', tags({ run: { claim: 'run_id' } }), 'ok'],
    ['a stable claim', tags({ run: { claim: 'run_id', stable: true } }, { approval: approval({}) }), 'ok'],
    ['a constant with approval', tags({ run: { const: 'x' } }, { approval: approval({}) }), 'ok'],
    ['a passing claim', tags({ run: { claim: 'run_id' } }, { approval: approval({}) }), passing],
    [
      'a passing claim where the target needs approval',
      (config) => {
        config.targets.prod.approval = approval({})
        tags({ run: { claim: 'run_id' } })(config)
      },
      passing,
    ],
  ])('%s', (_name, change, fault) => expect(faultsOf(change)).toBe(fault))
})

describe('a fault of the shape', () => {
  test.each<[string, unknown, string]>([
    ['no config', undefined, 'config: is missing; must be Object, not undefined'],
    ['null', null, 'config: must be Object, not null'],
    ['a text', 'x', 'config: must be Object, not "x"'],
  ])('%s', (_name, source, fault) => {
    const checked = checkConfig(source)
    expect(checked.ok ? 'ok' : formatFaults(checked.faults)).toBe(fault)
  })
  test('is told by its path, one a line', () => {
    const eligible = [
      { issuer: 'people', claims: { sub: 'x' } },
      { issuer: 'people', claims: { sub: 'x' }, mfa: false, colour: 1 },
    ]
    expect(faultsOf(reader({ eligible, target: 'A' }))).toBe(
      [
        'profiles.reader.target: must be 1 to 48 of a-z, 0-9 and -, and must not begin with -',
        'profiles.reader.eligible[1].mfa: must be true, not false',
        'profiles.reader.eligible[1].colour: is an unknown setting. Remove it or check the spelling',
      ].join('\n'),
    )
  })
})

describe('Slack, sign-in and directories', () => {
  test('valid settings are accepted', () => {
    const change = (config: Draft) =>
      Object.assign(config, {
        slack: {
          ...slack,
          workspaces: ['T0SISTER'],
          enterprise: 'E0ACME',
          channel: 'C0123',
          onCall: 'S0123',
          trustEmail: { issuer: 'people' },
        },
        signIn: { people: signIn },
        directories: {
          people: { scim: binding('SCIM', 'https://dir.acme.example/scim/v2'), by: 'externalId', groups: 'display', network: 'private' },
        },
      })
    expect(faultsOf(change)).toBe('ok')
  })
  test.each<[string, object, string]>([
    ['a channel by its name', { slack: { ...slack, channel: '#access' } }, 'slack.channel: must be the ID of a channel'],
    ['a user for a group', { slack: { ...slack, onCall: 'U0123' } }, 'slack.onCall: must be the ID of a user group'],
    ['an organization for a workspace', { slack: { ...slack, team: 'E0ACME' } }, 'slack.team: must be the ID of a workspace'],
    [
      'a workspace for an organization',
      { slack: { ...slack, enterprise: 'T0ACME' } },
      'slack.enterprise: must be the ID of an organization',
    ],
    ['no further workspace', { slack: { ...slack, workspaces: [] } }, 'slack.workspaces: '],
    ['a workspace by its name', { slack: { ...slack, workspaces: ['acme'] } }, 'slack.workspaces[0]: must be the ID of a workspace'],
    ['the app’s own workspace again', { slack: { ...slack, workspaces: ['T0ACME'] } }, 'slack.workspaces[0]: is listed twice'],
    ['a workspace twice', { slack: { ...slack, workspaces: ['T0B', 'T0C', 'T0B'] } }, 'slack.workspaces[2]: is listed twice'],
    [
      'addresses of independent workspaces',
      { slack: { ...slack, workspaces: ['T0B'], trustEmail: { issuer: 'people' } } },
      'slack.trustEmail: needs slack.enterprise beside workspaces',
    ],
    ['no app', { slack: { team: 'T0ACME' } }, 'slack.app: is missing'],
    ['a signing secret', { slack: { ...slack, signingSecret: 'x' } }, 'slack.signingSecret: is an unknown setting'],
    [
      'e-mail of an unknown issuer',
      { slack: { ...slack, trustEmail: { issuer: 'nobody' } } },
      "slack.trustEmail.issuer: names the unknown issuer 'nobody'",
    ],
    ['e-mail of jobs', { slack: { ...slack, trustEmail: { issuer: 'ci' } } }, 'slack.trustEmail.issuer: is a workload issuer'],
    [
      'a sign-in over http',
      { signIn: { people: { ...signIn, tokenEndpoint: 'http://login.acme.example/token' } } },
      'signIn.people.tokenEndpoint: must be an https URL',
    ],
    ['a sign-in without OpenID Connect', { signIn: { people: { ...signIn, scope: 'email' } } }, 'signIn.people.scope: must include openid'],
    [
      'a sign-in of the command line without OpenID Connect',
      { signIn: { people: { ...signIn, cli: { clientId: 'stint-cli', scope: 'offline_access' } } } },
      'signIn.people.cli.scope: must include openid',
    ],
    [
      'a secret of the public client',
      { signIn: { people: { ...signIn, cli: { clientId: 'stint-cli', clientSecret: 'x' } } } },
      'signIn.people.cli.clientSecret',
    ],
    ['a sign-in of jobs', { signIn: { ci: signIn } }, 'signIn.ci: is a workload issuer'],
    [
      'a directory of an unknown issuer',
      { directories: { nobody: { scim: 'https://dir.acme.example', by: 'id' } } },
      "directories.nobody: names the unknown issuer 'nobody'",
    ],
    [
      'a directory with a slash',
      { directories: { people: { scim: 'https://dir.acme.example/', by: 'id' } } },
      'directories.people.scim: must be the base URL before /Users',
    ],
    ['a directory by mail', { directories: { people: { scim: 'https://dir.acme.example', by: 'emails' } } }, 'directories.people.by'],
  ])('%s', (_name, more, expected) => expect(faultsOf((config) => void Object.assign(config, more))).toContain(expected))
  test('Slack settings of a profile need the top-level setting, and dm needs approvers', () => {
    expect(faultsOf(reader({ slack: { channel: 'C0123' } }))).toContain('profiles.reader.slack: needs the slack section')
    const told = (config: Draft) => {
      config.slack = slack
      config.profiles.reader.slack = { dm: true }
    }
    expect(faultsOf(told)).toContain('profiles.reader.slack.dm: notifies approvers')
    expect(faultsOf((config) => told(Object.assign(config.profiles.reader, { approval: approval({}) }) && config))).toBe('ok')
    expect(faultsOf((config) => told(Object.assign(config.targets.prod, { approval: approval({}) }) && config))).toBe('ok')
    expect(faultsOf((config) => Object.assign(config, { slack: { ...slack, trustEmail: { issuer: 'people' } } }))).toBe('ok')
  })
})

test('a good config is accepted', () => expect(faultsOf(() => {})).toBe('ok'))

describe('numbers that no token can be compared with exactly', () => {
  const claims = (matcher: unknown) => reader({ eligible: [{ issuer: 'people', claims: { id: matcher } }] })
  const path = 'profiles.reader.eligible[0].claims.id'
  test.each<[string, (config: Draft) => void, string]>([
    ['a claim', claims(88005553535356700), path],
    ['a negative claim', claims(-(2 ** 53)), path],
    ['infinity', claims(Number.POSITIVE_INFINITY), path],
    ['one of several', claims({ oneOf: [1, 2 ** 53] }), `${path}.oneOf[1]`],
    ['a member of a list', claims({ includes: 2 ** 60 }), `${path}.includes`],
    ['within not', claims({ not: 2 ** 53 }), `${path}.not`],
    ['within all', claims({ all: [{ not: 2 ** 53 }] }), `${path}.all[0].not`],
    ['within any', claims({ any: [1, 2 ** 53] }), `${path}.any[1]`],
    ['a tenant', (config) => void (config.issuers.people.tenant = { org: 2 ** 53 }), 'issuers.people.tenant.org'],
    [
      'a condition of a policy',
      reader({
        policy: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*', Condition: { NumericLessThan: { 's3:max-keys': 2 ** 53 } } }],
      }),
      'profiles.reader.policy[0].Condition.NumericLessThan.s3:max-keys',
    ],
  ])('%s', (_name, change, where) =>
    expect(faultsOf(change)).toBe(`${where}: must be between -9007199254740991 and 9007199254740991; use a string for a longer identifier`),
  )
  test('the largest safe integer is accepted', () => expect(faultsOf(claims(2 ** 53 - 1))).toBe('ok'))
})

describe('renew', () => {
  const duration = (renew: string, max = '8h') => ({ duration: { default: '1h', max, renew } })
  const approval = (maxUses: number) => ({
    approval: { rules: [{ by: [{ issuer: 'people', claims: { sub: 'x' } }], count: 1 }], expiresAfter: '1h', window: '8h', maxUses },
  })
  test.each<[string, object, string]>([
    ['half an hour of eight', duration('30m'), 'ok'],
    ['the longest session', duration('1h', '12h'), 'ok'],
    ['the shortest credentials', duration('60s', '1h'), 'ok'],
    ['credentials that outlast the session', duration('1h', '1h'), 'ok'],
    ['a session of more than 12 h', duration('1h', '12h1s'), 'profiles.reader.duration.max: must be at most 12h'],
    ['credentials of less than a minute', duration('59s', '1h'), 'profiles.reader.duration.renew: must be 60s to 1h'],
    ['credentials of more than an hour', duration('61m'), 'profiles.reader.duration.renew: must be 60s to 1h'],
    ['a number', { duration: { default: '1h', max: '8h', renew: 900 } }, 'profiles.reader.duration.renew'],
    ['a hundred sets', { ...duration('5m', '5h'), ...approval(1) }, 'ok'],
    ['a hundred and one sets', duration('3m', '5h3m'), 'profiles.reader.duration.renew: makes up to 101 sets of credentials'],
    ['too many sets in several sessions', { ...duration('30m'), ...approval(7) }, 'makes up to 112 sets of credentials'],
    ['many sessions without renewals', { ...duration('1h', '1h'), ...approval(100) }, 'ok'],
  ])('%s', (_name, change, fault) => expectFault(faultsOf(reader(change)), fault))

  test.each<[Preset, boolean]>([
    ['github', true],
    ['buildkite', true],
    ['circleci', true],
    ['kubernetes', true],
    ['azure-devops', true],
    ['gitlab', false],
    ['bitbucket', false],
    ['terraform', false],
    ['spacelift', false],
    ['vercel', false],
  ])('with jobs of %s: %s', (preset, ok) => {
    const found = faultsOf((config) => {
      config.issuers.ci = {
        ...config.issuers.people,
        preset,
        kind: 'workload',
        url: 'https://ci.acme.example',
        key: 'ci',
        jobIdentity: ['run'],
      }
      const eligible = [...config.profiles.reader.eligible, { issuer: 'ci', claims: { sub: 'deploy' } }]
      Object.assign(config.profiles.reader, { eligible, ...duration('30m') })
    })
    if (ok) expect(found).toBe('ok')
    else expect(found).toContain('profiles.reader.eligible[1].issuer: gives a job one token at its start')
  })

  test('with jobs that nothing tells apart', () => {
    const found = faultsOf((config) => {
      config.issuers.ci = {
        ...config.issuers.people,
        kind: 'workload',
        url: 'https://token.actions.githubusercontent.com',
        key: 'ci',
        tenant: { repository_owner_id: '65' },
      }
      Object.assign(config.profiles.reader, { eligible: [{ issuer: 'ci', claims: { repository_id: '74' } }], ...duration('30m') })
    })
    expect(found).toContain("issuers.ci.jobIdentity: is missing. Without it, every later job can renew a session of 'profiles.reader'")
  })
})

describe('faults', () => {
  test.each<[string, (config: Draft) => void, string]>([
    ['an unknown setting', reader({ eligable: [] }), 'profiles.reader.eligable: is an unknown setting'],
    ['a missing setting', (config) => void delete config.profiles.reader.duration, 'profiles.reader.duration: is missing'],
    ['a wrong type', reader({ target: 7 }), 'profiles.reader.target: must be string'],
    ['a function', reader({ eligible: () => [] }), 'profiles.reader.eligible: is a function, but the config must be data'],
    ['no profiles', (config) => void (config.profiles = {}), 'profiles: must name a profile'],
    ['an id in capitals', (config) => void (config.profiles.Reader = profile()), 'must be 1 to 48 of a-z'],
    ['an empty eligible', reader({ eligible: [] }), 'profiles.reader.eligible: must not be empty'],
    ['eligible without claims', reader({ eligible: [{ issuer: 'people', claims: {} }] }), '{} would match every caller'],
    ['a glob that matches everything', reader({ eligible: [{ issuer: 'people', claims: { sub: { glob: '**' } } }] }), 'matches everything'],
    [
      'an unknown matcher',
      reader({ eligible: [{ issuer: 'people', claims: { sub: { regex: '.*' } } }] }),
      'profiles.reader.eligible[0].claims.sub',
    ],
    ['an unknown issuer', reader({ eligible: [{ issuer: 'persons', claims: { sub: 'x' } }] }), "names the unknown issuer 'persons'"],
    ['an unknown target', reader({ target: 'moon' }), "profiles.reader.target: names the unknown target 'moon'"],
    ['an unknown target of a profile with approval', reader({ target: 'moon', approval: approval({}) }), "names the unknown target 'moon'"],
    [
      'an unknown target of a profile that notifies approvers',
      (config) => reader({ target: 'moon', slack: { dm: true } })(Object.assign(config, { slack })),
      "names the unknown target 'moon'",
    ],
    ['an inherited target', reader({ target: 'constructor' }), "names the unknown target 'constructor'"],
    ['a bare number for a duration', reader({ duration: { default: '900', max: '1h' } }), 'must be a duration with units'],
    [
      'longer than chaining allows',
      reader({ duration: { default: '1h', max: '2h' } }),
      'profiles.reader.duration.max: must be at most 1h without renew',
    ],
    [
      'a default above the maximum',
      reader({ duration: { default: '1h', max: '30m' } }),
      'profiles.reader.duration.default: must not be longer than duration.max',
    ],
    [
      'a default below a minute',
      reader({ duration: { default: '59s', max: '30m' } }),
      'profiles.reader.duration.default: must be at least 60s',
    ],
    ['a default of a minute', reader({ duration: { default: '60s', max: '60s' } }), 'ok'],
    [
      'a count of 0',
      reader({
        approval: { rules: [{ by: [{ issuer: 'people', claims: { sub: 'x' } }], count: 0 }], expiresAfter: '1h', window: '1h', maxUses: 1 },
      }),
      'must be at least 1',
    ],
    [
      'no approvers',
      reader({ approval: { rules: [], expiresAfter: '1h', window: '1h', maxUses: 1 } }),
      'profiles.reader.approval.rules: must not be empty',
    ],
    [
      'a workload that approves',
      reader({
        approval: { rules: [{ by: [{ issuer: 'ci', claims: { sub: 'x' } }], count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 1 },
      }),
      'Only people can approve',
    ],
    [
      'too many uses',
      reader({
        approval: {
          rules: [{ by: [{ issuer: 'people', claims: { sub: 'x' } }], count: 1 }],
          expiresAfter: '1h',
          window: '1h',
          maxUses: 101,
        },
      }),
      'must be at most 100',
    ],
    [
      'a passing claim in a tag of a profile with approval',
      reader({
        approval: { rules: [{ by: [{ issuer: 'people', claims: { sub: 'x' } }], count: 1 }], expiresAfter: '1h', window: '1h', maxUses: 1 },
        tags: { run: { claim: 'run_id' } },
      }),
      'not marked stable',
    ],
    [
      'two tags that AWS takes for one',
      reader({ tags: { Team: { const: 'a' }, team: { const: 'b' } } }),
      'profiles.reader.tags.team: is set twice',
    ],
    ['our own tag', reader({ tags: { 'stint:session': { const: 'a' } } }), 'Stint sets stint:session'],
    ['a tag of AWS’s', reader({ tags: { 'aws:x': { const: 'a' } } }), 'profiles.reader.tags.aws:x: starts with aws:, which AWS reserves'],
    [
      'a tag from no parameter',
      reader({ tags: { b: { param: 'bucket' } } }),
      "profiles.reader.tags.b: names the unknown parameter 'bucket'",
    ],
    [
      'a pattern with a lookahead',
      reader({ parameters: { bucket: { pattern: '(?!prod).+', max: 9 } } }),
      'parameters.bucket.pattern: uses a lookahead',
    ],
    ['a pattern with a backreference', reader({ parameters: { bucket: { pattern: '(a|b)\\1', max: 9 } } }), 'uses a backreference'],
    [
      'a pattern that is too large',
      reader({ parameters: { bucket: { pattern: '(a{1,99}){1,99}', max: 9 } } }),
      'expands to more than 4000',
    ],
    ['an invalid pattern', reader({ parameters: { bucket: { pattern: '[', max: 9 } } }), 'is not a valid regular expression'],
    [
      'a policy with an unknown parameter',
      reader({ policy: [{ Effect: 'Allow', Action: 's3:*', Resource: text`arn:aws:s3:::${param('bucket')}` }] }),
      "names the unknown parameter 'bucket'",
    ],
    [
      'a policy with an unknown operator',
      reader({ policy: [{ Effect: 'Allow', Action: 's3:*', Resource: '*', Condition: { StringMatches: { k: 'v' } } }] }),
      'is not a condition operator',
    ],
    [
      'a $ before a parameter',
      reader({
        parameters: { bucket: { pattern: '.*', max: 9 } },
        policy: [{ Effect: 'Allow', Action: 's3:*', Resource: { join: ['arn:aws:s3:::$', { param: 'bucket' }] } }],
      }),
      'could form a policy variable',
    ],
    [
      'a pattern that breaks out of its anchors',
      reader({ parameters: { bucket: { pattern: 'a)|(?:b', max: 9 } } }),
      'is not a valid regular expression',
    ],
    ['a policy that allows nothing', reader({ policy: [{ Effect: 'Deny', Action: 's3:*', Resource: '*' }] }), 'allows nothing'],
    [
      'a policy that names a minting action: the line to add',
      reader({ policy: [{ Effect: 'Allow', Action: ['s3:GetObject', 'ecr:GetAuthorizationToken'], Resource: '*' }] }),
      "profiles.reader.policy[0].Action: names ecr:GetAuthorizationToken, which creates access that outlives the session. Add mints: ['ecr:GetAuthorizationToken']",
    ],
    [
      'two of them, next to two that are listed',
      reader({
        mints: ['s3:GetDataAccess', 'iam:ChangePassword'],
        policy: [{ Effect: 'Allow', Action: ['iam:CreateAccessKey', 'ecr:GetAuthorizationToken'], Resource: '*' }],
      }),
      "names iam:CreateAccessKey and ecr:GetAuthorizationToken, which creates access that outlives the session. Add mints: ['iam:ChangePassword', 's3:GetDataAccess', 'iam:CreateAccessKey', 'ecr:GetAuthorizationToken']",
    ],
    [
      'one in another case, next to one that is listed',
      reader({ mints: ['s3:GetDataAccess'], policy: [{ Effect: 'Allow', Action: 'IAM:createaccesskey', Resource: '*' }] }),
      "profiles.reader.policy[0].Action: names iam:CreateAccessKey, which creates access that outlives the session. Add mints: ['s3:GetDataAccess', 'iam:CreateAccessKey']",
    ],
    [
      'one with what it needs, which need not be listed',
      reader({
        policy: [{ Effect: 'Allow', Action: ['sts:GetServiceBearerToken', 'codeartifact:GetAuthorizationToken'], Resource: '*' }],
      }),
      "Add mints: ['codeartifact:GetAuthorizationToken']",
    ],
    [
      'a role to assume without chaining',
      reader({ policy: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }] }),
      "Add mints: ['sts:AssumeRole']",
    ],
    ['no names in mints', reader({ mints: [] }), 'profiles.reader.mints: must not be empty'],
    [
      'a misspelt name in mints',
      reader({ mints: ['ecr:GetAuthorisationToken'] }),
      "profiles.reader.mints[0]: 'ecr:GetAuthorisationToken' is not a known minting action; did you mean 'ecr:GetAuthorizationToken'?",
    ],
    ['a name in mints in other letters', reader({ mints: ['iam:createaccesskey'] }), "did you mean 'iam:CreateAccessKey'?"],
    ['an unknown name in mints', reader({ mints: ['s3:GetObject'] }), "'s3:GetObject' is not a known minting action; see docs/"],
    ['a wildcard in mints', reader({ mints: ['sts:*'] }), "'sts:*' contains a wildcard; list each action by its name"],
    ['a connection in mints', reader({ mints: ['ssm:startsession'] }), "'ssm:startsession' is not denied by default; remove it"],
    ['a grant in mints', reader({ mints: ['kms:CreateGrant'] }), "'kms:CreateGrant' is not denied by default; remove it"],
    [
      'a name twice in mints',
      reader({ mints: ['sts:AssumeRole', 'sts:AssumeRole'] }),
      'profiles.reader.mints[1]: is listed twice. Remove one',
    ],
    ...[
      'Build & Deploy 🚀',
      '#2-bit',
      '(logo)',
      'dependabot[bot]',
      'a,b',
      'a*',
      'a\nb',
      'a;b',
      'a"b',
      'a=5B',
      'aws:x',
      'AWS: Deploy',
      'x'.repeat(257),
    ].map((text): [string, ReturnType<typeof reader>, string] => [
      `the constant ${text.slice(0, 20)} as a tag`,
      reader({ tags: { t: { const: text } } }),
      'profiles.reader.tags.t: is not a valid session tag value',
    ]),
    ['a policy beyond Latin-1', reader({ policy: [{ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::ł' }] }), 'outside Latin-1'],
    [
      'a role in another account',
      (config) => void (config.targets.prod.account = '999999999999'),
      'targets.prod.roleArn: is not in account 999999999999',
    ],
    ['an external ID that AWS does not take', (config) => void (config.targets.prod.externalId = 'a b'), 'targets.prod.externalId'],
    ['an issuer over http', (config) => void (config.issuers.people.url = 'http://login.acme.example'), 'must be an https URL'],
    [
      'an issuer with a password in its URL',
      (config) => void (config.issuers.people.url = 'https://a:b@login.acme.example'),
      'without credentials',
    ],
    [
      'a key set over http',
      (config) => void (config.issuers.people.jwksUri = 'http://login.acme.example/jwks'),
      'issuers.people.jwksUri: must be an https URL',
    ],
    [
      'the tenant of all personal Microsoft accounts',
      (config) => void (config.issuers.people.url = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'),
      'issuers.people.url: is the tenant of all personal Microsoft accounts, which anyone can create',
    ],
    [
      'one URL twice',
      (config) => void (config.issuers.ci.url = config.issuers.people.url),
      "issuers.ci.url: is already used by issuer 'people'",
    ],
    [
      'one key twice',
      (config) => void (config.issuers.ci.key = 'acme'),
      "issuers.ci.key: is already used by issuer 'people'; source identities would collide",
    ],
    [
      'an issuer shared by tenants, without a pin',
      (config) => void (config.issuers.ci.url = 'https://token.actions.githubusercontent.com'),
      'issuers.ci.tenant: is missing',
    ],
    [
      'a person with only an actor identity',
      (config) => {
        config.issuers.ci.actorClaim = 'actor_id'
        config.people = { dana: [{ issuer: 'ci', actor: '1' }] }
      },
      'people.dana: has no identity at a human issuer',
    ],
    [
      'a person with the digest of a subject, as events have it',
      (config) => void (config.people = { dana: [{ issuer: 'people', subject: `sha256:${'0'.repeat(64)}` }] }),
      'people.dana[0].subject: is the digest of a subject. Enter the subject itself, as tokens have it',
    ],
    ['PS256', (config) => void (config.issuers.ci.algorithms = ['PS256']), 'issuers.ci.algorithms[0]'],
    ['HS256', (config) => void (config.issuers.ci.algorithms = ['HS256']), 'issuers.ci.algorithms[0]'],
    ['none', (config) => void (config.issuers.ci.algorithms = ['none']), 'issuers.ci.algorithms[0]'],
    ['no audience', (config) => void (config.issuers.ci.audiences = []), 'issuers.ci.audiences: must not be empty'],
  ])('%s', (_name, change, fault) => expectFault(faultsOf(change), fault))

  test.each<[string, object]>([
    ['by name', { mints: ['sts:AssumeRole', 'ecr:GetAuthorizationToken'] }],
    ['as chaining', { chaining: true, policy: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }] }],
    [
      'with what they need',
      {
        mints: ['ecr-public:GetAuthorizationToken'],
        policy: [{ Effect: 'Allow', Action: ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'], Resource: '*' }],
      },
    ],
    ['behind a wildcard, which stays denied', { policy: [{ Effect: 'Allow', Action: ['ecr:*', 'iam:Create*'], Resource: '*' }] }],
    [
      'in a Deny',
      {
        policy: [
          { Effect: 'Allow', Action: 'ecr:*', Resource: '*' },
          { Effect: 'Deny', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
        ],
      },
    ],
  ])('minting actions are accepted %s', (_name, change) => expect(faultsOf(reader(change))).toBe('ok'))

  test('a URL that only contains the tenant of personal Microsoft accounts is accepted', () => {
    const url = 'https://login.acme.example/https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/'
    expect(faultsOf((config) => void (config.issuers.people.url = url))).toBe('ok')
  })
  test('a pinned tenant is accepted', () => {
    expect(
      faultsOf((config) =>
        Object.assign(config.issuers.ci, { url: 'https://token.actions.githubusercontent.com', tenant: { repository_owner_id: '65' } }),
      ),
    ).toBe('ok')
  })
})

describe('bindings', () => {
  const bound = draft((config) => void (config.issuers.people.url = binding('LOGIN', 'https://login.acme.example')))
  const hash = (source: unknown, bindings = {}) => {
    const checked = checkConfig(source, bindings)
    if (!checked.ok) throw new Error(formatFaults(checked.faults))
    return checked.rules.hash
  }
  test('are filled in, by default or from outside, and the hash is of what results', () => {
    expect(hash(bound)).toBe(hash(draft()))
    expect(hash(bound, { LOGIN: 'https://other.acme.example' })).not.toBe(hash(draft()))
  })
  test('without a value are a fault', () => {
    const checked = checkConfig(draft((config) => void (config.targets.prod.roleArn = binding('ROLE'))))
    expect(checked).toMatchObject({
      ok: false,
      faults: [{ path: 'targets.prod.roleArn', fault: expect.stringContaining("binding 'ROLE' has no value") }],
    })
  })
  test('stand only where deploys differ', () => {
    const checked = checkConfig(draft((config) => void (config.targets.prod.externalId = binding('EXT', 'ext'))))
    expect(checked).toMatchObject({ ok: false, faults: [{ path: 'targets.prod.externalId' }] })
  })
  test('the hash does not depend on the order of properties', () => {
    const source = draft() as Draft
    expect(hash({ profiles: source.profiles, targets: source.targets, issuers: source.issuers })).toBe(hash(source))
  })
})

describe('the ARN of a target’s role', () => {
  const faults = (role: string) => {
    const account = (made() as Draft).targets.prod.account
    return faultsOf((config) => void (config.targets.prod.roleArn = `arn:aws:iam::${account}:role/${role}`))
  }
  test.each([
    ['a name of 64 characters', 'r'.repeat(64)],
    ['a path and such a name', `stint/${'r'.repeat(64)}`],
    ['a long path', `${'p'.repeat(500)}/r`],
  ])('takes %s', (_what, role) => expect(faults(role)).toBe('ok'))
  test.each([
    ['a longer name', 'r'.repeat(65)],
    ['a longer name behind a path', `stint/${'r'.repeat(65)}`],
    ['no name', 'stint/'],
    ['an empty part of a path', '/r'],
    ['a path that is too long', `${'p'.repeat(600)}/r`],
  ])('refuses %s', (_what, role) => expect(faults(role)).toContain('targets.prod.roleArn: must be the ARN of an IAM role'))
})
