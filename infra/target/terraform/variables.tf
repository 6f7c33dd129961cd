variable "broker_role_arn" {
  type        = string
  description = "The role of Stint's function vend, as the deploy prints it (brokerRole)."
}

variable "role_name" {
  type        = string
  description = "Its name, without the path."
}

variable "role_path" {
  type    = string
  default = "/stint/"
}

variable "external_id_prefix" {
  type        = string
  default     = "stint"
  description = "The external ID is this, the account and the role's name."
}

variable "managed_policy_arns" {
  type        = list(string)
  description = "What the role may do at most. A profile's session policy only narrows it."
}

variable "permissions_boundary_arn" {
  type        = string
  default     = null
  description = "What nothing that is ever attached to the role can go beyond."
}

variable "max_session_duration" {
  type        = number
  default     = 3600
  description = "In seconds. Stint asks for an hour at most."
}

variable "revoker_role_arn" {
  type        = string
  default     = null
  description = "Who may end the role's sessions early by writing a deny on it. Nobody, if null."
}
