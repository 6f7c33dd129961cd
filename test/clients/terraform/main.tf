# A state in S3. The backend is built into Terraform, so this needs no provider; test/clients/s3.test.ts gives it the endpoint.
terraform {
  required_version = ">= 1.11"

  backend "s3" {
    bucket         = "acme-staging-uploads"
    key            = "terraform.tfstate"
    use_lockfile   = true
    use_path_style = true
  }
}

output "text" {
  value = "hello from staging\n"
}
