# A role that Stint, and nobody else, lets people and jobs into: the same as ../target.yaml.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
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

resource "aws_iam_role_policy_attachment" "may" {
  for_each   = toset(var.managed_policy_arns)
  role       = aws_iam_role.target.name
  policy_arn = each.value
}

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
