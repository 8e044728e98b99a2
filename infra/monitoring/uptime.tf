# Whether the hub can be reached, seen from outside. The host for browsers answers anybody: /health is answered by callback, and the
# key set by authorize-page, which has to ask Cloud KMS for it. The host for CRMs turns everybody away who shows no client
# certificate, and a check has none to show: there it can only be seen that the edge takes connections. How the CRM's calls
# fare is told by the calls themselves (server-errors, the objectives), and from inside by `hub doctor`.
#
# Google's checkers in Europe are one place and a check needs three, so those in the United States look too. Nothing about
# customers is in these answers.

locals {
  outside = {
    browsers = { host = var.hosts.auth, path = "/health" }
    keys     = { host = var.hosts.auth, path = "/.well-known/jwks.json", holds = "\"keys\"" }
    crm      = { host = var.hosts.api, path = null }
  }
}

resource "google_monitoring_uptime_check_config" "outside" {
  for_each           = local.outside
  display_name       = "Secure Hub: ${each.key}"
  period             = "60s"
  timeout            = "10s"
  selected_regions   = ["EUROPE", "USA"]
  log_check_failures = true

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project_id, host = each.value.host }
  }

  dynamic "http_check" {
    for_each = each.value.path == null ? [] : [each.value.path]
    content {
      path         = http_check.value
      port         = 443
      use_ssl      = true
      validate_ssl = true
      accepted_response_status_codes {
        status_value = 200
      }
    }
  }

  dynamic "content_matchers" {
    for_each = try([each.value.holds], [])
    content {
      content = content_matchers.value
      matcher = "CONTAINS_STRING"
    }
  }

  dynamic "tcp_check" {
    for_each = each.value.path == null ? [443] : []
    content {
      port = tcp_check.value
    }
  }
}
