# Alerts, dashboards, objectives and checks from outside are in monitoring/. Alerts and dashboards are files of Cloud
# Monitoring's own form: what is checked, tried in the console and deployed is the same text.
module "monitoring" {
  source     = "./monitoring"
  project_id = var.project_id
  hosts      = var.hosts
  instances  = { for name in keys(local.services) : name => lookup(var.scaling, name, { least = 0, most = 10 }).most }
  on_call    = var.on_call
  pagers     = var.pagers
  runbooks   = var.runbooks
  thresholds = var.thresholds

  depends_on = [google_project_service.api]
}
