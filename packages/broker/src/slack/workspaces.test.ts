/**
 * Which Slack users count, in the shapes in which Slack sends them. The shapes are from public reports and tests: slackapi/bolt-python
 * (pull request 23, request internals and their tests), slackapi/bolt-js (pull request 521), slackapi/java-slack-sdk (pull requests 638
 * and 918), abdolence/slack-morphism-rust (1.15.0), howdyai/botkit (issue 1962) and Slack API docs, "Enterprise Grid". Nothing is copied.
 */
import { describe, expect, test } from 'vitest'
import { isMemberAs, slackUserOf, type Workspaces } from '../approvals/workspaces.ts'
import { parseSlack } from './payload.ts'

const alone: Workspaces = { team: 'T0ACME' }
const grid: Workspaces = { team: 'T0ACME', workspaces: ['T0SISTER'], enterprise: 'E0ACME' }
const independent: Workspaces = { team: 'T0ACME', workspaces: ['T0PARTNER'] }

const button = {
  type: 'block_actions',
  api_app_id: 'A0STINT',
  trigger_id: '1.2.a',
  response_url: 'https://hooks.slack.com/actions/T0ACME/1/x',
  container: { type: 'message', message_ts: '1.2', channel_id: 'C0ACCESS' },
  actions: [{ type: 'button', action_id: 'approve', value: 'req_x' }],
}
const modal = {
  type: 'view_submission',
  api_app_id: 'A0STINT',
  view: {
    id: 'V0001',
    callback_id: 'ask',
    private_metadata: '',
    team_id: 'T0ACME',
    app_installed_team_id: 'T0ACME',
    state: { values: {} },
  },
}
const shortcut = { type: 'shortcut', api_app_id: 'A0STINT', callback_id: 'ask', trigger_id: '1.2' }
const search = { type: 'block_suggestion', api_app_id: 'A0STINT', action_id: 'profile', value: 'log' }
const command = {
  api_app_id: 'A0STINT',
  user_id: 'U0AVERY',
  team_id: 'T0ACME',
  command: '/stint',
  text: 'status',
  trigger_id: '1.2.a',
  response_url: 'https://hooks.slack.com/commands/T0ACME/1/x',
  is_enterprise_install: 'false',
}
const team = (id: string, more = {}) => ({ id, domain: 'acme', ...more })
const user = (home: string | undefined, id = 'U0AVERY') => ({
  id,
  username: 'a',
  name: 'a',
  ...(home === undefined ? {} : { team_id: home }),
})
const acme = { id: 'E0ACME', name: 'Acme' }

/** `TEAM/USER` for a user who counts, `stranger of HOME`, or why the payload is not for this broker. */
function read(ours: Workspaces, given: object): string {
  const fields = 'command' in given ? (given as Record<string, string>) : { payload: JSON.stringify(given) }
  const body = Buffer.from(new URLSearchParams(fields).toString())
  const parsed = parseSlack(body, { ...ours, app: 'A0STINT', responseHost: 'hooks.slack.com' })
  if (parsed.outcome === 'odd') return parsed.why
  const call = parsed.value
  return call.kind === 'probe' ? call.kind : call.kind === 'stranger' ? `stranger of ${call.team}` : `${call.team}/${call.user}`
}

describe('an organization, with one sister workspace', () => {
  test.each<[string, object, string]>([
    ['a member of the app’s workspace', { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0ACME') }, 'T0ACME/U0AVERY'],
    ['whose own workspace is the sister', { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0SISTER') }, 'T0ACME/U0AVERY'],
    ['whose team_id is the organization', { ...button, team: team('T0ACME'), enterprise: acme, user: user('E0ACME') }, 'T0ACME/U0AVERY'],
    ['with a W… user ID', { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0SISTER', 'W0AVERY') }, 'T0ACME/W0AVERY'],
    ['without team_id of the user', { ...button, team: team('T0ACME'), enterprise: acme, user: user(undefined) }, 'T0ACME/U0AVERY'],
    [
      'who clicks in the sister workspace',
      { ...button, team: team('T0SISTER'), enterprise: acme, user: user('T0SISTER') },
      'T0ACME/U0AVERY',
    ],
    [
      'who sends a modal, whose team names the organization',
      { ...modal, team: team('T0ACME', { enterprise_id: 'E0ACME', enterprise_name: 'Acme' }), user: user('T0SISTER') },
      'T0ACME/U0AVERY',
    ],
    [
      'by a shortcut of an app for the whole organization: team is null',
      { ...shortcut, team: null, enterprise: acme, is_enterprise_install: true, user: user('T0SISTER', 'W0AVERY') },
      'T0ACME/W0AVERY',
    ],
    [
      'by a button of such an app',
      { ...button, team: null, enterprise: acme, is_enterprise_install: true, user: user('E0ACME') },
      'T0ACME/U0AVERY',
    ],
    ['by a search of such an app', { ...search, enterprise: acme, is_enterprise_install: true, user: user('T0ACME') }, 'T0ACME/U0AVERY'],
    ['by a command in the app’s workspace', { ...command, enterprise_id: 'E0ACME' }, 'T0ACME/U0AVERY'],
    ['by a command in the sister workspace', { ...command, team_id: 'T0SISTER', enterprise_id: 'E0ACME' }, 'T0ACME/U0AVERY'],
    [
      'by a command of an app for the whole organization',
      { ...command, team_id: 'T0SISTER', enterprise_id: 'E0ACME', is_enterprise_install: 'true' },
      'T0ACME/U0AVERY',
    ],
    ['by a command before the workspace joined the organization', { ...command, enterprise_id: '' }, 'T0ACME/U0AVERY'],

    [
      'a user of a workspace that is not listed',
      { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0OTHER') },
      'stranger of T0OTHER',
    ],
    [
      'a user of another organization, in a shared channel',
      { ...button, team: team('T0ACME'), enterprise: acme, user: user('E0EVIL') },
      'stranger of E0EVIL',
    ],
    [
      'a stranger without an organization',
      { ...button, team: team('T0ACME'), enterprise: null, user: user('T0OTHER') },
      'stranger of T0OTHER',
    ],
    [
      'a sister’s user without the organization',
      { ...button, team: team('T0ACME'), enterprise: null, user: user('T0SISTER') },
      'no organization',
    ],
    ['a sister’s command without the organization', { ...command, team_id: 'T0SISTER' }, 'no organization'],
    [
      'a sister’s user beside another organization',
      { ...button, team: team('T0ACME'), enterprise: { id: 'E0EVIL' }, user: user('T0SISTER') },
      'another organization',
    ],
    [
      'an app of another organization',
      { ...shortcut, team: null, enterprise: { id: 'E0EVIL' }, is_enterprise_install: true, user: user('T0ACME') },
      'installed for another organization',
    ],
    [
      'an app of no organization',
      { ...shortcut, team: null, enterprise: null, is_enterprise_install: true, user: user('T0ACME') },
      'installed for another organization',
    ],
    [
      'a call of a workspace that is not listed',
      { ...button, team: team('T0OTHER'), enterprise: acme, user: user('T0ACME') },
      'another workspace',
    ],
    ['no workspace at all', { ...button, team: null, enterprise: acme, user: user('T0ACME') }, 'another workspace'],
    [
      'an organization where the workspace stands',
      { ...button, team: team('E0ACME'), enterprise: acme, user: user('T0ACME') },
      'missing or invalid',
    ],
    [
      'an organization that is not an ID',
      { ...button, team: team('T0ACME'), enterprise: { id: 'T0ACME' }, user: user('T0ACME') },
      'missing or invalid',
    ],
    ['a home that is not an ID', { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0ACME#') }, 'missing or invalid'],
    [
      'a command without a workspace',
      { ...command, team_id: '', enterprise_id: 'E0ACME', is_enterprise_install: 'true' },
      'missing or invalid',
    ],
  ])('%s', (_name, given, expected) => expect(read(grid, given)).toContain(expected))
})

describe('one workspace', () => {
  test.each<[string, object, string]>([
    ['its member', { ...button, team: team('T0ACME'), user: user('T0ACME') }, 'T0ACME/U0AVERY'],
    [
      'its member, where the workspace is in an organization',
      { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0ACME') },
      'T0ACME/U0AVERY',
    ],
    [
      'a member whose team_id is the organization',
      { ...button, team: team('T0ACME'), enterprise: acme, user: user('E0ACME') },
      'stranger of E0ACME',
    ],
    ['a user of a sister workspace', { ...button, team: team('T0ACME'), enterprise: acme, user: user('T0SISTER') }, 'stranger of T0SISTER'],
    [
      'an app for the whole organization',
      { ...button, team: null, enterprise: acme, is_enterprise_install: true, user: user('T0ACME') },
      'installed for another',
    ],
  ])('%s', (_name, given, expected) => expect(read(alone, given)).toContain(expected))
})

describe('independent workspaces', () => {
  test('the same user ID in two of them is two users', () => {
    const ids = ['T0ACME', 'T0PARTNER'].map((home) => read(independent, { ...button, team: team('T0ACME'), user: user(home) }))
    expect(ids).toEqual(['T0ACME/U0AVERY', 'T0PARTNER/U0AVERY'])
  })
  test.each<[string, object, string]>([
    ['a command in the other', { ...command, team_id: 'T0PARTNER' }, 'T0PARTNER/U0AVERY'],
    ['a user of a third', { ...button, team: team('T0ACME'), user: user('T0OTHER') }, 'stranger of T0OTHER'],
    ['a call of a third', { ...button, team: team('T0OTHER'), user: user('T0PARTNER') }, 'another workspace'],
  ])('%s', (_name, given, expected) => expect(read(independent, given)).toContain(expected))
})

describe('what users.info says', () => {
  const inGrid = { enterprise: 'E0ACME', teams: ['T0ACME'] }
  test.each<[string, Workspaces, Omit<Parameters<typeof slackUserOf>[1], 'id'>, string | undefined]>([
    ['a member', alone, { team: 'T0ACME' }, 'T0ACME'],
    ['a member in an organization', alone, { team: 'T0ACME', ...inGrid }, 'T0ACME'],
    ['a member of a sister workspace', alone, { team: 'T0SISTER', ...inGrid }, undefined],
    ['a member of a sister that is listed', grid, { team: 'T0SISTER', ...inGrid }, 'T0ACME'],
    ['one of the organization, with a listed workspace', grid, { team: 'E0ACME', ...inGrid }, 'T0ACME'],
    ['one of the organization, with others only', grid, { team: 'E0ACME', enterprise: 'E0ACME', teams: ['T0OTHER'] }, undefined],
    ['one of the organization, without workspaces', grid, { team: 'E0ACME', enterprise: 'E0ACME' }, undefined],
    ['a member of a workspace that is not listed', grid, { team: 'T0OTHER', ...inGrid }, undefined],
    ['a sister’s member without proof of the organization', grid, { team: 'T0SISTER' }, undefined],
    ['a sister’s member in another organization', grid, { team: 'T0SISTER', enterprise: 'E0EVIL', teams: ['T0ACME'] }, undefined],
    ['a member in another organization', grid, { team: 'T0ACME', enterprise: 'E0EVIL', teams: ['T0ACME'] }, undefined],
    ['a member of an independent workspace', independent, { team: 'T0PARTNER' }, 'T0PARTNER'],
    ['a member of a third', independent, { team: 'T0OTHER' }, undefined],
  ])('%s', (_name, ours, account, team) => {
    expect(slackUserOf(ours, { id: 'U0AVERY', ...account })).toEqual(team && { team, user: 'U0AVERY' })
  })
  test('a member of one workspace does not act as the user with the same ID of another', () => {
    const account = { id: 'U0AVERY', team: 'T0PARTNER', member: true }
    expect(isMemberAs(independent, account, { team: 'T0PARTNER', user: 'U0AVERY' })).toBe(true)
    expect(isMemberAs(independent, account, { team: 'T0ACME', user: 'U0AVERY' })).toBe(false)
    expect(isMemberAs(independent, { ...account, member: false }, { team: 'T0PARTNER', user: 'U0AVERY' })).toBe(false)
  })
})
