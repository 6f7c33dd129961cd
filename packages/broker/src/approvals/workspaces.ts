/**
 * Which Slack users count, by workspace. Without further settings, the members of the app's own workspace do.
 *
 * `slack.workspaces` adds others. With `slack.enterprise`, all of them belong to that Enterprise Grid organization, where a user has one ID
 * in every workspace (Slack API docs, "Enterprise Grid": an enterprise organization user has the same identity across all workspaces).
 * Their links are kept under the app's workspace, so that a person is the same one wherever they click. Without it, the workspaces are
 * independent: their user IDs may be equal by chance, so each link is kept under the user's own workspace.
 *
 * The claims of a payload only decide where to look. Before a person acts, `users.info` must name the same organization or workspace.
 */
import type { SlackConfig } from '@stint/core/config/shape'
import type { SlackUser } from '@stint/core/identity/link'

export type Workspaces = Pick<SlackConfig, 'team' | 'workspaces' | 'enterprise'>

/** What a payload says about where a call comes from. Absent in commands: the user's own workspace. */
export type From = {
  /** The workspace of the app's installation, or of the command. Absent where the app is installed for the whole organization. */
  readonly team?: string
  readonly enterprise?: string
  /** The app is installed for a whole organization. */
  readonly organizationWide: boolean
  /** The user's own workspace, or their organization (`E…`). */
  readonly home?: string
}

type Place =
  /** The key of the user's links. */
  | { readonly kind: 'ours'; readonly team: string }
  /** The call is for this app, from a user of a workspace that the config does not list. */
  | { readonly kind: 'stranger'; readonly home: string }
  | { readonly kind: 'odd'; readonly why: string }

const listedIn = ({ team, workspaces = [] }: Workspaces, id: string): boolean => id === team || workspaces.includes(id)

export function placeOf(ours: Workspaces, { team, enterprise, organizationWide, home }: From): Place {
  if (organizationWide && (ours.enterprise === undefined || enterprise !== ours.enterprise))
    return { kind: 'odd', why: 'installed for another organization' }
  if (ours.enterprise !== undefined && enterprise !== undefined && enterprise !== ours.enterprise)
    return { kind: 'odd', why: 'another organization' }
  if (team === undefined ? !organizationWide : !listedIn(ours, team)) return { kind: 'odd', why: 'another workspace' }
  const isHome = home === undefined || listedIn(ours, home) || (ours.enterprise !== undefined && home === ours.enterprise)
  if (!isHome) return { kind: 'stranger', home }
  // A sister workspace, or a user of one, is believed only beside the organization that holds both.
  const isSister = [team, home].some((id) => id !== undefined && id !== ours.team)
  if (ours.enterprise !== undefined && enterprise === undefined && isSister) return { kind: 'odd', why: 'no organization' }
  return { kind: 'ours', team: ours.enterprise === undefined ? (home ?? team ?? ours.team) : ours.team }
}

/** The workspaces that `users.info` names for a user. */
type Account = {
  readonly id: string
  /** The user's own workspace, or their organization (`E…`). */
  readonly team: string
  readonly enterprise?: string
  /** The user's workspaces within the organization. */
  readonly teams?: readonly string[]
}

/** The user under whom an account's link is kept. Undefined for a user of a workspace that the config does not list. */
export function slackUserOf(ours: Workspaces, { id, team, enterprise, teams = [] }: Account): SlackUser | undefined {
  if (ours.enterprise === undefined) return listedIn(ours, team) ? { team, user: id } : undefined
  if (enterprise !== undefined && enterprise !== ours.enterprise) return undefined
  // Only the app's own workspace needs no proof of the organization.
  if (team !== ours.team && enterprise === undefined) return undefined
  const listed = listedIn(ours, team) || (team === ours.enterprise && teams.some((one) => listedIn(ours, one)))
  return listed ? { team: ours.team, user: id } : undefined
}

/** Whether the account is a member as whom this Slack user may act. */
export function isMemberAs(ours: Workspaces, account: Account & { readonly member: boolean }, slack: SlackUser): boolean {
  const user = account.member ? slackUserOf(ours, account) : undefined
  return user?.team === slack.team && user.user === slack.user
}

/** `home`: the workspace (`T…`) or organization (`E…`) that the user belongs to. */
export const strangerText = (home: string): string =>
  `Your Slack user belongs to ${home}, which cannot use Stint here. Ask your platform engineers to add it to slack.${home.startsWith('E') ? 'enterprise' : 'workspaces'}, or use the command line.`

/** For an account that is not a member of a listed workspace, by `users.info`. */
export const notAMember =
  'Guests, bots and members of other workspaces cannot use Stint. Ask your platform engineers to add your workspace to slack.workspaces.'
