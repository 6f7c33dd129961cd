/**
 * The rules of `stint lint`: each with its severity, the kind of incident behind it, and the fix. docs/lint-rules.md is generated
 * from this table. A note is for information: it never fails the lint.
 */
export type Severity = 'error' | 'warning' | 'note'
type Entry = { readonly severity: Severity; readonly finds: string; readonly why: string; readonly fix: string }

export const catalogue = {
  config: {
    severity: 'error',
    finds:
      'Anything that the config check rejects: a missing external ID, a shared issuer without a tenant pin, a count of 0, sessions above an hour without renew (role chaining), and any invalid value.',
    why: 'A broker does not start with this config.',
    fix: 'Follow the message.',
  },
  'open-prefix': {
    severity: 'error',
    finds: 'A wildcard at the start of a subject or a name, or in the middle of one (`repo:acme*`).',
    why: 'Anyone who can register a name with the same start gets in: `acme-evil` matches `acme*`. Public scans found hundreds of AWS roles that were open to all of GitHub this way.',
    fix: 'End the fixed part at a separator, or better, match the ID.',
  },
  'wildcard-subject': {
    severity: 'warning',
    finds: 'A wildcard in a subject or a name, without an ID in the same rule.',
    why: 'It matches every repository, project or service account that is created under it later.',
    fix: 'List each by its ID: `repository_id: oneOf(…)`.',
  },
  'names-nobody': {
    severity: 'warning',
    finds: 'A rule without a subject: no person or group, and no repository, project, pipeline or service account.',
    why: 'A rule that checks only an audience, a branch name or an environment matches everything that the issuer signs. Cloud roles were open to every repository on GitHub this way.',
    fix: 'Name the subject: `repository_id`, `project_id`, `sub` or a group. A `not` does not name a subject.',
  },
  'name-without-id': {
    severity: 'warning',
    finds: 'A name that can be renamed, transferred or registered again, where the issuer also gives an ID.',
    why: 'After a rename or a deletion, anyone can take the name of a repository or a user ("repo-jacking").',
    fix: 'Match the ID. You can keep the name for readers.',
  },
  'mutable-person': {
    severity: 'error',
    finds: 'A person who is identified by email, user name or display name.',
    why: 'In Entra ID, the administrator of another tenant can set these ("nOAuth"). Elsewhere, addresses are reused for the next employee.',
    fix: 'Match `sub` (Entra ID: `oid`), or a group.',
  },
  'identity-by-name': {
    severity: 'error',
    finds: 'An issuer whose `identityClaim` is a name.',
    why: 'It becomes the source identity in AWS, so CloudTrail attributes the actions of one person to the next one with the same name.',
    fix: 'Use the default `sub`, or an ID that the issuer verifies.',
  },
  'user-editable': {
    severity: 'warning',
    finds:
      'A claim that users can often edit themselves (standard and `custom:*` attributes in Cognito, names in Keycloak and Okta, namespaced claims of Auth0, `user_metadata`, `nickname` and the other profile claims of OpenID Connect) used as display name, identity or session tag, or in a rule for eligibility or approval. Also `email` without `email_verified: true`.',
    why: 'A user who edits the claim controls what approvers read, or gains access. In Cognito, one call with the user’s own access token (`UpdateUserAttributes`) is enough. Applications that trusted such an attribute had accounts taken over.',
    fix: 'Use a claim that only administrators can write: `cognito:username`, `email` of a managed directory, a group. If your provider forbids edits, add a `stint-lint-ignore` with that reason.',
  },
  'fork-reachable': {
    severity: 'warning',
    finds: 'A CI rule that code from a fork or from an outsider’s pull request can match.',
    why: 'A pull request runs code that has not been reviewed. `pull_request_target`, `issue_comment` and `workflow_run` run with the ref and the permissions of the base branch.',
    fix: 'Pin `event_name` to push (GitHub), `ref_protected` to "true" (GitLab), `vcs-origin` (CircleCI), `build_source` without webhook (Buildkite), or an environment with protection rules.',
  },
  'any-branch': {
    severity: 'warning',
    finds:
      'A CI rule that a branch (or tag) of any writer can match: a repository and `push` or `workflow_dispatch` alone, `workflow_ref` with `@*`, a workflow by its name, or plans and previews of pull requests.',
    why: 'Everyone who can push a branch can change the workflow there, and gets the credentials before anyone has reviewed the change.',
    fix: "Pin the ref (`ref: 'refs/heads/main'`, `build_branch`, `branchName`), the ref of the workflow (`…@refs/heads/main`) or an environment with protection rules. Protect that branch.",
  },
  'default-audience': {
    severity: 'warning',
    finds: 'An audience that tokens have by default, or that belongs to another service.',
    why: 'A token that was issued for another service also matches here, and that service could use it.',
    fix: 'Have jobs request an audience for this broker only, such as its URL.',
  },
  'any-token': {
    severity: 'error',
    finds: "An issuer of people with `tokenUse: 'any'`.",
    why: 'An ID token is for the application that the user signed in to, and many applications pass it on or log it. Each of them could use it here. An application can get an access token without a user.',
    fix: "Set `tokenUse: 'access'` or `'id'`. If you need both for a while, give the reason: `// stint-lint-ignore any-token: …`.",
  },
  'group-across-issuers': {
    severity: 'warning',
    finds: 'The same group name in rules for two issuers.',
    why: 'Two directories can use the same name for different groups, so the weaker one decides.',
    fix: 'Match groups by ID, or use different names for each issuer.',
  },
  'unknown-claim': {
    severity: 'error',
    finds: 'A claim that is not in the issuer’s tokens, in a rule, a tenant pin or a session tag.',
    why: 'A rule on a missing claim never matches, and a session whose tag is missing is refused. A misspelled one locks engineers out at 3 a.m.',
    fix: 'Fix the name. Nested claims are written as a path: `/realm_access/roles`.',
  },
  'never-fits': {
    severity: 'error',
    finds:
      "A rule or a value that no token can match: a wrong type, a value that this claim never has (`ref: 'main'`, `event_name: 'workflow_call'`), a `*` in plain text, claims that contradict each other (the ref in `sub` beside an environment, a tag under refs/heads/), a session tag from a list, a tenant other than the pinned one, or a second factor from an issuer that never reports one.",
    why: 'It looks like access that works, and like a condition that protects something.',
    fix: 'Remove the rule, or fix the contradiction.',
  },
  'literal-star': {
    severity: 'warning',
    finds: "A `*` in a value that is compared as it stands, such as `includes('sre-*')` or `not('refs/pull/*')`.",
    why: 'Only `glob(…)` reads `*` as a wildcard. The rule matches nothing, or its `not` excludes nothing.',
    fix: 'Use `glob(…)`, or list the values. `includes` takes no pattern: list each group.',
  },
  'email-case': {
    severity: 'warning',
    finds: 'An email address that a rule compares literally, or one with upper-case letters in `people`.',
    why: 'Matching is exact, and issuers keep the case in which an address was typed: `Dana@acme.example` is not `dana@acme.example`. People lose access when an administrator changes the case, and a rule that excludes them no longer does.',
    fix: 'Match `sub` or another ID, or a group.',
  },
  'unreachable-profile': {
    severity: 'error',
    finds: 'A profile that no caller can use, or an approval that no approver can give.',
    why: 'It fails when it is needed.',
    fix: 'Fix its rules, or remove it.',
  },
  'external-id-shared': {
    severity: 'warning',
    finds: 'One external ID for two accounts.',
    why: 'The external ID prevents a confused deputy only if it identifies one account.',
    fix: 'Use one external ID per account.',
  },
  'setting-deprecated': {
    severity: 'warning',
    finds: 'A setting that works now and will not work in a later release.',
    why: 'After an update that removes it, the config check refuses the config, and you cannot deploy until you change it.',
    fix: 'Use the setting that the message names.',
  },
  'chaining-outlives': {
    severity: 'warning',
    finds: 'A profile whose sessions can assume further roles.',
    why: 'The session of the next role continues after Stint’s session ends, and Stint cannot revoke it.',
    fix: 'Remove `sts:AssumeRole` from `mints` (or `chaining`), and make the next role a target of its own.',
  },
  'mints-outlive': {
    severity: 'warning',
    finds:
      'An entry in `mints`: sessions can create a credential, a token or a key that outlives them. Also an entry that no Allow of the profile matches.',
    why: 'Ending a session does not revoke what it created. Intruders have returned weeks later with access keys that they created under a temporary role.',
    fix: 'Remove the entry if it is not needed. Otherwise give the reason: `// stint-lint-ignore mints-outlive: …`.',
  },
  'lasting-access': {
    severity: 'note',
    finds:
      'Actions of the profile’s policy that change permissions, such as `kms:CreateGrant`, `iam:PutRolePolicy` or `lambda:AddPermission`. Also a managed policy that can allow them.',
    why: 'These grants remain after the session ends. Stint does not deny these actions, because EBS, the CDK and Terraform need them. Approvers see them too.',
    fix: 'Allow only the actions and resources that are needed. For all such actions, see docs/lasting-access.md.',
  },
  'one-responder': {
    severity: 'error',
    finds: 'Responders who are fewer than two people, as far as the rules name them.',
    why: 'Any of them can set a freeze, and releasing it takes two. After the first freeze, only a deployment can release it.',
    fix: 'Add a second person, or a group.',
  },
  'responders-of-one-issuer': {
    severity: 'note',
    finds: 'An issuer whose freeze would leave fewer than two responders.',
    why: 'Releasing a freeze takes two people, and a frozen person cannot release. Only a deployment can then release the freeze of this issuer.',
    fix: 'Add two responders of another issuer, or plan to use `releaseFreezes` in `sst.config.ts`.',
  },
  'unknown-action': {
    severity: 'error',
    finds: 'An action or a service that AWS does not have, or a wildcard that matches none.',
    why: 'IAM accepts any name. An Allow with a misspelled action does not allow the call, and a Deny with one does not deny it.',
    fix: 'Correct the name. The Service Authorization Reference lists the actions of each service.',
  },
  'action-resource': {
    severity: 'warning',
    finds: 'An action with resources that it does not apply to, or a resource that none of the actions applies to.',
    why: 'Such an Allow allows nothing and such a Deny denies nothing: `s3:GetObject` is about objects (`arn:aws:s3:::bucket/*`), not about a bucket.',
    fix: 'Use the ARN format of the action, or `*` for an action without resources. Put actions on other resources into a statement of their own.',
  },
  'unknown-condition-key': {
    severity: 'warning',
    finds:
      'A condition key that AWS does not have, or that requests for the action never have (`s3:ExistingObjectTag` with `s3:PutObject`).',
    why: 'A condition on a missing key is never met, so a Deny with it never denies. With a negated operator it is always met.',
    fix: 'Use a key that the Service Authorization Reference lists for the action.',
  },
  'condition-type': {
    severity: 'warning',
    finds: 'A condition whose operator does not fit the type of its key, or a private address for `aws:SourceIp`.',
    why: 'It is never met, so a Deny with it never denies. With a negated operator it is always met, and locks everyone out.',
    fix: 'Use the operator of the key’s type (`IpAddress` for `aws:SourceIp`), and `aws:VpcSourceIp` for addresses behind a VPC endpoint.',
  },
  'wide-without-approval': {
    severity: 'warning',
    finds:
      'A profile without approval that allows every action, passes every role (`iam:PassRole` on `*`), or has an administrator’s managed policy.',
    why: 'One stolen token of an eligible caller is enough to become an administrator, and no approver sees it.',
    fix: 'Allow what the work needs, or add `approval`.',
  },
  'privilege-escalation': {
    severity: 'warning',
    finds:
      'Permissions that together are enough to gain others, such as `iam:PassRole` with `lambda:CreateFunction` and `lambda:InvokeFunction`.',
    why: 'Public tools look for these ways first. A session gains the permissions of any role that it can pass or change.',
    fix: 'Limit the resource: the roles that can be passed, the functions that can be changed. Or deny one of the actions.',
  },
  'mixed-partitions': {
    severity: 'error',
    finds: 'A policy, a resource or a region of another AWS partition than the role’s, or targets in several partitions.',
    why: 'AWS refuses such a policy (`Partition "aws" is not valid for resource`), and credentials of one partition are not valid in another.',
    fix: 'Use ARNs and regions of the role’s partition, and one broker for each partition.',
  },
  'foreign-policy': {
    severity: 'error',
    finds: 'A managed policy of another account than the role’s.',
    why: 'AssumeRole takes managed policies of AWS and of the role’s own account only, so every session is refused.',
    fix: 'Create the policy in the target account, and use its ARN there.',
  },
  'empty-cell': {
    severity: 'warning',
    finds: 'A cell without profiles.',
    why: 'Its broker has nothing to serve, so the build refuses it. Usually the profiles name another cell by mistake.',
    fix: 'Pin profiles to it, or remove the cell.',
  },
  'target-across-cells': {
    severity: 'note',
    finds: 'A target that profiles of several cells use.',
    why: 'The trust policy of its role must name the broker of each cell, so each of these brokers can create sessions there. A freeze of the target stops only the cell in which it is set.',
    fix: 'Pin all profiles of the target to one cell, or give each cell a role of its own. If you keep it, set each freeze in every one of these cells.',
  },
  'open-parameter': {
    severity: 'warning',
    finds: 'A parameter that accepts any text and is part of a resource, or one with `wildcard: true`.',
    why: 'The caller chooses the resource. `arn:aws:s3:::acme-` and any text is every bucket whose name starts with acme-, and every object in it.',
    fix: 'List the allowed values in the pattern, or allow only the characters of a name: `[a-z0-9-]{3,40}`.',
  },
  'tag-encoded': {
    severity: 'note',
    finds: 'A session tag from a claim that can have characters which AWS does not accept in a tag.',
    why: 'Stint sends such a character as `=` and its bytes in hex: `dependabot[bot]` becomes `dependabot=5Bbot=5D`. A policy that compares the tag must use this form.',
    fix: 'Use an ID as the tag, or compare the encoded form.',
  },
  'packed-size': {
    severity: 'warning',
    finds:
      'A session policy and tags that are likely to exceed AWS’s limit with parameters and claims at their longest: their declared `max`, or the longest documented value of the claim.',
    why: 'AWS packs them into a binary format and rejects what is too large (`PackedPolicyTooLarge`). This only shows at the first vend that is long enough.',
    fix: 'Drop the tag that the finding names, declare its `max`, or use fewer statements and a smaller `max` for parameters. The value is an estimate; `packedPolicySize` of real sessions is exact.',
  },
  'item-size': {
    severity: 'warning',
    finds:
      'A profile with approval whose `maxUses` lets the item of one request grow beyond 50 KB: each session adds up to 2.5 KB. Or a profile whose renewals do: each adds up to 1.6 KB. Attempts that AWS refuses are not counted.',
    why: 'DynamoDB writes and returns the whole item each time. The 100 sessions of one request take 20,000 to 26,000 write units instead of about 1,000, and the last of them are limited to two vends per second, because one item takes 1,000 write units per second.',
    fix: 'Lower `maxUses`, and let callers request again, with a shorter `window` if you like. A job that needs many sessions can reuse the credentials of one until they expire.',
  },
  'self-approval': {
    severity: 'warning',
    finds: 'Requesters and approvers at different issuers that `people` does not link.',
    why: 'A person with an account at both can request with one and approve with the other.',
    fix: 'Link the identities in `people`, or use approvers from the requesters’ issuer.',
  },
  'break-glass-alone': {
    severity: 'warning',
    finds:
      'Break-glass without a second factor or a recent sign-in, at an issuer that reports them. Also an automatic approval that comes too soon to deny.',
    why: 'A stolen session cookie is enough to become an administrator at night.',
    fix: "`mfa: true` and `authAge: '15m'` in `eligible`; a delay of five minutes or more.",
  },
  'ssh-rerun': {
    severity: 'warning',
    finds: 'A CircleCI issuer that accepts tokens of jobs that were rerun with SSH.',
    why: 'A person has a shell in such a job, and no commit shows what they do.',
    fix: 'Use the preset `circleci()`, or pin `oidc.circleci.com/ssh-rerun: false`.',
  },
  'okta-org-server': {
    severity: 'error',
    finds: 'Access tokens of Okta’s org authorization server.',
    why: 'Okta issues them for its own APIs and can change them without notice. Other services cannot verify them.',
    fix: 'Use a custom authorization server: `https://ORG.okta.com/oauth2/…`.',
  },
  'renewal-cut-short': {
    severity: 'warning',
    finds: 'An `approval.window` that is shorter than the default duration of a profile with `renew`.',
    why: 'A session that people approved ends with the window of its request, so it never lasts as long as the profile says.',
    fix: 'Set `window` to at least `duration.default`.',
  },
  'renewals-run-out': {
    severity: 'warning',
    finds:
      'A profile with `renew` whose clients can take all renewals of a request before its sessions end, because they renew early: AWS SDKs up to 15 minutes before the credentials expire, `stint` when a quarter of their life is left.',
    why: 'One request has room for 150 sets of credentials, of which 20 are for first attempts that fail. The config check compares `maxUses` × `max` / `renew` with 100. With a `renew` of 30 minutes, SDKs renew every 15 minutes and need twice as many. After `renewals-exhausted`, the session stops with its last credentials.',
    fix: 'Set a longer `renew`, a shorter `max` or fewer uses.',
  },
  'console-cut-short': {
    severity: 'note',
    finds: 'A profile for people with a `renew` of less than 30 minutes.',
    why: 'The AWS console works with one set of credentials, and signs people out when it expires.',
    fix: 'Set `renew` to 30 minutes or more if people use the console with this profile.',
  },
  online: {
    severity: 'error',
    finds: 'With `--online`: an issuer whose discovery document names another issuer or another place for its keys.',
    why: 'Keys from another URL belong to another issuer, or stop working after a move.',
    fix: 'Correct `url` and `jwksUri`.',
  },
  ignore: {
    severity: 'error',
    finds: 'A `stint-lint-ignore` that names no rule, gives no reason, or silences nothing.',
    why: 'An exception without a reason is forgotten, and one that silences nothing hides the next finding.',
    fix: 'Write `// stint-lint-ignore RULE: reason` on the line above the finding. Remove it when it is no longer needed.',
  },
} as const satisfies Record<string, Entry>

export type RuleId = keyof typeof catalogue
export const ruleIds = Object.keys(catalogue) as readonly RuleId[]

/** `path` is the path in the config, as the config check writes it. `what` describes this finding. */
export type Finding = { readonly rule: RuleId; readonly path: string; readonly what: string }

/** Collects the findings of a rule. */
export type Report = (rule: RuleId, path: string, what: string) => void

export const rulesPage = (): string =>
  ruleIds
    .map((id) => {
      const { severity, finds, why, fix } = catalogue[id] as Entry
      return `## ${id}\n\n*${severity}.* ${finds}\n\n**Why.** ${why}\n\n**Fix.** ${fix}\n`
    })
    .join('\n')
