/**
 * What `stint lint` looks for: each rule, how grave it is, the class of incident behind it, and the way out. The page
 * docs/lint-rules.md is made from this table. A note is something to know: it never fails the lint.
 */
export type Severity = 'error' | 'warning' | 'note'
type Entry = { readonly severity: Severity; readonly finds: string; readonly why: string; readonly fix: string }

export const catalogue = {
  config: {
    severity: 'error',
    finds:
      'What the config check refuses: a missing external ID, a shared issuer without a tenant pin, counts of 0, sessions above an hour (role chaining), and every other fault of shape.',
    why: 'A broker would not start with it.',
    fix: 'Do what the fault says.',
  },
  'open-prefix': {
    severity: 'error',
    finds: 'A wildcard that begins a subject or a name, or cuts one in its middle (`repo:acme*`).',
    why: 'Whoever can register a name that begins alike gets in: `acme-evil` fits `acme*`. Public scans found hundreds of AWS roles open to all of GitHub in this way.',
    fix: 'End the fixed part at a separator, or better name the id.',
  },
  'wildcard-subject': {
    severity: 'warning',
    finds: 'A wildcard in a subject or a name, with no id of what is entered beside it.',
    why: 'It admits every repository, project or service account that is made under it later, by anybody who may make one.',
    fix: 'Name each by its id: `repository_id: oneOf(…)`.',
  },
  'names-nobody': {
    severity: 'warning',
    finds:
      'A rule in which nothing says who or what enters: no person or group, no repository, project, pipeline or service account; only whose, where or how.',
    why: 'Trust in an audience, a branch name or an environment without a subject is open to everything that the issuer signs for: that is how cloud roles were open to any repository on earth.',
    fix: 'Name what enters: `repository_id`, `project_id`, `sub`, a group. What must *not* be there names nobody.',
  },
  'name-without-id': {
    severity: 'warning',
    finds: 'A name that can be renamed, transferred or registered anew, where the issuer also says an id.',
    why: 'A repository that is renamed or deleted leaves its name to whoever takes it next; so does a user name ("repo-jacking").',
    fix: 'Match the id, beside the name if you like to read it.',
  },
  'mutable-person': {
    severity: 'error',
    finds: 'A person who is known by e-mail, user name or display name.',
    why: 'In Entra ID the admin of another tenant can set these ("nOAuth"); elsewhere addresses are handed on to the next employee.',
    fix: 'Match `sub` (Entra ID: `oid`), or a group.',
  },
  'identity-by-name': {
    severity: 'error',
    finds: 'An issuer whose `identityClaim` is a name.',
    why: 'It becomes the source identity in AWS: CloudTrail would give one person’s deeds to the next who has the name.',
    fix: 'Leave it at `sub`, or name an id that the issuer verifies.',
  },
  'user-editable': {
    severity: 'warning',
    finds:
      'A claim that users can often edit themselves (standard and `custom:*` attributes in Cognito, names in Keycloak and Okta, namespaced claims of Auth0, `nickname`) as display name, as identity, as session tag, or in a rule that admits or lets approve.',
    why: 'Whoever edits the claim chooses what approvers read, or grants themselves the access. In Cognito one call with the user’s own access token (`UpdateUserAttributes`) is enough: applications that trusted such an attribute lost accounts to it.',
    fix: 'Use a claim that only administrators can write: `cognito:username`, `email` of a managed directory, a group. If your provider forbids edits, say so in a `stint-lint-ignore`.',
  },
  'fork-reachable': {
    severity: 'warning',
    finds: 'A CI rule that code from a fork or a stranger’s pull request can meet.',
    why: 'A pull request runs code that nobody has reviewed; `pull_request_target`, `issue_comment` and `workflow_run` run with the ref and the rights of the base branch.',
    fix: 'Pin `event_name` to push (GitHub), `ref_protected` to "true" (GitLab), `vcs-origin` (CircleCI), `build_source` without webhook (Buildkite), or an environment, and give that protection rules.',
  },
  'default-audience': {
    severity: 'warning',
    finds: 'An audience that tokens have when nobody asked for one, or that is meant for another service.',
    why: 'A token that a job made for somebody else fits here too, and that somebody could show it to us.',
    fix: 'Let jobs ask for an audience that means this broker alone, such as its URL.',
  },
  'group-across-issuers': {
    severity: 'warning',
    finds: 'A group of the same name that opens something at two issuers.',
    why: 'Two directories give out the same name for different things; the weaker one decides.',
    fix: 'Name groups by id, or give each issuer’s its own name.',
  },
  'unknown-claim': {
    severity: 'error',
    finds: 'A claim that the issuer’s tokens do not have.',
    why: 'A rule on a claim that is never there never fits; a misspelt one leaves people out at three in the morning.',
    fix: 'Mend its name. Nested claims are written as a path: `/realm_access/roles`.',
  },
  'never-fits': {
    severity: 'error',
    finds:
      'A rule that no token can meet: another type than the claim has, another tenant than the one pinned, a second factor from an issuer that never tells of one.',
    why: 'It looks like access that is there, and like a door that is guarded.',
    fix: 'Take the rule out, or mend what contradicts.',
  },
  'unreachable-profile': {
    severity: 'error',
    finds: 'A profile that nobody can enter, or an approval that nobody can give.',
    why: 'It is found out when it is needed.',
    fix: 'Mend its rules, or remove it.',
  },
  'external-id-shared': {
    severity: 'warning',
    finds: 'One external ID for two accounts.',
    why: 'The external ID stops a confused deputy only while it says which customer or account is meant.',
    fix: 'One per account, chosen by you.',
  },
  'chaining-outlives': {
    severity: 'warning',
    finds: 'A profile whose sessions may assume further roles.',
    why: 'The next role’s session lives on after Stint’s own end, and no revocation of ours reaches it.',
    fix: 'Leave `chaining` out, and make the next role a target of its own.',
  },
  'mints-outlive': {
    severity: 'warning',
    finds:
      'A name in `mints`: sessions may make a credential, a token or a key that works after their end. Also a name that no Allow of the profile matches.',
    why: 'Ending a session does not end what it made. Access keys that intruders created under a temporary role were how they came back weeks later.',
    fix: 'Remove the name if the job does not need it; otherwise give its reason: `// stint-lint-ignore mints-outlive: …`.',
  },
  'lasting-access': {
    severity: 'note',
    finds:
      'Actions of the profile’s policy that change who may do something, such as `kms:CreateGrant`, `iam:PutRolePolicy` or `lambda:AddPermission`. Also a managed policy that may allow them.',
    why: 'What was granted stays when the session has ended. Stint does not deny these actions, because EBS, the CDK and Terraform need them. Approvers see them too.',
    fix: 'Name the actions that the job needs, on the resources that it needs them for. All such actions: docs/lasting-access.md.',
  },
  'responders-of-one-issuer': {
    severity: 'note',
    finds: 'An issuer whose freeze would leave fewer than two responders.',
    why: 'Releasing a freeze takes two people, and a frozen person cannot release. Only a deploy can then release the freeze of this issuer.',
    fix: 'Add two responders of another issuer, or plan to use `releaseFreezes` in `infra/settings.ts`.',
  },
  'packed-size': {
    severity: 'warning',
    finds: 'A session policy and tags that are likely above what AWS takes, with parameters at their longest.',
    why: 'AWS packs them into a form of its own and refuses what is too large (`PackedPolicyTooLarge`); that is seen at the first vend that is long enough.',
    fix: 'Fewer statements, shorter tags, smaller `max` of parameters. The figure is an estimate; `packedPolicySize` of real sessions is exact.',
  },
  'self-approval': {
    severity: 'warning',
    finds: 'Requesters and approvers of different issuers, none of whom `people` links.',
    why: 'Whoever has an account at both asks as one and agrees as the other.',
    fix: 'List in `people` who is who, or let approvers come from the requesters’ issuer.',
  },
  'break-glass-alone': {
    severity: 'warning',
    finds:
      'Break-glass without a second factor or a recent sign-in, at an issuer that tells of them; or approved by itself sooner than anybody could stop it.',
    why: 'A stolen session cookie is enough to be an administrator at night.',
    fix: "`mfa: true` and `authAge: '15m'` in `eligible`; a delay of five minutes or more.",
  },
  'ssh-rerun': {
    severity: 'warning',
    finds: 'A CircleCI issuer that takes tokens of jobs run again with SSH.',
    why: 'A person is at a shell in that job, and no commit says what they do.',
    fix: 'Use the preset `circleci()`, or pin `oidc.circleci.com/ssh-rerun: false`.',
  },
  'okta-org-server': {
    severity: 'error',
    finds: 'Access tokens of Okta’s org authorization server.',
    why: 'Okta says that they are for its own APIs and may change without notice; others cannot verify them.',
    fix: 'Use a custom authorization server: `https://ORG.okta.com/oauth2/…`.',
  },
  online: {
    severity: 'error',
    finds: 'With `--online`: an issuer whose discovery document names another issuer or another place for its keys.',
    why: 'Keys of the wrong place are keys of somebody else, or stop working at the next move.',
    fix: 'Correct `url` and `jwksUri`.',
  },
  ignore: {
    severity: 'error',
    finds: 'A `stint-lint-ignore` that names no rule, gives no reason, or silences nothing.',
    why: 'An exception that nobody can explain is forgotten, and one that silences nothing hides the next finding.',
    fix: '`// stint-lint-ignore RULE: reason`, right above what it is about; remove it when it is no longer needed.',
  },
} as const satisfies Record<string, Entry>

export type RuleId = keyof typeof catalogue
export const ruleIds = Object.keys(catalogue) as readonly RuleId[]

/** `path` is into the config, as the config check writes it; `what` is what this one is about. */
export type Finding = { readonly rule: RuleId; readonly path: string; readonly what: string }

/** Collects what a rule finds. */
export type Report = (rule: RuleId, path: string, what: string) => void

export const rulesPage = (): string =>
  ruleIds
    .map((id) => {
      const { severity, finds, why, fix } = catalogue[id] as Entry
      return `## ${id}\n\n*${severity}.* ${finds}\n\n**Why.** ${why}\n\n**Fix.** ${fix}\n`
    })
    .join('\n')
