# ../target.yaml and `stint target add` apply the same checks. test/infra/target-inputs.test.ts compares them.
# The role trusts the principal in broker_role_arn, and its external ID can be guessed. So each ARN must name one role, without wildcards.
# regex() finds a pattern anywhere in the string, so every alternative is anchored at both ends.

variable "broker_role_arn" {
  type        = string
  nullable    = false
  description = "The role of Stint's vend function, which the deployment prints as brokerRole."
  validation {
    condition     = can(regex("^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[bef]|aws-eusc):iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$", var.broker_role_arn))
    error_message = "Must be the ARN of one IAM role, such as arn:aws:iam::123456789012:role/stint-vend. A wildcard, an account or any other principal would give access to others."
  }
}

variable "role_name" {
  type        = string
  nullable    = false
  description = "The name of the role, without the path."
  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,56}$", var.role_name))
    error_message = "Must be 1 to 56 characters of A-Z a-z 0-9 + = , . @ _ -, so that the name of a revoker, which adds -revoker, fits the 64 that IAM allows."
  }
}

variable "role_path" {
  type     = string
  default  = "/stint/"
  nullable = false
  validation {
    condition     = can(regex("^/([A-Za-z0-9+=,.@_-]+/)+$", var.role_path)) && length(var.role_path) <= 512
    error_message = "Must begin and end with a slash, with at least one name of A-Z a-z 0-9 + = , . @ _ - between single slashes, such as /stint/, and have at most 512 characters."
  }
}

variable "external_id_prefix" {
  type        = string
  default     = "stint"
  nullable    = false
  description = "The external ID consists of this prefix, the account and the role's name, so each target has its own. It is not a secret."
  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@:_-]{2,64}$", var.external_id_prefix))
    error_message = "Must be 2 to 64 characters of A-Z a-z 0-9 + = , . @ : _ -."
  }
}

variable "managed_policy_arns" {
  type        = list(string)
  nullable    = false
  description = "The maximum permissions of the role. A profile's session policy further limits them."
  validation {
    condition     = alltrue([for arn in var.managed_policy_arns : can(regex("^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[bef]|aws-eusc):iam::([0-9]{12}|aws):policy/([A-Za-z0-9+=.@_-]+/)*[A-Za-z0-9+=.@_-]{1,128}$", arn))])
    error_message = "Must be ARNs of IAM managed policies, such as arn:aws:iam::aws:policy/ReadOnlyAccess, without wildcards, spaces or commas in them."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  default     = null
  description = "The ARN of a permissions boundary, which limits every policy of the role. Required with revoker_role_arn."
  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^$|^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[bef]|aws-eusc):iam::([0-9]{12}|aws):policy/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,128}$", var.permissions_boundary_arn))
    error_message = "Must be the ARN of one IAM managed policy, such as arn:aws:iam::123456789012:policy/boundary, or empty for no boundary."
  }
}

variable "max_session_duration" {
  type        = number
  default     = 3600
  nullable    = false
  description = "The maximum session duration in seconds. Stint requests at most one hour."
  validation {
    condition     = var.max_session_duration >= 3600 && var.max_session_duration <= 43200 && floor(var.max_session_duration) == var.max_session_duration
    error_message = "Must be a whole number of seconds from 3600 (1 hour) to 43200 (12 hours)."
  }
}

variable "revoker_role_arn" {
  type        = string
  default     = null
  description = "The role of Stint's end function, which the deployment prints as revokerRole. It ends sessions at once by writing a deny on the target role. None, if null or empty. The ARN must be known when you plan, because it decides whether the second role exists."
  validation {
    condition     = var.revoker_role_arn == null || can(regex("^$|^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-[bef]|aws-eusc):iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$", var.revoker_role_arn))
    error_message = "Must be the ARN of one IAM role, such as arn:aws:iam::123456789012:role/stint-revoke, or empty for no revoker."
  }
}
