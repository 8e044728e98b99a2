# An alarm on cost, not a limit: nothing is switched off. Keys in hardware and addresses of NAT are paid by use.
resource "google_billing_budget" "hub" {
  count           = var.budget == null ? 0 : 1
  billing_account = var.budget.billing_account
  display_name    = "Secure Hub ${var.environment}"
  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(floor(var.budget.monthly))
    }
  }
  dynamic "threshold_rules" {
    for_each = { half = [0.5, "CURRENT_SPEND"], most = [0.9, "CURRENT_SPEND"], foreseen = [1.0, "FORECASTED_SPEND"] }
    content {
      threshold_percent = threshold_rules.value[0]
      spend_basis       = threshold_rules.value[1]
    }
  }
  all_updates_rule {
    monitoring_notification_channels = values(module.monitoring.channels)
    disable_default_iam_recipients   = false
  }
}
