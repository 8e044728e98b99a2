# What the hub promises of itself, over four weeks. A bank that fails is not the hub's failing, and the time that a bank takes
# is not the hub's time: so availability counts the refusals that are the hub's own fault, and latency looks at the calls that
# wait for no bank. How banks do is told by the dashboard "banks".

locals {
  service = "secure-hub"

  # docs/errors.md: the codes by which the hub says that it failed itself.
  own_faults = ["audit_unavailable", "integrity", "internal", "key_version_unavailable", "keys_unavailable", "qwac_expired",
  "seal_unavailable", "store_contention", "store_unavailable", "timed_out"]
  # Routes that wait for no bank.
  own_paths = ["/authorize/{ticket}", "/v1/banks", "/v1/banks/{bank}", "/v1/sessions/{session}/accounts/{account}/quota"]

  objectives = {
    availability = {
      told = "99.5 % of calls meet no fault of the hub", goal = 0.995
      bad  = "metric.type=\"logging.googleapis.com/user/hub_refusals\" resource.type=\"cloud_run_revision\" metric.labels.code=one_of(${join(",", [for code in local.own_faults : "\"${code}\""])})"
      all  = "metric.type=\"logging.googleapis.com/user/hub_requests\" resource.type=\"cloud_run_revision\""
    }
    latency = {
      told   = "95 % of calls that wait for no bank take less than 2 s", goal = 0.95
      values = "metric.type=\"logging.googleapis.com/user/hub_request_duration_seconds\" resource.type=\"cloud_run_revision\" metric.labels.path=one_of(${join(",", [for path in local.own_paths : "\"${path}\""])})"
      most   = 2
    }
  }

  # Put together here, so that alerts can name them before they are made.
  objective_names = { for name in keys(local.objectives) : name => "projects/${var.project_id}/services/${local.service}/serviceLevelObjectives/${name}" }
}

resource "google_monitoring_custom_service" "hub" {
  service_id   = local.service
  display_name = "Secure Hub"
}

resource "google_monitoring_slo" "objective" {
  for_each            = local.objectives
  service             = google_monitoring_custom_service.hub.service_id
  slo_id              = each.key
  display_name        = each.value.told
  goal                = each.value.goal
  rolling_period_days = 28

  request_based_sli {
    dynamic "good_total_ratio" {
      for_each = try([each.value.bad], [])
      content {
        bad_service_filter   = good_total_ratio.value
        total_service_filter = each.value.all
      }
    }
    dynamic "distribution_cut" {
      for_each = try([each.value.values], [])
      content {
        distribution_filter = distribution_cut.value
        range {
          max = each.value.most
        }
      }
    }
  }

  depends_on = [google_logging_metric.hub]
}
