# The functions: one service for each line of the table in services.tf.

locals {
  settings = {
    HUB_PUBLIC_URL                = "https://${var.hosts.auth}"
    HUB_STORE                     = "firestore://${var.project_id}/${google_firestore_database.hub["hub"].name}"
    HUB_COUNTERS                  = google_firestore_database.hub["counters"].name
    HUB_KMS                       = "kms:projects/${var.project_id}/locations/${var.region}/keyRings/${google_kms_key_ring.hub.name}"
    HUB_PSEUDONYMS                = "file:/secrets/pseudonym/current"
    HUB_BANKS                     = "/etc/hub/${var.documents_release}/banks"
    HUB_TENANTS                   = "/etc/hub/${var.documents_release}/tenants"
    HUB_ENVIRONMENT               = var.bank_environment
    HUB_CLIENT_CERTIFICATE_HEADER = "X-Client-Cert-Fingerprint" # as edge.tf sets it; nobody gets past the edge
    HUB_EGRESS_ADDRESS            = google_compute_address.egress[0].address

    GOOGLE_CLOUD_PROJECT = var.project_id
  }

  # What tokens must be made for. Jobs have another than the API, so that a token for one is worth nothing at the other. That of
  # the API is a custom audience of its services, so that Cloud Run and the hub ask for the same.
  audience_of = { for name, service in local.services : name => service.program == "token-refresh" ? "https://${var.hosts.api}/v1/jobs" : "https://${var.hosts.api}" }

  settings_of = { for name, service in local.services : name => merge(local.settings,
    { HUB_AUDIENCE = local.audience_of[name] },
    { HUB_REACH = service.banks ? "banks" : "google" },
  ) }

  # Where Cloud Run judges a token it hands it over without its signature, so that the hub could not judge it again. A CRM sends
  # two; Cloud Scheduler can send one. So jobs are judged by the hub alone, and reached from inside only.
  judged_by_hub_alone = [for name, service in local.services : name if service.public || service.host == null]

  # Mounted as /secrets/NAME/current. Bank documents name /secrets/qwac-NAME/current as their identity.
  files_with_secrets = { for service in keys(local.services) : service => merge(
    { pseudonym = google_secret_manager_secret.pseudonym.secret_id },
    contains(local.bank_callers, service) ? { for name, secret in google_secret_manager_secret.identity : "qwac-${name}" => secret.secret_id } : {},
  ) }

  # A connector takes the place of the outer subnetwork; the inner one never needs it.
  network_of = { for name, side in local.side_of : name => {
    subnetwork = var.egress.way == "connector" && side == "outside" ? null : google_compute_subnetwork.side[side].id
    connector  = var.egress.way == "connector" && side == "outside" ? google_vpc_access_connector.outside[0].id : null
  } }
}

module "service" {
  source   = "./modules/service"
  for_each = local.services

  name      = each.key
  region    = var.region
  image     = var.image
  program   = each.value.program
  invokers  = contains(local.judged_by_hub_alone, each.key) ? "unchecked" : "checked"
  ingress   = each.value.host == null ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  audiences = contains(local.judged_by_hub_alone, each.key) ? [] : [local.audience_of[each.key]]

  settings    = local.settings_of[each.key]
  secrets     = local.files_with_secrets[each.key]
  documents   = google_storage_bucket.documents.name
  storage_key = google_kms_crypto_key.storage.id
  network     = local.network_of[each.key]
  scaling     = lookup(var.scaling, each.key, { least = 0, most = 10 })
  cpu_always  = each.value.cpu == "always"
  # A run of a job has many calls to banks under way by itself (docs/background-refresh.md reckons with eight an instance).
  concurrency = each.value.program == "token-refresh" ? 8 : 80

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.api]
}

# What a deployment runs before it sends anybody to a new revision: `hub doctor`, from inside, since no door is open to the
# outside. It knocks at the new revisions, which say themselves whether their store, keys and files are there; so it has no settings,
# no file and no right but to knock. What a bank or a CRM does today must not hold up a deployment either.
resource "google_service_account" "smoke" {
  account_id   = "hub-smoke"
  display_name = "Tries new revisions of the hub"
}

resource "google_cloud_run_v2_job" "smoke" {
  name                = "hub-smoke"
  location            = var.region
  deletion_protection = true
  binary_authorization {
    use_default = true
  }
  template {
    template {
      service_account = google_service_account.smoke.email
      timeout         = "300s"
      max_retries     = 0
      encryption_key  = google_kms_crypto_key.storage.id
      containers {
        image   = var.image
        command = [var.smoke_command[0]]
        args    = slice(var.smoke_command, 1, length(var.smoke_command))
      }
      vpc_access {
        egress = "ALL_TRAFFIC"
        network_interfaces {
          subnetwork = google_compute_subnetwork.side["inside"].id
        }
      }
    }
  }
  lifecycle {
    ignore_changes = [client, client_version, template[0].template[0].containers[0].image]
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}
