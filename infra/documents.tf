# Bank and tenant documents: configuration, no secret. Each release lies in a folder of its own that is never changed, and a
# revision names the one it reads; so rolling a revision back brings its documents back too. bin/publish-documents fills it.

resource "google_storage_bucket" "documents" {
  # checkov:skip=CKV_GCP_62:who reads and writes is in the audit trail (audit.tf), which access logs would only repeat
  name                        = "${var.project_id}-documents"
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
  soft_delete_policy {
    retention_duration_seconds = 2592000
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_iam_member" "documents" {
  for_each = local.services
  bucket   = google_storage_bucket.documents.name
  role     = "roles/storage.objectViewer"
  member   = module.service[each.key].member
}
