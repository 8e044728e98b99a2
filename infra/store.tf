# Two Firestore databases. What `firestore.json` calls hub must not lose anything; counters is written often and can be asked
# for again. Indexes and times to live come from the code (firestore.json), so that what is set up and what is asked for cannot
# differ. Names have four characters at least (database_names).

locals {
  schema = jsondecode(file("${path.module}/firestore.json"))

  databases = {
    hub      = { recovery = "POINT_IN_TIME_RECOVERY_ENABLED" }
    counters = { recovery = "POINT_IN_TIME_RECOVERY_ENABLED" }
  }

  backups = {
    daily  = { retention = "604800s", weekly = false } # 7 days
    weekly = { retention = "8467200s", weekly = true } # 14 weeks
  }
}

resource "google_firestore_database" "hub" {
  for_each    = local.databases
  name        = var.database_names[each.key]
  location_id = var.region
  type        = "FIRESTORE_NATIVE"
  # The hub writes with preconditions and never in transactions that wait for each other (docs/adr/0010).
  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = each.value.recovery
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  deletion_policy                   = "ABANDON"
  cmek_config {
    # Cannot be added later.
    kms_key_name = google_kms_crypto_key.storage.id
  }
  lifecycle {
    prevent_destroy = true
  }
  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# Firestore would index every field of every document. None of that is wanted: each index costs a write.
resource "google_firestore_field" "unindexed" {
  for_each   = { for entry in local.schema.collections : entry.collection => entry }
  database   = google_firestore_database.hub[each.value.database].name
  collection = each.value.collection
  field      = "*"
  index_config {}
}

# Deleting is late by hours or days, so the code checks every end itself.
resource "google_firestore_field" "time_to_live" {
  for_each   = { for entry in local.schema.times_to_live : "${entry.collection}/${entry.field}" => entry }
  database   = google_firestore_database.hub[each.value.database].name
  collection = each.value.collection
  field      = each.value.field
  ttl_config {}
  index_config {}
}

# The queries of the code. Firestore answers a query over one field from that field's own index, so it is made as an
# exemption from the exemption; two fields and more are a composite index.
resource "google_firestore_field" "indexed" {
  for_each = { for entry in local.schema.indexes : "${entry.collection}/${entry.fields[0].field}" => entry if length(entry.fields) == 1 }

  database   = google_firestore_database.hub[each.value.database].name
  collection = each.value.collection
  field      = each.value.fields[0].field
  index_config {
    indexes {
      order       = each.value.fields[0].order
      query_scope = "COLLECTION"
    }
  }
}

resource "google_firestore_index" "query" {
  for_each = { for entry in local.schema.indexes :
    "${entry.collection}/${join("+", entry.fields[*].field)}" => entry if length(entry.fields) > 1
  }
  database   = google_firestore_database.hub[each.value.database].name
  collection = each.value.collection
  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.field
      order      = fields.value.order
    }
  }
}

# Counters have none: what they hold is worth nothing after a day.
resource "google_firestore_backup_schedule" "hub" {
  for_each  = local.backups
  database  = google_firestore_database.hub["hub"].name
  retention = each.value.retention
  dynamic "daily_recurrence" {
    for_each = each.value.weekly ? [] : [1]
    content {}
  }
  dynamic "weekly_recurrence" {
    for_each = each.value.weekly ? [1] : []
    content {
      day = "SUNDAY"
    }
  }
}
