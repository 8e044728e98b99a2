# The interfaces of Google Cloud that the hub uses. A destroy must not switch them off: others in the project may use them.
locals {
  apis = toset([
    "artifactregistry", "billingbudgets", "binaryauthorization", "certificatemanager", "cloudbuild", "cloudkms",
    "cloudresourcemanager", "cloudscheduler", "cloudtasks", "compute", "containeranalysis", "containerscanning", "dns",
    "firestore", "iam", "iamcredentials", "logging", "monitoring", "networksecurity", "ondemandscanning", "orgpolicy",
    "pubsub", "run", "secretmanager", "storage", "sts", "vpcaccess",
  ])
}

resource "google_project_service" "api" {
  for_each           = local.apis
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
