provider "google" {
  project               = var.project_id
  region                = var.region
  billing_project       = var.project_id
  user_project_override = true
  default_labels        = { app = "secure-hub", environment = var.environment }
}

# The number is part of the names of Google's own service agents.
data "google_project" "this" {
  project_id = var.project_id
}
