# The rights of functions on keys, databases and each other, made from the table in services.tf. Each is given on the
# single thing, except for Firestore, which knows rights on projects only: there a condition names the database.

resource "google_kms_crypto_key_iam_member" "service" {
  for_each = merge([for name, service in local.services : {
    for key, right in service.keys : "${name}/${key}" => { service = name, key = key, right = right }
  }]...)
  crypto_key_id = google_kms_crypto_key.purpose[each.value.key].id
  role          = local.roles_of_keys[each.value.right]
  member        = module.service[each.value.service].member
}

resource "google_kms_crypto_key_iam_member" "signing" {
  for_each = merge([for name, service in local.services : {
    for role in local.roles_of_signing[service.signing] : "${name}/${role}" => { service = name, role = role }
  }]...)
  crypto_key_id = google_kms_crypto_key.signing.id
  role          = each.value.role
  member        = module.service[each.value.service].member
}

# The whole name, compared with ==: startsWith would also match a database hub-2.
locals {
  only_our_databases = join(" || ", [for database in values(google_firestore_database.hub) : "resource.name == \"projects/${var.project_id}/databases/${database.name}\""])
}

resource "google_project_iam_member" "store" {
  for_each = local.services
  project  = var.project_id
  role     = "roles/datastore.user"
  member   = module.service[each.key].member
  condition {
    title       = "only-the-hubs-databases"
    description = "Sessions and counters, and no database that somebody adds later."
    expression  = local.only_our_databases
  }
}

# Who may invoke what; of services that the hub alone judges callers of, nobody needs to be told. The edge adds mutual TLS and addresses for the CRM; this is what stays if that is got around.
locals {
  callers = merge({ for caller in var.crm.callers : caller => caller }, { for account in google_service_account.crm : "federated" => account.member })
}

resource "google_cloud_run_v2_service_iam_member" "crm" {
  for_each = merge([for name, service in local.services : {
    for caller, member in local.callers : "${name}/${caller}" => { service = name, caller = member }
  } if service.host == "api"]...)
  location = var.region
  name     = module.service[each.value.service].name
  role     = "roles/run.invoker"
  member   = each.value.caller
}

# The job that tries a new revision knocks at every door; nothing but its own checks opens behind it.
resource "google_cloud_run_v2_service_iam_member" "smoke" {
  for_each = { for name, service in local.services : name => service if !contains(local.judged_by_hub_alone, name) }
  location = var.region
  name     = module.service[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.smoke.member
}
