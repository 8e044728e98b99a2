# A CRM that is not on Google Cloud: it signs a token with a key of its own, and gets the identity of one service account for it,
# which may invoke the API and nothing else. So there is no key of ours that it could lose.

locals {
  federation = var.crm.federation == null ? [] : [var.crm.federation]
}

resource "google_service_account" "crm" {
  count        = length(local.federation)
  account_id   = "hub-crm"
  display_name = "The CRM, by federation"
}

resource "google_iam_workload_identity_pool" "crm" {
  count                     = length(local.federation)
  workload_identity_pool_id = "hub-crm"
  display_name              = "Secure Hub: CRM"
  depends_on                = [google_project_service.api]
}

resource "google_iam_workload_identity_pool_provider" "crm" {
  count                              = length(local.federation)
  workload_identity_pool_id          = google_iam_workload_identity_pool.crm[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "crm"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  # One subject. Others of the same issuer are strangers.
  attribute_condition = "assertion.sub == '${local.federation[0].subject}'"
  oidc {
    issuer_uri = local.federation[0].issuer
  }
}

# An identity token is all that it can get: no token for Google's own interfaces.
resource "google_service_account_iam_member" "crm" {
  count              = length(local.federation)
  service_account_id = google_service_account.crm[0].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/hub-crm/subject/${local.federation[0].subject}"
  depends_on         = [google_iam_workload_identity_pool_provider.crm]
}
