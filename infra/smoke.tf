# What the job that tries new revisions may do. It may look at everything that a deployment must get right, and it can neither
# encrypt, decrypt nor sign: with its account nobody reads a token.

locals {
  files_of_smoke = merge(
    { pseudonym = google_secret_manager_secret.pseudonym.secret_id },
    { for name, secret in google_secret_manager_secret.identity : "qwac-${name}" => secret.secret_id },
  )
}

# How each key stands and, of keys that sign, the public half.
resource "google_kms_key_ring_iam_member" "smoke" {
  for_each    = { for pair in setproduct(["hub", "seals"], ["viewer", "publicKeyViewer"]) : join("/", pair) => { ring = pair[0], role = pair[1] } }
  key_ring_id = { hub = google_kms_key_ring.hub.id, seals = google_kms_key_ring.seals.id }[each.value.ring]
  role        = "roles/cloudkms.${each.value.role}"
  member      = google_service_account.smoke.member
}

resource "google_secret_manager_secret_iam_member" "smoke" {
  for_each  = merge({ pseudonym = google_secret_manager_secret.pseudonym.id }, { for name, secret in google_secret_manager_secret.identity : "qwac-${name}" => secret.id })
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.smoke.member
}

resource "google_storage_bucket_iam_member" "smoke" {
  bucket = google_storage_bucket.documents.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.smoke.member
}

resource "google_project_iam_member" "smoke" {
  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.smoke.member
  condition {
    title       = "only-the-hubs-databases"
    description = "To try them with a probe that is deleted again."
    expression  = local.only_our_databases
  }
}
