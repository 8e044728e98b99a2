# Where images are kept, and which ones may run.

resource "google_artifact_registry_repository" "hub" {
  count         = var.pipeline.builds ? 1 : 0
  repository_id = "hub"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of the hub, built by Cloud Build alone."
  kms_key_name  = google_kms_crypto_key.storage.id
  docker_config {
    immutable_tags = true
  }
  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }
  cleanup_policies {
    id     = "keep-what-may-be-rolled-back-to"
    action = "KEEP"
    most_recent_versions {
      keep_count = 30
    }
  }
  cleanup_policies {
    id     = "delete-what-nobody-named"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  count      = var.pipeline.builds ? 1 : 0
  location   = google_artifact_registry_repository.hub[0].location
  repository = google_artifact_registry_repository.hub[0].name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build[0].member
}

resource "google_artifact_registry_repository_iam_member" "readers" {
  for_each   = var.pipeline.builds ? merge({ deploy = google_service_account.deploy.member }, { for reader in var.pipeline.readers : reader => reader }) : {}
  location   = google_artifact_registry_repository.hub[0].location
  repository = google_artifact_registry_repository.hub[0].name
  role       = "roles/artifactregistry.reader"
  member     = each.value
}

# Only what somebody has vouched for starts. `built-by-cloud-build` is Google's own word on where an image comes from;
# `hub-tried` is the deploy build's on an image that passed everything in this environment, and what prod asks for.
resource "google_binary_authorization_policy" "hub" {
  description                   = "Only images with attestations."
  global_policy_evaluation_mode = "ENABLE"
  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = "ENFORCED_BLOCK_AND_AUDIT_LOG"
    require_attestations_by = var.pipeline.attestors
  }
  depends_on = [google_project_service.api]
}

resource "google_kms_key_ring" "pipeline" {
  count      = var.pipeline.builds ? 1 : 0
  name       = "hub-pipeline"
  location   = var.region
  depends_on = [google_project_service.api]
}

resource "google_kms_crypto_key" "attestor" {
  count                      = var.pipeline.builds ? 1 : 0
  name                       = "attestor"
  key_ring                   = google_kms_key_ring.pipeline[0].id
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "2592000s"
  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = "HSM"
  }
  lifecycle {
    prevent_destroy = true
  }
}

data "google_kms_crypto_key_version" "attestor" {
  count      = var.pipeline.builds ? 1 : 0
  crypto_key = google_kms_crypto_key.attestor[0].id
}

resource "google_container_analysis_note" "tried" {
  count = var.pipeline.builds ? 1 : 0
  name  = "hub-tried"
  attestation_authority {
    hint {
      human_readable_name = "passed everything in an environment before this one"
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_binary_authorization_attestor" "tried" {
  count = var.pipeline.builds ? 1 : 0
  name  = "hub-tried"
  attestation_authority_note {
    note_reference = google_container_analysis_note.tried[0].name
    public_keys {
      id = data.google_kms_crypto_key_version.attestor[0].id
      pkix_public_key {
        public_key_pem      = data.google_kms_crypto_key_version.attestor[0].public_key[0].pem
        signature_algorithm = data.google_kms_crypto_key_version.attestor[0].public_key[0].algorithm
      }
    }
  }
}

resource "google_kms_crypto_key_iam_member" "attestor" {
  count         = var.pipeline.builds ? 1 : 0
  crypto_key_id = google_kms_crypto_key.attestor[0].id
  role          = "roles/cloudkms.signerVerifier"
  member        = google_service_account.deploy.member
}

resource "google_container_analysis_note_iam_member" "attestor" {
  count  = var.pipeline.builds ? 1 : 0
  note   = google_container_analysis_note.tried[0].name
  role   = "roles/containeranalysis.notes.attacher"
  member = google_service_account.deploy.member
}

# Another environment asks these attestors before it starts an image of ours.
resource "google_binary_authorization_attestor_iam_member" "verifiers" {
  for_each = { for pair in setproduct(["built-by-cloud-build", "hub-tried"], var.pipeline.verifiers) : join(" ", pair) => { attestor = pair[0], member = pair[1] } if var.pipeline.builds }
  attestor = each.value.attestor
  role     = "roles/binaryauthorization.attestorsVerifier"
  member   = each.value.member

  depends_on = [google_binary_authorization_attestor.tried]
}

resource "google_container_analysis_note_iam_member" "verifiers" {
  for_each = var.pipeline.builds ? var.pipeline.verifiers : toset([])
  note     = google_container_analysis_note.tried[0].name
  role     = "roles/containeranalysis.notes.occurrences.viewer"
  member   = each.value
}
