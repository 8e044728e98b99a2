output "egress_addresses" {
  description = "What banks put on their lists. Both, before the first call."
  value       = google_compute_address.egress[*].address
}

output "edge_addresses" {
  description = "Where the public names lead: one A record each."
  value       = { for name, address in google_compute_global_address.host : var.hosts[name] => address.address }
}

output "certificate_records" {
  description = "DNS records that prove the names to Google, one for each. Set them before the names lead here."
  value       = { for name, proof in google_certificate_manager_dns_authorization.host : var.hosts[name] => proof.dns_resource_record }
}

output "accounts" {
  description = "The functions' accounts."
  value       = { for name, service in module.service : name => service.member }
}

output "documents" {
  description = "Where bin/publish-documents puts bank and tenant documents."
  value       = google_storage_bucket.documents.url
}

output "scheduler" {
  description = "Who the tokens of jobs are of: subject and email of the two tenant documents with role scheduler (docs/documents.md)."
  value = { for account in concat([google_service_account.scheduler], google_service_account.tasks) : account.account_id => {
    subject = account.unique_id
    email   = account.email
  } }
}

output "seal_import_jobs" {
  description = "Import jobs for seals' keys, by seal."
  value       = { for name, job in google_kms_key_ring_import_job.seal : name => job.id }
}
