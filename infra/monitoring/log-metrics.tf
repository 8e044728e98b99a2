# Metrics that Cloud Logging makes from lines the hub writes anyway. log-metrics.json is made from the code's catalogue and
# compared with it by a test (docs/metrics.md); nothing here names a metric by itself.

locals {
  log_metrics = jsondecode(file("${path.module}/log-metrics.json"))
}

# Without bucket_name they count every line that arrives, those of the trail too, which the default bucket does not keep.
resource "google_logging_metric" "hub" {
  for_each         = local.log_metrics
  name             = each.key
  description      = each.value.description
  filter           = each.value.filter
  label_extractors = each.value.label_extractors
  value_extractor  = each.value.value_extractor

  metric_descriptor {
    metric_kind  = each.value.metric_descriptor.metric_kind
    value_type   = each.value.metric_descriptor.value_type
    unit         = each.value.metric_descriptor.unit
    display_name = each.value.metric_descriptor.display_name
    dynamic "labels" {
      for_each = each.value.metric_descriptor.labels
      content {
        key         = labels.value.key
        value_type  = labels.value.value_type
        description = labels.value.description
      }
    }
  }

  dynamic "bucket_options" {
    for_each = each.value.bounds == null ? [] : [each.value.bounds]
    content {
      explicit_buckets {
        bounds = bucket_options.value
      }
    }
  }
}
