# Run once by a person, with state on that person's machine: what Terraform itself needs before it can be run by others.
#   - the bucket of the state: versioned, encrypted with a key of ours, readable by one account
#   - the account that plans (may look) and the one that applies (may change, and can decrypt nothing)
# prepare-project, beside this file, comes first: it makes the service agents that keys are given to.

terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project               = var.project_id
  region                = var.region
  billing_project       = var.project_id
  user_project_override = true
}

variable "project_id" {
  description = "The project's id."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id, not its number."
  }
}

variable "region" {
  description = "A region in the European Union: states name customers' banks and hosts."
  type        = string
  default     = "europe-west3"
  nullable    = false
  validation {
    condition     = startswith(var.region, "europe-") && !contains(["europe-west2", "europe-west6"], var.region)
    error_message = "region is one in the European Union."
  }
}

variable "operators" {
  description = "The group that may act as the two accounts."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^group:[^@ ]+@[a-z0-9.-]+$", var.operators))
    error_message = "operators is a group, as group:NAME@DOMAIN."
  }
}

data "google_project" "this" {
  project_id = var.project_id
}

resource "google_kms_key_ring" "state" {
  name     = "terraform"
  location = var.region
}

resource "google_kms_crypto_key" "state" {
  name                       = "state"
  key_ring                   = google_kms_key_ring.state.id
  rotation_period            = "7776000s"
  destroy_scheduled_duration = "2592000s"
  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "state" {
  crypto_key_id = google_kms_crypto_key.state.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket" "state" {
  # checkov:skip=CKV_GCP_62:who reads and writes is in the audit trail, which access logs would only repeat
  name                        = "${var.project_id}-terraform"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  versioning {
    enabled = true
  }
  soft_delete_policy {
    retention_duration_seconds = 2592000
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.state.id
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.state]
}

resource "google_service_account" "infra" {
  for_each     = { plan = "Looks at what would change", apply = "Changes the infrastructure" }
  account_id   = "hub-infra-${each.key}"
  display_name = each.value
}

locals {
  # Both want the state; only one writes it. The one that plans takes a lock, which is an object too.
  rights = {
    plan = ["roles/viewer", "roles/iam.securityReviewer"]
    # One role for each kind of thing in the root, none that reads data. Where Google has no such role, the one below.
    apply = [
      "roles/artifactregistry.admin", "roles/binaryauthorization.policyEditor", "roles/binaryauthorization.attestorsAdmin",
      "roles/certificatemanager.owner", "roles/cloudbuild.builds.editor", "roles/cloudkms.admin", "roles/cloudscheduler.admin",
      "roles/cloudtasks.queueAdmin", "roles/compute.loadBalancerAdmin", "roles/compute.networkAdmin", "roles/compute.securityAdmin",
      "roles/containeranalysis.notes.editor", "roles/dns.admin", "roles/iam.roleAdmin",
      "roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountUser", "roles/iam.workloadIdentityPoolAdmin", "roles/logging.configWriter",
      "roles/monitoring.editor", "roles/run.developer", "roles/serviceusage.serviceUsageAdmin", "roles/vpcaccess.admin",
    ]
  }
  # Google's own roles for these also read: secretmanager.admin secrets, datastore.owner documents, storage.admin objects,
  # pubsub.admin messages, run.admin whatever a function answers.
  without_data = {
    secretmanager   = ["locations.get", "locations.list", "secrets.create", "secrets.delete", "secrets.get", "secrets.getIamPolicy", "secrets.list", "secrets.setIamPolicy", "secrets.update"]
    datastore       = ["databases.create", "databases.get", "databases.getMetadata", "databases.list", "databases.update", "indexes.create", "indexes.delete", "indexes.get", "indexes.list", "indexes.update", "backupSchedules.create", "backupSchedules.delete", "backupSchedules.get", "backupSchedules.list", "backupSchedules.update", "locations.get", "locations.list", "operations.get", "operations.list"]
    storage         = ["buckets.create", "buckets.delete", "buckets.get", "buckets.getIamPolicy", "buckets.list", "buckets.setIamPolicy", "buckets.update"]
    pubsub          = ["topics.attachSubscription", "topics.create", "topics.delete", "topics.get", "topics.getIamPolicy", "topics.list", "topics.setIamPolicy", "topics.update", "subscriptions.create", "subscriptions.delete", "subscriptions.get", "subscriptions.getIamPolicy", "subscriptions.list", "subscriptions.setIamPolicy", "subscriptions.update"]
    networksecurity = ["operations.get", "operations.list", "serverTlsPolicies.create", "serverTlsPolicies.delete", "serverTlsPolicies.get", "serverTlsPolicies.list", "serverTlsPolicies.update", "serverTlsPolicies.use"]
    run             = ["services.getIamPolicy", "services.setIamPolicy", "jobs.getIamPolicy", "jobs.setIamPolicy"]
  }
  given = merge([for account, roles in local.rights : { for role in roles : "${account}/${role}" => { account = account, role = role } }]...)
}

resource "google_project_iam_custom_role" "infra" {
  role_id     = "hubInfra"
  title       = "Infrastructure of the hub"
  description = "Makes and changes databases, secrets, buckets and topics, and reads nothing that is in them."
  permissions = flatten([for service, permissions in local.without_data : [for permission in permissions : "${service}.${permission}"]])
}

resource "google_project_iam_member" "infra_without_data" {
  project = var.project_id
  role    = google_project_iam_custom_role.infra.name
  member  = google_service_account.infra["apply"].member
}

resource "google_project_iam_member" "infra" {
  for_each = local.given
  project  = var.project_id
  role     = each.value.role
  member   = google_service_account.infra[each.value.account].member
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = google_service_account.infra
  bucket   = google_storage_bucket.state.name
  role     = "roles/storage.objectUser"
  member   = each.value.member
}

# People act as these accounts, without keys; who did is in the audit trail.
resource "google_service_account_iam_member" "operators" {
  for_each           = google_service_account.infra
  service_account_id = each.value.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = var.operators
}

output "state_bucket" {
  description = "What envs/ENVIRONMENT.gcs.tfbackend names."
  value       = google_storage_bucket.state.name
}

output "accounts" {
  description = "Who plans and who applies."
  value       = { for name, account in google_service_account.infra : name => account.email }
}
