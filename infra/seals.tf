# Keys of electronic seals. In a ring of their own, so that a right on a seal is none on the hub's keys. The certificate's
# key either comes from outside (imported, in a wrapping that only the hardware opens) or is made here and certified.

resource "google_kms_key_ring" "seals" {
  name       = "hub-seals"
  location   = var.region
  depends_on = [google_project_service.api]
}

resource "google_kms_crypto_key" "seal" {
  for_each                      = var.seals
  name                          = each.key
  key_ring                      = google_kms_key_ring.seals.id
  purpose                       = "ASYMMETRIC_SIGN"
  import_only                   = each.value.imported
  skip_initial_version_creation = each.value.imported
  destroy_scheduled_duration    = "2592000s"
  version_template {
    algorithm        = each.value.algorithm
    protection_level = "HSM"
  }
  lifecycle {
    prevent_destroy = true
  }
}

# An import job lives three days and then makes room for the next, so its name carries the number of the attempt:
# raise it for another import.
resource "google_kms_key_ring_import_job" "seal" {
  for_each         = { for name, seal in var.seals : name => seal if seal.imported }
  key_ring         = google_kms_key_ring.seals.id
  import_job_id    = "${each.key}-1"
  import_method    = "RSA_OAEP_4096_SHA256_AES_256"
  protection_level = "HSM"
}

# Every function that calls banks signs its own requests.
resource "google_kms_crypto_key_iam_member" "seal" {
  for_each      = { for pair in setproduct(keys(var.seals), local.bank_callers) : "${pair[1]}/${pair[0]}" => { seal = pair[0], service = pair[1] } }
  crypto_key_id = google_kms_crypto_key.seal[each.value.seal].id
  role          = "roles/cloudkms.signerVerifier"
  member        = module.service[each.value.service].member
}
