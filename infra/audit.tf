# The trail. Who looked at keys, secrets and data is written down by Google, what happened to sessions by the hub; both go to
# a bucket that nobody can shorten, and to a topic that a SIEM reads.

resource "google_project_iam_audit_config" "data" {
  for_each = toset(["cloudkms.googleapis.com", "secretmanager.googleapis.com", "datastore.googleapis.com", "storage.googleapis.com", "run.googleapis.com"])
  project  = var.project_id
  service  = each.key
  audit_log_config {
    log_type = "ADMIN_READ"
  }
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

locals {
  # The target of the hub's audit lines (shared/src/ports/audit.rs), as Cloud Logging shows it.
  hub_trail = "resource.type=\"cloud_run_revision\" AND jsonPayload.target=\"audit\""

  trail = join(" OR ", [
    "(${local.hub_trail})",
    "log_id(\"cloudaudit.googleapis.com/activity\")",
    "log_id(\"cloudaudit.googleapis.com/data_access\")",
    "log_id(\"cloudaudit.googleapis.com/policy\")",
    "log_id(\"cloudaudit.googleapis.com/system_event\")",
  ])
}

resource "google_logging_project_bucket_config" "audit" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "hub-audit"
  description    = "The audit trail. Once locked it can be neither shortened nor deleted."
  retention_days = var.audit.days
  locked         = var.audit.locked
  # Questions in SQL over the trail, without a copy of it elsewhere.
  enable_analytics = true
  cmek_settings {
    kms_key_name = google_kms_crypto_key.storage.id
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_logging_project_sink" "audit" {
  name                   = "hub-audit"
  description            = "The trail to where auditors read it"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  filter                 = local.trail
  unique_writer_identity = true
}

# What the audit bucket keeps is not kept a second time in the default bucket, which every developer of the project may read.
# (Changes and system events stay in Google's bucket _Required too: nobody can exclude them there, and nobody pays for them.)
resource "google_logging_project_exclusion" "default" {
  for_each = {
    hub-audit   = local.hub_trail
    data-access = "log_id(\"cloudaudit.googleapis.com/data_access\") OR log_id(\"cloudaudit.googleapis.com/policy\")"
  }
  name        = each.key
  description = "Kept in the bucket hub-audit"
  filter      = each.value
}

resource "google_logging_log_view" "auditors" {
  name        = "hub-audit"
  bucket      = google_logging_project_bucket_config.audit.id
  description = "Everything in the audit bucket"
  filter      = "SOURCE(\"projects/${var.project_id}\")"
}

resource "google_project_iam_member" "auditors" {
  project = var.project_id
  role    = "roles/logging.viewAccessor"
  member  = var.people.auditors
  condition {
    title      = "only-the-audit-trail"
    expression = "resource.name == \"projects/${var.project_id}/locations/${var.region}/buckets/hub-audit/views/hub-audit\""
  }
}

# For a SIEM: whoever reads it gets a subscription of its own.
resource "google_pubsub_topic" "siem" {
  name         = "hub-siem"
  kms_key_name = google_kms_crypto_key.storage.id
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
  message_retention_duration = "604800s"
  depends_on                 = [google_kms_crypto_key_iam_member.agent]
}

resource "google_logging_project_sink" "siem" {
  name                   = "hub-siem"
  description            = "The trail to a SIEM"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.siem.id}"
  filter                 = local.trail
  unique_writer_identity = true
}

resource "google_pubsub_topic_iam_member" "siem" {
  topic  = google_pubsub_topic.siem.name
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.siem.writer_identity
}
