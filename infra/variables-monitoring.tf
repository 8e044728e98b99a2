# What every environment must say or may change: who is told, and from where on. Shares are 0 to 1.

variable "pagers" {
  description = "Notification channels that critical alerts go to besides the mail (PagerDuty, Slack, an app), by their whole names. Make them in the console: their credentials belong into no file."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for channel in var.pagers : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", channel))])
    error_message = "pagers are whole names of channels: projects/P/notificationChannels/N (gcloud beta monitoring channels list)."
  }
}

variable "runbooks" {
  description = "Where people on call read docs/runbooks.md: its address without a fragment. Each alert leads to its own chapter."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^https://[^ #?]+/runbooks(\\.md|\\.html)?$", var.runbooks))
    error_message = "runbooks is the https address of the page runbooks, without # or ?: an alert adds its own chapter."
  }
}

variable "thresholds" {
  description = <<-END
    From where on alerts tell. server_errors, bank_errors, refresh_failures: share of answers that failed. bank_calls: calls in ten
    minutes below which a bank is not judged. bank_limits: calls in a quarter of an hour that the bank refused as too many.
    quota_used_up: reads in an hour that were not made for want of quota. sessions, lapses: sessions begun and consents
    lapsed at a bank in an hour, below which no number of them is unusual. foreign_objects, callback_refusals: in five minutes. tokens_rejected: in ten minutes.
    edge_denials: refused by Cloud Armor in ten minutes. memory: share in use. start_millis: until an instance serves.
    queue_millis: how late a task starts. key_seconds: Cloud KMS, 99th percentile. store_aborted: share of commits that met
    another. store_ttl_seconds: how late documents are deleted.
  END
  type = object({
    server_errors     = optional(number, 0.05)
    bank_errors       = optional(number, 0.2)
    bank_calls        = optional(number, 20)
    bank_limits       = optional(number, 20)
    quota_used_up     = optional(number, 50)
    refresh_failures  = optional(number, 0.2)
    sessions          = optional(number, 100)
    lapses            = optional(number, 20)
    foreign_objects   = optional(number, 3)
    callback_refusals = optional(number, 5)
    tokens_rejected   = optional(number, 50)
    edge_denials      = optional(number, 200)
    memory            = optional(number, 0.9)
    start_millis      = optional(number, 10000)
    queue_millis      = optional(number, 900000)
    key_seconds       = optional(number, 0.5)
    store_aborted     = optional(number, 0.05)
    store_ttl_seconds = optional(number, 259200)
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for share in ["server_errors", "bank_errors", "refresh_failures", "memory", "store_aborted"] : var.thresholds[share] > 0 && var.thresholds[share] < 1])
    error_message = "thresholds: server_errors, bank_errors, refresh_failures, memory and store_aborted are shares, above 0 and below 1."
  }
  validation {
    condition     = alltrue([for value in values(var.thresholds) : value > 0])
    error_message = "thresholds are above 0: an alert that always tells is read by nobody."
  }
  validation {
    condition     = var.environment != "prod" || (var.thresholds.server_errors <= 0.05 && var.thresholds.foreign_objects <= 3)
    error_message = "In prod server_errors is 0.05 at most and foreign_objects 3 at most."
  }
}
