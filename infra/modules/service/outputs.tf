output "name" {
  description = "The service's name."
  value       = google_cloud_run_v2_service.this.name
}

output "uri" {
  description = "Its address, for callers inside."
  value       = google_cloud_run_v2_service.this.uri
}

output "member" {
  description = "Its account, as rights name it."
  value       = google_service_account.this.member
}

output "account" {
  description = "Its account's whole name."
  value       = google_service_account.this.name
}

output "service" {
  description = "Everything about the service, for tests."
  value       = google_cloud_run_v2_service.this
}
