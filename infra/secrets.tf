# Files with private keys, mounted into functions as volumes, so that a new version is seen without a restart
# (docs/certificates.md). Terraform makes the secret and never a version: no value is in its state.

resource "google_pubsub_topic" "rotation" {
  name         = "hub-secret-rotation"
  kms_key_name = google_kms_crypto_key.storage.id
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic_iam_member" "rotation" {
  topic  = google_pubsub_topic.rotation.name
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${local.agents.secrets}"
}

# Where the notices are read: by who adds certificates, with `gcloud pubsub subscriptions pull`. A month, as nobody looks every
# day; no dead letters, since nothing but a person takes them off.
resource "google_pubsub_subscription" "rotation" {
  name                       = "hub-secret-rotation"
  topic                      = google_pubsub_topic.rotation.id
  message_retention_duration = "2678400s"
  expiration_policy {
    ttl = "" # never, however long nobody reads
  }
}

resource "google_pubsub_subscription_iam_member" "rotation" {
  subscription = google_pubsub_subscription.rotation.name
  role         = "roles/pubsub.subscriber"
  member       = var.people.certificates
}

# One secret for each identity, key and chain together: two secrets could be read in versions that do not belong together.
resource "google_secret_manager_secret" "identity" {
  for_each            = var.bank_identities
  secret_id           = "qwac-${each.key}"
  version_destroy_ttl = "2592000s"
  deletion_protection = true
  replication {
    user_managed {
      replicas {
        location = var.region
        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.storage.id
        }
      }
    }
  }
  # A reminder only: somebody must order the certificate and add it. What really ends, the alert certificate_ends says.
  rotation {
    rotation_period    = "25920000s"                       # 300 days
    next_rotation_time = timeadd(plantimestamp(), "7200h") # only the first time: see ignore_changes
  }
  topics {
    name = google_pubsub_topic.rotation.id
  }
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [rotation[0].next_rotation_time]
  }
  depends_on = [google_kms_crypto_key_iam_member.agent, google_pubsub_topic_iam_member.rotation]
}

# The key of keyed hashes (pseudonyms, account ids). It must never change, so it has no rotation.
resource "google_secret_manager_secret" "pseudonym" {
  secret_id           = "hub-pseudonym"
  version_destroy_ttl = "2592000s"
  deletion_protection = true
  replication {
    user_managed {
      replicas {
        location = var.region
        customer_managed_encryption {
          kms_key_name = google_kms_crypto_key.storage.id
        }
      }
    }
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

locals {
  # Only who calls banks reads what banks know us by; the others are told that they call none (functions.tf).
  identities_by_service = merge([for service in local.bank_callers : {
    for identity in var.bank_identities : "${service}/${identity}" => { service = service, identity = identity }
  }]...)
}

resource "google_secret_manager_secret_iam_member" "identity" {
  for_each  = local.identities_by_service
  secret_id = google_secret_manager_secret.identity[each.value.identity].id
  role      = "roles/secretmanager.secretAccessor"
  member    = module.service[each.value.service].member
}

resource "google_secret_manager_secret_iam_member" "pseudonym" {
  for_each  = local.services
  secret_id = google_secret_manager_secret.pseudonym.id
  role      = "roles/secretmanager.secretAccessor"
  member    = module.service[each.key].member
}

# Who adds a certificate can add a version, and can read none.
resource "google_secret_manager_secret_iam_member" "certificates" {
  for_each  = var.bank_identities
  secret_id = google_secret_manager_secret.identity[each.key].id
  role      = "roles/secretmanager.secretVersionAdder"
  member    = var.people.certificates
}
