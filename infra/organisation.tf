# What an organisation should forbid around the hub. A switch, since owners of a project often may not set policies; then
# this file is what to ask the organisation for.

locals {
  forbidden = toset([
    "iam.disableServiceAccountKeyCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyUpload",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
    "compute.skipDefaultNetworkCreation",
    "compute.disableGuestAttributesAccess",
    "compute.requireOsLogin",
  ])
  allowed = {
    "gcp.resourceLocations"                  = ["in:eu-locations"]
    "run.allowedIngress"                     = ["internal", "internal-and-cloud-load-balancing"]
    "run.allowedVPCEgress"                   = ["all-traffic"]
    "run.allowedBinaryAuthorizationPolicies" = ["default"]
    "gcp.restrictCmekCryptoKeyProjects"      = ["projects/${var.project_id}"]
  }
}

# Everything that holds the hub's data is encrypted with a key of ours. Logging is not in the list: Google's own buckets cannot be.
locals {
  refused = {
    "gcp.restrictNonCmekServices" = [for api in ["artifactregistry", "firestore", "pubsub", "run", "secretmanager", "storage"] : "${api}.googleapis.com"]
  }
}

resource "google_org_policy_policy" "refused" {
  for_each = var.organisation_policies ? local.refused : {}
  name     = "projects/${var.project_id}/policies/${each.key}"
  parent   = "projects/${var.project_id}"
  spec {
    rules {
      values {
        denied_values = each.value
      }
    }
  }
}

resource "google_org_policy_policy" "forbidden" {
  for_each = var.organisation_policies ? local.forbidden : toset([])
  name     = "projects/${var.project_id}/policies/${each.key}"
  parent   = "projects/${var.project_id}"
  spec {
    rules {
      enforce = "TRUE"
    }
  }
}

resource "google_org_policy_policy" "allowed" {
  for_each = var.organisation_policies ? local.allowed : {}
  name     = "projects/${var.project_id}/policies/${each.key}"
  parent   = "projects/${var.project_id}"
  spec {
    rules {
      values {
        allowed_values = each.value
      }
    }
  }
}
