# Alerts and dashboards are files of Cloud Monitoring's own form, in monitoring/: what is checked, tried in the console and
# deployed is the same text.
module "monitoring" {
  source  = "./monitoring"
  on_call = var.on_call
  runbook = "docs/operations.md"

  depends_on = [google_project_service.api]
}
