#!/usr/bin/env bash
# Writes permission sets, account assignments, groups and users of IAM Identity Center as one JSON file, for `stint import`:
#
#   docs/examples/collect-identity-center.sh > identity-center.json
#
# Run it in the management account or the delegated administrator, with the AWS CLI 2, jq and read access to sso-admin and identitystore.
# It only reads. If one call fails, so does the script: a file with a gap could hide a limit.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

aws sso-admin list-instances > "$folder/instances.json"
instance=$(jq -r '.Instances[0].InstanceArn' "$folder/instances.json")
store=$(jq -r '.Instances[0].IdentityStoreId' "$folder/instances.json")
: > "$folder/sets.json"
: > "$folder/assignments.json"

aws sso-admin list-permission-sets --instance-arn "$instance" > "$folder/list.json"
for set in $(jq -r '.PermissionSets[]' "$folder/list.json"); do
  of=(--instance-arn "$instance" --permission-set-arn "$set")
  aws sso-admin describe-permission-set "${of[@]}" > "$folder/set-1.json"
  aws sso-admin list-managed-policies-in-permission-set "${of[@]}" > "$folder/set-2.json"
  aws sso-admin list-customer-managed-policy-references-in-permission-set "${of[@]}" > "$folder/set-3.json"
  aws sso-admin get-inline-policy-for-permission-set "${of[@]}" > "$folder/set-4.json"
  # Most permission sets have no boundary, and only this error says so.
  if ! aws sso-admin get-permissions-boundary-for-permission-set "${of[@]}" > "$folder/set-5.json" 2> "$folder/error"; then
    grep -q ResourceNotFoundException "$folder/error" || { cat "$folder/error" >&2; exit 1; }
    echo '{ "PermissionsBoundary": null }' > "$folder/set-5.json"
  fi
  jq -s 'add' "$folder"/set-[1-5].json >> "$folder/sets.json"

  aws sso-admin list-accounts-for-provisioned-permission-set "${of[@]}" > "$folder/accounts.json"
  for account in $(jq -r '.AccountIds[]' "$folder/accounts.json"); do
    aws sso-admin list-account-assignments "${of[@]}" --account-id "$account" | jq '.AccountAssignments[]' >> "$folder/assignments.json"
  done
done

aws identitystore list-groups --identity-store-id "$store" > "$folder/groups.json"
aws identitystore list-users --identity-store-id "$store" > "$folder/users.json"

jq -n --slurpfile sets "$folder/sets.json" --slurpfile assignments "$folder/assignments.json" \
  --slurpfile groups "$folder/groups.json" --slurpfile users "$folder/users.json" '{
    PermissionSets: $sets,
    AccountAssignments: $assignments,
    Groups: [$groups[].Groups[] | { GroupId, DisplayName, ExternalIds }],
    Users: [$users[].Users[] | { UserId, UserName, ExternalIds }]
  }'
