# A role that people and jobs can assume only through Stint. Equivalent to ../target.yaml.

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
  # Each target has its own. It is not a secret.
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
    # The session ID, by which you find the caller of a session in CloudTrail.
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

  # A separate statement, because AWS sets only a few condition keys for these actions. The external ID is not among them.
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
  description          = "Assumed only through Stint"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_duration
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

# The keys are positions, not ARNs, because Terraform must know them when it plans. It does not know the ARN of a policy of the same apply.
# These attachments are needed in addition to the resource below, so that a policy can leave the list and be deleted in one apply.
resource "aws_iam_role_policy_attachment" "may" {
  count      = length(var.managed_policy_arns)
  role       = aws_iam_role.target.name
  policy_arn = var.managed_policy_arns[count.index]
}

# Finds a policy that was attached outside Terraform, and detaches it.
resource "aws_iam_role_policy_attachments_exclusive" "target" {
  role_name   = aws_iam_role.target.name
  policy_arns = aws_iam_role_policy_attachment.may[*].policy_arn

  lifecycle {
    # When policies change places in the list, one attachment can detach what another has just attached. This resource runs after all
    # of them and attaches it again. For the same set of policies, it does so only if it is replaced, hence the trigger.
    replace_triggered_by = [terraform_data.policies]
  }
}

# Changes with the list. Unlike the attachments, it also exists when the list is empty, which a trigger requires.
resource "terraform_data" "policies" {
  input = var.managed_policy_arns
}

# This role deliberately has no aws_iam_role_policies_exclusive. The revoker ends a session by writing an inline policy on the role.
# The next apply would delete that deny and restore the session.

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
  description          = "Writes and removes one inline policy on the target role"
  assume_role_policy   = data.aws_iam_policy_document.revoker_trust[0].json
  max_session_duration = 3600

  lifecycle {
    precondition {
      condition     = var.revoker_role_arn != var.broker_role_arn
      error_message = "The role that revokes must not be the role that vends: it can write policies on the target role, so it could extend what it vends."
    }
    precondition {
      condition     = var.revoker_role_arn == null || var.revoker_role_arn == "" || (var.permissions_boundary_arn != null && var.permissions_boundary_arn != "")
      error_message = "A role with a revoker needs a permissions boundary: the revoker can write policies on it, and the boundary is the most that they could grant."
    }
  }
}

resource "aws_iam_role_policy" "revoke" {
  count  = local.has_revoker ? 1 : 0
  name   = "revoke"
  role   = aws_iam_role.revoker[0].name
  policy = data.aws_iam_policy_document.revoke[0].json
}

# The revoker can write policies on the target role, so it has only the policy above. Nothing else can add a policy to it.
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
