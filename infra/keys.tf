# Keys in Cloud KMS, all of them in hardware. One key for each purpose, so that a function can be given one half of one of
# them. Three rings: rights on one never reach into another, and a ring can never be deleted.

resource "google_kms_key_ring" "hub" {
  name       = "hub"
  location   = var.region
  depends_on = [google_project_service.api]
}

# What the functions wrap data keys with (docs/cloud-kms.md).
resource "google_kms_crypto_key" "purpose" {
  for_each                   = local.purposes
  name                       = each.key
  key_ring                   = google_kms_key_ring.hub.id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s" # 90 days; the job rewrap moves what is older
  destroy_scheduled_duration = "2592000s" # 30 days to notice that somebody destroyed a version
  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }
  lifecycle {
    # Without these keys every token and every answer is lost for good.
    prevent_destroy = true
  }
}

# The hub's own name: what it signs to CRMs. Cloud KMS does not rotate it by itself: docs/cloud-kms.md says how.
resource "google_kms_crypto_key" "signing" {
  name                       = "signing"
  key_ring                   = google_kms_key_ring.hub.id
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

resource "google_kms_key_ring" "storage" {
  name       = "hub-storage"
  location   = var.region
  depends_on = [google_project_service.api]
}

# What Google's own services encrypt the hub's data with. Destroying it destroys the databases.
resource "google_kms_crypto_key" "storage" {
  name                       = "storage"
  key_ring                   = google_kms_key_ring.storage.id
  purpose                    = "ENCRYPT_DECRYPT"
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

locals {
  # Google's service agents; bootstrap/prepare-project makes those that do not exist yet.
  agents = {
    firestore = "service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
    secrets   = "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    messages  = "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    images    = "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    logs      = "cmek-p${data.google_project.this.number}@gcp-sa-logging.iam.gserviceaccount.com"
    functions = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
    buckets   = "service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each      = local.agents
  crypto_key_id = google_kms_crypto_key.storage.id
  role          = local.roles_of_keys.both
  member        = "serviceAccount:${each.value}"
}

# Who administers keys can rotate, disable and destroy them, and can neither encrypt nor decrypt.
resource "google_kms_key_ring_iam_member" "administrators" {
  for_each    = { hub = google_kms_key_ring.hub.id, seals = google_kms_key_ring.seals.id, storage = google_kms_key_ring.storage.id }
  key_ring_id = each.value
  role        = "roles/cloudkms.admin"
  member      = var.people.keys
}
