# What must be true of who plans and who applies.
mock_provider "google" {
  override_during = plan
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id = "hub-test"
  operators  = "group:operators@example.com"
}

run "who_applies_reads_no_data" {
  command = plan
  assert {
    condition = length(setintersection(toset(concat(local.rights.plan, local.rights.apply)), [
      "roles/owner", "roles/editor", "roles/datastore.owner", "roles/datastore.user", "roles/datastore.viewer", "roles/secretmanager.admin",
      "roles/secretmanager.secretAccessor", "roles/storage.admin", "roles/storage.objectAdmin", "roles/pubsub.admin", "roles/pubsub.editor",
      "roles/run.admin", "roles/cloudkms.cryptoKeyDecrypter", "roles/cloudkms.cryptoKeyEncrypterDecrypter", "roles/logging.privateLogViewer",
    ])) == 0
    error_message = "These roles read secrets, documents, objects, messages or answers."
  }
  assert {
    condition = alltrue([for permission in google_project_iam_custom_role.infra.permissions :
    !can(regex("entities|versions\\.access|objects|consume|publish|useTo|invoke", permission))])
    error_message = "The role for who applies reads nothing that is in databases, secrets, buckets and topics."
  }
}

run "the_state_is_protected" {
  command = plan
  assert {
    condition     = google_storage_bucket.state.versioning[0].enabled && google_storage_bucket.state.public_access_prevention == "enforced" && google_storage_bucket.state.uniform_bucket_level_access && !google_storage_bucket.state.force_destroy
    error_message = "The state has versions and is nobody's in general."
  }
  assert {
    condition     = toset([for given in google_storage_bucket_iam_member.state : given.role]) == toset(["roles/storage.objectUser"]) && length(google_storage_bucket_iam_member.state) == 2
    error_message = "Two accounts reach the state."
  }
  assert {
    condition     = google_kms_crypto_key.state.version_template[0].protection_level == "HSM" && google_kms_crypto_key.state.rotation_period == "7776000s"
    error_message = "The state's key is in hardware and rotates."
  }
}

run "wrong_variables_are_refused" {
  command = plan
  variables {
    project_id = "123456789012"
    region     = "us-central1"
    operators  = "user:ann@example.com"
  }
  expect_failures = [var.project_id, var.region, var.operators]
}
