# The examples in envs/ plan; .ci/infra runs this once for each: -var-file=envs/ENVIRONMENT.tfvars.
mock_provider "google" {
  override_during = plan
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_kms_crypto_key_version" {
    defaults = { public_key = [{ algorithm = "EC_SIGN_P256_SHA256", pem = "-----BEGIN PUBLIC KEY-----" }] }
  }
}

run "plans" {
  command = plan
  assert {
    condition     = var.project_id == "example-hub-${var.environment}" || var.project_id == "hub-test"
    error_message = "Each example is of one project."
  }
}
