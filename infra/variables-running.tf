# What every environment must say or may change: how it runs, and how code gets there.

variable "database_names" {
  description = "Names of the two databases. Others only after a restore, which never goes into the one that is there (docs/operations.md)."
  type        = object({ hub = optional(string, "hub-data"), counters = optional(string, "hub-counters") })
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in values(var.database_names) : can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", name))])
    error_message = "database_names are 4 to 63 lower-case letters, digits and hyphens, as Firestore wants them."
  }
  validation {
    condition     = var.database_names.hub != var.database_names.counters
    error_message = "database_names are two: what must not be lost and what is written often have rights and backups of their own."
  }
}

variable "scaling" {
  description = "Instances of each service: least and most. A service that is not named has 0 to 10."
  type        = map(object({ least = number, most = number }))
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for scale in values(var.scaling) : scale.least >= 0 && scale.most >= max(1, scale.least) && scale.most <= 100])
    error_message = "scaling: 0 <= least <= most, and most is 1 to 100."
  }
  validation {
    condition = alltrue([for name in keys(var.scaling) : contains(
    ["authorize-redirect", "authorize-page", "callback", "account-proxy", "token-refresh", "rewrap"], name)])
    error_message = "scaling names services: authorize-redirect, authorize-page, callback, account-proxy, token-refresh, rewrap."
  }
}

variable "job_shards" {
  description = "Into how many calls refresh-balances and refresh-tokens are split: 1, or 16 when one call no longer gets through."
  type        = number
  default     = 1
  nullable    = false
  validation {
    condition     = contains([1, 16], var.job_shards)
    error_message = "job_shards is 1 or 16: the store has sixteen shards."
  }
}

variable "task_queues" {
  description = "Queues of work for banks, by group of banks: calls a second, and at once. Nothing fills them yet."
  type        = map(object({ per_second = number, at_once = number }))
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for queue in values(var.task_queues) : queue.per_second > 0 && queue.per_second <= 500 && queue.at_once >= 1])
    error_message = "task_queues: per_second is above 0 and 500 at most, at_once at least 1."
  }
}

variable "pipeline" {
  description = <<-END
    Cloud Build: repository, the connected repository (projects/P/locations/L/connections/C/repositories/R); builds, whether
    images are built in this project; registry, where they come from otherwise; readers, who else may pull those built here;
    verifiers, who else may ask this project's attestors (name them after the first build, which makes built-by-cloud-build).
  END
  type = object({
    repository = string
    builds     = bool
    registry   = optional(string)
    readers    = optional(set(string), [])
    verifiers  = optional(set(string), [])
    attestors  = list(string)
  })
  nullable = false
  validation {
    condition     = can(regex("^projects/[^/]+/locations/[^/]+/connections/[^/]+/repositories/[^/]+$", var.pipeline.repository))
    error_message = "pipeline.repository is the whole name of a connected repository."
  }
  validation {
    condition     = var.pipeline.builds || can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/[^/]+/[^/]+$", var.pipeline.registry))
    error_message = "Where nothing is built, pipeline.registry names the registry that the images come from."
  }
  validation {
    condition     = !(var.pipeline.builds && var.environment == "prod")
    error_message = "prod runs what was built and tried elsewhere: pipeline.builds is false there."
  }
  validation {
    condition     = length(var.pipeline.attestors) > 0 && alltrue([for attestor in var.pipeline.attestors : can(regex("^projects/[^/]+/attestors/[^/]+$", attestor))])
    error_message = "pipeline.attestors names at least one attestor, as projects/P/attestors/A: without one any image would run."
  }
}

variable "smoke_command" {
  description = "What the smoke job runs in the image."
  type        = list(string)
  default     = ["/usr/local/bin/hub", "doctor"]
  nullable    = false
  validation {
    condition     = length(var.smoke_command) > 0 && startswith(try(var.smoke_command[0], ""), "/")
    error_message = "smoke_command starts with the whole path of a program: the image has no shell that would look for it."
  }
}
