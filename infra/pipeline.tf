# Cloud Build: who builds and who deploys are two accounts, and neither is Google's default one. The build cannot deploy, the
# deployment cannot build; neither can read a secret or use a key of the functions.

resource "google_service_account" "build" {
  count        = var.pipeline.builds ? 1 : 0
  account_id   = "hub-build"
  display_name = "Builds the hub"
}

resource "google_service_account" "deploy" {
  account_id   = "hub-deploy"
  display_name = "Deploys the hub"
}

locals {
  build_roles = var.pipeline.builds ? toset([
    "roles/logging.logWriter",
    "roles/ondemandscanning.admin",               # scans the image before it is pushed
    "roles/containeranalysis.occurrences.editor", # uploads the list of its parts
  ]) : toset([])

  deploy_roles = toset([
    "roles/logging.logWriter",
    "roles/monitoring.viewer",                    # reads the ratio of errors
    "roles/binaryauthorization.attestorsViewer",  # what it may deploy
    "roles/containeranalysis.occurrences.editor", # vouches for what it tried
  ])
}

resource "google_project_iam_member" "build" {
  for_each = local.build_roles
  project  = var.project_id
  role     = each.key
  member   = google_service_account.build[0].member
}

resource "google_project_iam_member" "deploy" {
  for_each = local.deploy_roles
  project  = var.project_id
  role     = each.key
  member   = google_service_account.deploy.member
}

# Lists of the parts of every image, for as long as one might ask what was in it.
resource "google_storage_bucket" "parts" {
  # checkov:skip=CKV_GCP_62:who reads and writes is in the audit trail (audit.tf), which access logs would only repeat
  count                       = var.pipeline.builds ? 1 : 0
  name                        = "${var.project_id}-parts"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  versioning {
    enabled = true
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.storage.id
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_iam_member" "parts" {
  count  = var.pipeline.builds ? 1 : 0
  bucket = google_storage_bucket.parts[0].name
  role   = "roles/storage.objectCreator"
  member = google_service_account.build[0].member
}

# Service by service, and only these; together with acting as the accounts that they run as.
resource "google_cloud_run_v2_service_iam_member" "deploy" {
  for_each = local.services
  location = var.region
  name     = module.service[each.key].name
  role     = "roles/run.developer"
  member   = google_service_account.deploy.member
}

resource "google_cloud_run_v2_job_iam_member" "deploy" {
  location = var.region
  name     = google_cloud_run_v2_job.smoke.name
  role     = "roles/run.developer"
  member   = google_service_account.deploy.member
}

resource "google_service_account_iam_member" "deploy" {
  for_each           = merge({ for name in keys(local.services) : name => module.service[name].account }, { smoke = google_service_account.smoke.name })
  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deploy.member
}

# What is proposed is checked, by an account that may write its log and nothing else: it runs what nobody has read yet. Of
# strangers' proposals only those that somebody of ours has let through by a comment.
resource "google_service_account" "check" {
  count        = var.pipeline.builds ? 1 : 0
  account_id   = "hub-check"
  display_name = "Checks what is proposed for the hub"
}

resource "google_project_iam_member" "check" {
  count   = var.pipeline.builds ? 1 : 0
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.check[0].member
}

resource "google_cloudbuild_trigger" "check" {
  count              = var.pipeline.builds ? 1 : 0
  name               = "hub-check"
  description        = "Checks what is proposed for main"
  location           = var.region
  filename           = "cloudbuild.check.yaml"
  service_account    = google_service_account.check[0].id
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"
  repository_event_config {
    repository = var.pipeline.repository
    pull_request {
      branch          = "^main$"
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }
}

# Every change of main is built; nobody starts it by hand, or it would lack part of its provenance.
resource "google_cloudbuild_trigger" "build" {
  count              = var.pipeline.builds ? 1 : 0
  name               = "hub-build"
  description        = "Checks, builds, scans and pushes what is on main"
  location           = var.region
  filename           = "cloudbuild.yaml"
  service_account    = google_service_account.build[0].id
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"
  repository_event_config {
    repository = var.pipeline.repository
    push {
      branch = "^main$"
    }
  }
  substitutions = {
    _IMAGE = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.hub[0].repository_id}/hub"
  }
}

# Started with the digest that the build printed, and in prod approved by a person first. Never on a push.
resource "google_cloudbuild_trigger" "deploy" {
  name               = "hub-deploy"
  description        = "Brings one digest to ${var.environment}, little by little"
  location           = var.region
  filename           = "cloudbuild.deploy.yaml"
  service_account    = google_service_account.deploy.id
  include_build_logs = "INCLUDE_BUILD_LOGS_WITH_STATUS"
  approval_config {
    approval_required = var.environment == "prod"
  }
  repository_event_config {
    repository = var.pipeline.repository
    push {
      tag = "^deploy-${var.environment}-[0-9]{8}-[0-9]+$"
    }
  }
  substitutions = {
    _REGION      = var.region
    _ENVIRONMENT = var.environment
    _IMAGE       = var.pipeline.builds ? "${var.region}-docker.pkg.dev/${var.project_id}/hub/hub" : "${var.pipeline.registry}/hub"
    _ATTESTORS   = join(" ", var.pipeline.attestors)
    _VOUCH_AS    = var.pipeline.builds ? google_binary_authorization_attestor.tried[0].id : "nobody"
    _VOUCH_WITH  = var.pipeline.builds ? trimprefix(data.google_kms_crypto_key_version.attestor[0].id, "//cloudkms.googleapis.com/v1/") : "nothing"
  }
}
