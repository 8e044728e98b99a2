# Reads alerts/*.yaml (AlertPolicy of the Monitoring API v3, camel case, one condition or more) and dashboards/*.json
# (Dashboard of v1), so that gcloud and its message classes check the very files.

terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

variable "on_call" {
  description = "Addresses that alerts go to by mail."
  type        = set(string)
  nullable    = false
}

variable "runbook" {
  description = "Where the runbook is; each alert names its chapter."
  type        = string
  nullable    = false
}

locals {
  alerts     = { for file in fileset("${path.module}/alerts", "*.yaml") : trimsuffix(file, ".yaml") => yamldecode(file("${path.module}/alerts/${file}")) }
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
  for_each              = local.alerts
  display_name          = each.value.displayName
  combiner              = each.value.combiner
  severity              = each.value.severity
  notification_channels = [for channel in google_monitoring_notification_channel.mail : channel.id]
  user_labels           = { alert = each.key }

  documentation {
    mime_type = "text/markdown"
    content   = "${each.value.documentation.content}\n\nRunbook: ${var.runbook}#${each.key}"
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
}

output "channels" {
  description = "Whom alerts go to, by address."
  value       = { for address, channel in google_monitoring_notification_channel.mail : address => channel.id }
}
