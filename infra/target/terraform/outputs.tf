output "role_arn" {
  description = "roleArn of the target in stint.config.ts"
  value       = aws_iam_role.target.arn
}

output "account" {
  description = "account of the target"
  value       = data.aws_caller_identity.here.account_id
}

output "external_id" {
  description = "externalId of the target"
  value       = local.external_id
}

output "revoker_role_arn" {
  value = one(aws_iam_role.revoker[*].arn)
}
