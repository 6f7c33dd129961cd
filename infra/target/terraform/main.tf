# A role that Stint, and nobody else, lets people and jobs into: the same as ../target.yaml.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.72" # The first with aws_iam_role_policy_attachments_exclusive.
    }
  }
}

data "aws_caller_identity" "here" {}

locals {
  # No two targets share one. It is no secret.
  external_id = "${var.external_id_prefix}-${data.aws_caller_identity.here.account_id}-${var.role_name}"
  has_revoker = var.revoker_role_arn != null && var.revoker_role_arn != ""
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "StintAlone"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.broker_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.external_id]
    }
    # The session's own id, which is how CloudTrail leads back to who it was.
    condition {
      test     = "StringLike"
      variable = "sts:RoleSessionName"
      values   = ["*-req_??????????????????????????.????????"]
    }
    condition {
      test     = "Null"
      variable = "aws:RequestTag/stint:session"
      values   = ["false"]
    }
  }

  # Judged apart from the above, each by the few keys that AWS gives it: the external ID is not among them.
  statement {
    sid     = "StintTags"
    effect  = "Allow"
    actions = ["sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = [var.broker_role_arn]
    }
    condition {
      test     = "Null"
      variable = "aws:RequestTag/stint:session"
      values   = ["false"]
    }
  }
  statement {
    sid     = "StintNames"
    effect  = "Allow"
    actions = ["sts:SetSourceIdentity"]

    principals {
      type        = "AWS"
      identifiers = [var.broker_role_arn]
    }
  }
}

resource "aws_iam_role" "target" {
  name                 = var.role_name
  path                 = var.role_path
  description          = "Entered through Stint alone"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_duration
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

# By place, not by ARN: Terraform must know the keys when it plans, and the ARN of a policy made in the same apply it does not know.
# These attachments exist beside the resource below because they detach: a policy can leave the list and be deleted in one apply.
resource "aws_iam_role_policy_attachment" "may" {
  count      = length(var.managed_policy_arns)
  role       = aws_iam_role.target.name
  policy_arn = var.managed_policy_arns[count.index]
}

# Sees a policy that was attached outside Terraform, and detaches it.
resource "aws_iam_role_policy_attachments_exclusive" "target" {
  role_name   = aws_iam_role.target.name
  policy_arns = aws_iam_role_policy_attachment.may[*].policy_arn

  lifecycle {
    # When policies change places in the list, one attachment may detach what another has just attached. This resource comes after all
    # of them and attaches it again. For the same set of policies it does so only if it is made anew, hence the trigger.
    replace_triggered_by = [terraform_data.policies]
  }
}

# Changes with the list, and unlike the attachments it exists when the list is empty, as a trigger must.
resource "terraform_data" "policies" {
  input = var.managed_policy_arns
}

# There is no aws_iam_role_policies_exclusive for this role, on purpose. The revoker ends a session by writing an inline policy on it;
# the next apply would delete that deny and bring the session back.

data "aws_iam_policy_document" "revoker_trust" {
  count = local.has_revoker ? 1 : 0
  statement {
    sid     = "StintAlone"
    effect  = "Allow"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.revoker_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.external_id]
    }
  }
}

data "aws_iam_policy_document" "revoke" {
  count = local.has_revoker ? 1 : 0
  statement {
    effect    = "Allow"
    actions   = ["iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"]
    resources = [aws_iam_role.target.arn]
  }
}

resource "aws_iam_role" "revoker" {
  count                = local.has_revoker ? 1 : 0
  name                 = "${var.role_name}-revoker"
  path                 = var.role_path
  description          = "Writes and takes back one inline policy on the role beside it"
  assume_role_policy   = data.aws_iam_policy_document.revoker_trust[0].json
  max_session_duration = 3600

  lifecycle {
    precondition {
      condition     = var.revoker_role_arn != var.broker_role_arn
      error_message = "The role that revokes must not be the role that vends: it can write policies on the target role, so it could widen what it vends."
    }
  }
}

resource "aws_iam_role_policy" "revoke" {
  count  = local.has_revoker ? 1 : 0
  name   = "revoke"
  role   = aws_iam_role.revoker[0].name
  policy = data.aws_iam_policy_document.revoke[0].json
}

# The revoker can write policies on the target role, so it has nothing but the policy above. No one else writes to it.
resource "aws_iam_role_policies_exclusive" "revoker" {
  count        = local.has_revoker ? 1 : 0
  role_name    = aws_iam_role.revoker[0].name
  policy_names = [aws_iam_role_policy.revoke[0].name]
}

resource "aws_iam_role_policy_attachments_exclusive" "revoker" {
  count       = local.has_revoker ? 1 : 0
  role_name   = aws_iam_role.revoker[0].name
  policy_arns = []
}
