# What must be true of alerts, metrics, objectives and checks as they are deployed; that their names are right is the matter of
# tests/infra/monitoring.py.
mock_provider "google" {
  override_during = plan
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_monitoring_notification_channel" {
    defaults = { id = "channel-of-mail" }
  }
  mock_data "google_kms_crypto_key_version" {
    defaults = { public_key = [{ algorithm = "EC_SIGN_P256_SHA256", pem = "-----BEGIN PUBLIC KEY-----" }] }
  }
}

run "somebody_hears_of_every_alert" {
  command = plan
  assert {
    condition     = length(module.monitoring.policies) == length(fileset("${path.root}/monitoring/alerts", "*.yaml")) && length(module.monitoring.policies) > 50
    error_message = "Every file is an alert."
  }
  assert {
    condition     = alltrue([for policy in module.monitoring.policies : contains(policy.notification_channels, "channel-of-mail")])
    error_message = "Every alert goes to the mail."
  }
  assert {
    condition     = alltrue([for policy in module.monitoring.policies : contains(policy.notification_channels, "projects/hub-test/notificationChannels/12345") == (policy.severity == "CRITICAL")])
    error_message = "Critical alerts go to the pagers, and no other does."
  }
  assert {
    condition     = alltrue([for policy in module.monitoring.policies : contains(["CRITICAL", "WARNING"], policy.severity)])
    error_message = "Every alert has a severity."
  }
  assert {
    condition     = alltrue([for policy in module.monitoring.policies : policy.enabled != false])
    error_message = "No alert is switched off."
  }
}

run "every_alert_leads_to_its_chapter" {
  command = plan
  assert {
    condition     = alltrue([for name, policy in module.monitoring.policies : policy.documentation[0].links[0].url == "https://code.example/hub/docs/runbooks.md#${name}" && endswith(policy.documentation[0].content, "runbooks.md#${name}")])
    error_message = "Every alert leads to its own chapter of the runbooks."
  }
}

run "alerts_on_lines_are_limited_and_others_are_not" {
  command = plan
  assert {
    condition = alltrue([for policy in module.monitoring.policies :
      (length(policy.conditions[0].condition_matched_log) == 1) == (try(length(policy.alert_strategy[0].notification_rate_limit), 0) == 1)
    ])
    error_message = "Cloud Monitoring wants a limit for alerts on log lines, and refuses one for others."
  }
  assert {
    condition = alltrue(flatten([for policy in module.monitoring.policies : [for condition in policy.conditions :
      length(condition.condition_matched_log) + length(condition.condition_prometheus_query_language) + length(condition.condition_threshold) == 1
    ]]))
    error_message = "A condition is of one kind."
  }
}

run "what_environments_say_stands_in_the_alerts" {
  command = plan
  variables {
    thresholds = { server_errors = 0.03 }
    scaling    = { account-proxy = { least = 1, most = 42 }, rewrap = { least = 0, most = 1 } }
  }
  assert {
    condition     = endswith(module.monitoring.policies["server-errors"].display_name, "more than 3 % of answers are server errors") && strcontains(module.monitoring.policies["server-errors"].conditions[0].condition_prometheus_query_language[0].query, "> 0.03")
    error_message = "A threshold reaches its alert."
  }
  assert {
    condition     = strcontains(module.monitoring.policies["instances-at-most"].conditions[0].condition_prometheus_query_language[0].query, "service_name=\"hub-account-proxy\", state=\"active\"}[5m])) >= 42") && !strcontains(module.monitoring.policies["instances-at-most"].conditions[0].condition_prometheus_query_language[0].query, "hub-rewrap")
    error_message = "The alert on instances knows how many there may be."
  }
  assert {
    condition = alltrue(flatten([for policy in module.monitoring.policies : [for condition in policy.conditions :
      !strcontains(join(" ", [policy.display_name, try(condition.condition_prometheus_query_language[0].query, ""), try(condition.condition_threshold[0].filter, "")]), "$")
    ]]))
    error_message = "Nothing that was to be put in is left."
  }
}

run "objectives_are_kept_and_watched" {
  command = plan
  assert {
    condition     = module.monitoring.objectives["availability"].goal == 0.995 && module.monitoring.objectives["latency"].goal == 0.95 && module.monitoring.objectives["latency"].request_based_sli[0].distribution_cut[0].range[0].max == 2
    error_message = "99.5 % without a fault of the hub's, 95 % below two seconds."
  }
  assert {
    condition = { for name in ["availability-burns-fast", "availability-burns-slowly", "latency-burns-fast", "latency-burns-slowly"] :
      name => join(" ", [for condition in module.monitoring.policies[name].conditions : "${condition.condition_threshold[0].filter} ${condition.condition_threshold[0].threshold_value}"]) } == {
      availability-burns-fast   = "select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/availability\", \"3600s\") 14.4 select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/availability\", \"300s\") 14.4"
      availability-burns-slowly = "select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/availability\", \"21600s\") 6 select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/availability\", \"1800s\") 6"
      latency-burns-fast        = "select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/latency\", \"3600s\") 14.4 select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/latency\", \"300s\") 14.4"
      latency-burns-slowly      = "select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/latency\", \"21600s\") 6 select_slo_burn_rate(\"projects/hub-test/services/secure-hub/serviceLevelObjectives/latency\", \"1800s\") 6"
    }
    error_message = "Each objective is watched over a short and a long time."
  }
}

run "both_hosts_are_looked_at_from_outside" {
  command = plan
  assert {
    condition = { for name, check in module.monitoring.checks : name => "${check.monitored_resource[0].labels.host} ${try(check.http_check[0].path, "port ${check.tcp_check[0].port}")}" } == {
      browsers = "auth.hub.example /health"
      keys     = "auth.hub.example /.well-known/jwks.json"
      crm      = "api.hub.example port 443"
    }
    error_message = "Browsers' host is asked, the CRMs' host is tried: it lets nobody in without a certificate."
  }
  assert {
    condition     = alltrue([for check in module.monitoring.checks : check.period == "60s" && alltrue([for asked in check.http_check : asked.use_ssl && asked.validate_ssl])])
    error_message = "Every minute, and by TLS that is checked."
  }
}

run "metrics_count_lines_of_the_hub" {
  command = plan
  assert {
    condition     = toset(keys(module.monitoring.metrics)) == toset(keys(jsondecode(file("${path.root}/monitoring/log-metrics.json")))) && length(module.monitoring.metrics) > 20
    error_message = "Every metric of the code's catalogue."
  }
  assert {
    condition     = alltrue([for metric in module.monitoring.metrics : startswith(metric.filter, "resource.type=\"cloud_run_revision\"") && metric.bucket_name == null])
    error_message = "Lines of Cloud Run, wherever they are kept."
  }
  assert {
    condition = alltrue([for metric in module.monitoring.metrics :
      (metric.metric_descriptor[0].value_type == "DISTRIBUTION") == (metric.value_extractor != null) && (metric.value_extractor != null) == (length(metric.bucket_options) == 1)
    ])
    error_message = "A distribution has a value and buckets, a counter neither."
  }
  assert {
    condition     = alltrue([for metric in module.monitoring.metrics : join(" ", sort([for label in metric.metric_descriptor[0].labels : label.key])) == join(" ", try(keys(metric.label_extractors), [])) && length(metric.metric_descriptor[0].labels) <= 10])
    error_message = "Every label is filled."
  }
}
