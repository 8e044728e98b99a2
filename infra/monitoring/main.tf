# Reads alerts/*.yaml (AlertPolicy of the Monitoring API v3, camel case) and dashboards/*.json (Dashboard of v1), so that gcloud
# and its message classes check the very files. What an environment may change stands in an alert as ${name}; the names are
# those of var.thresholds and local.words.

terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

locals {
  # What alerts say that only Terraform knows.
  words = {
    slo_availability = local.objective_names.availability
    slo_latency      = local.objective_names.latency
    # A service that stands at its most instances takes no more calls than it does now. One that may have one is as it should be.
    instances_at_most = join(" or ", [for name, most in var.instances :
    "sum by (service_name) (avg_over_time({\"run.googleapis.com/container/instance_count\", monitored_resource=\"cloud_run_revision\", service_name=\"hub-${name}\", state=\"active\"}[5m])) >= ${most}" if most > 1])
  }

  alerts     = { for file in fileset("${path.module}/alerts", "*.yaml") : trimsuffix(file, ".yaml") => yamldecode(templatefile("${path.module}/alerts/${file}", merge(var.thresholds, local.words))) }
  dashboards = { for file in fileset("${path.module}/dashboards", "*.json") : trimsuffix(file, ".json") => "${path.module}/dashboards/${file}" }
}

resource "google_monitoring_notification_channel" "mail" {
  for_each     = var.on_call
  display_name = "Secure Hub: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

# Decoded and encoded again, so that spaces make no difference.
resource "google_monitoring_dashboard" "file" {
  for_each       = local.dashboards
  dashboard_json = jsonencode(jsondecode(file(each.value)))
}

resource "google_monitoring_alert_policy" "file" {
  for_each     = local.alerts
  display_name = each.value.displayName
  combiner     = each.value.combiner
  severity     = each.value.severity
  # Whatever is critical wakes somebody up, the rest can wait for the morning's mail.
  notification_channels = concat([for channel in google_monitoring_notification_channel.mail : channel.id], each.value.severity == "CRITICAL" ? tolist(var.pagers) : [])
  user_labels           = { alert = each.key }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.documentation.content}\n\nRunbook: ${var.runbooks}#${each.key}"
    links {
      display_name = "Runbook"
      url          = "${var.runbooks}#${each.key}"
    }
  }

  dynamic "conditions" {
    for_each = each.value.conditions
    content {
      display_name = conditions.value.displayName

      dynamic "condition_prometheus_query_language" {
        for_each = try([conditions.value.conditionPrometheusQueryLanguage], [])
        content {
          query               = condition_prometheus_query_language.value.query
          duration            = condition_prometheus_query_language.value.duration
          evaluation_interval = condition_prometheus_query_language.value.evaluationInterval
          # A metric exists from its first point on, and some of these are good news as long as they have none.
          disable_metric_validation = true
        }
      }

      # Burn rates of objectives, which PromQL cannot ask for.
      dynamic "condition_threshold" {
        for_each = try([conditions.value.conditionThreshold], [])
        content {
          filter          = condition_threshold.value.filter
          comparison      = condition_threshold.value.comparison
          threshold_value = condition_threshold.value.thresholdValue
          duration        = condition_threshold.value.duration
        }
      }

      dynamic "condition_matched_log" {
        for_each = try([conditions.value.conditionMatchedLog], [])
        content {
          filter           = condition_matched_log.value.filter
          label_extractors = try(condition_matched_log.value.labelExtractors, {})
        }
      }
    }
  }

  # Cloud Monitoring wants a limit for alerts on log lines, and refuses one for others.
  dynamic "alert_strategy" {
    for_each = try([each.value.alertStrategy], [])
    content {
      auto_close = try(alert_strategy.value.autoClose, null)
      dynamic "notification_rate_limit" {
        for_each = try([alert_strategy.value.notificationRateLimit], [])
        content {
          period = notification_rate_limit.value.period
        }
      }
    }
  }

  depends_on = [google_logging_metric.hub, google_monitoring_slo.objective]
}

output "channels" {
  description = "Whom alerts go to, by address."
  value       = { for address, channel in google_monitoring_notification_channel.mail : address => channel.id }
}

output "policies" {
  description = "Everything about the alerts, for tests."
  value       = google_monitoring_alert_policy.file
}

output "metrics" {
  description = "Everything about the metrics made from log lines, for tests."
  value       = google_logging_metric.hub
}

output "checks" {
  description = "Everything about the checks from outside, for tests."
  value       = google_monitoring_uptime_check_config.outside
}

output "objectives" {
  description = "Everything about the objectives, for tests."
  value       = google_monitoring_slo.objective
}
