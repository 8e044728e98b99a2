# What happens by itself: Cloud Scheduler knocks with an identity of its own, at the two services that no host leads to.

locals {
  # One call, or one for each shard of the store. A job that may still be running is no harm: leases in the store keep two
  # runs apart (docs/several-instances.md). Minutes are spread so that jobs do not start together.
  shards = var.job_shards == 1 ? [""] : [for shard in range(var.job_shards) : "?shard=${shard}"]

  # By shard a run comes every minute, as docs/background-refresh.md reckons with; one that finds its shard taken ends at once.
  jobs = {
    refresh-tokens   = { service = "token-refresh", schedule = var.job_shards == 1 ? "3-59/10 * * * *" : "* * * * *", sharded = true }
    refresh-balances = { service = "token-refresh", schedule = var.job_shards == 1 ? "*/5 * * * *" : "* * * * *", sharded = true }
    expiry-watch     = { service = "token-refresh", schedule = "1-59/5 * * * *", sharded = false }
    deliver-events   = { service = "token-refresh", schedule = "* * * * *", sharded = false }
    # At night: each run goes on where the last one stopped, and once all is seen they rest until a key is rotated, or for a day.
    # A run that rests costs one read and two wraps.
    rewrap = { service = "rewrap", schedule = "*/10 1-4 * * *", sharded = false }
  }

  scheduled = merge([for job, how in local.jobs : {
    for query in how.sharded ? local.shards : [""] :
    query == "" ? job : "${job}-${trimprefix(query, "?shard=")}" => merge(how, { path = "/v1/jobs/${job}${query}" })
  }]...)
}

resource "google_service_account" "scheduler" {
  account_id   = "hub-scheduler"
  display_name = "Starts the hub's jobs"
}

resource "google_cloud_scheduler_job" "job" {
  for_each         = local.scheduled
  name             = "hub-${each.key}"
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s" # a run ends by itself after 20 s and leaves the rest for the next
  retry_config {
    retry_count          = 2
    min_backoff_duration = "10s"
    max_backoff_duration = "60s"
  }
  http_target {
    http_method = "POST"
    uri         = "${module.service[each.value.service].uri}${each.value.path}"
    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = local.audience_of[each.value.service]
    }
  }
}

# Queues for work that is handed out bank by bank. Today's jobs find their work in the store and keep the banks' pace
# themselves (docs/background-refresh.md), so there are none until task_queues names one; and as long as there is none, no
# account may fill or empty one.
resource "google_service_account" "tasks" {
  count        = length(var.task_queues) > 0 ? 1 : 0
  account_id   = "hub-tasks"
  display_name = "Hands out the hub's tasks"
}

resource "google_cloud_tasks_queue" "group" {
  for_each = var.task_queues
  name     = "hub-${each.key}"
  location = var.region
  rate_limits {
    max_dispatches_per_second = each.value.per_second
    max_concurrent_dispatches = each.value.at_once
  }
  retry_config {
    max_attempts  = 5
    min_backoff   = "2s"
    max_backoff   = "300s"
    max_doublings = 4
  }
  stackdriver_logging_config {
    sampling_ratio = 1
  }
  depends_on = [google_project_service.api]
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = google_cloud_tasks_queue.group
  location = var.region
  name     = each.value.name
  role     = "roles/cloudtasks.enqueuer"
  member   = module.service["token-refresh"].member
}

# A task carries the identity of the tasks' account, so who makes one must be allowed to act as it.
resource "google_service_account_iam_member" "enqueuer" {
  count              = length(google_service_account.tasks)
  service_account_id = google_service_account.tasks[0].name
  role               = "roles/iam.serviceAccountUser"
  member             = module.service["token-refresh"].member
}

# Operators start a job by hand (docs/cloud-kms.md: after a rotation), and see what it did; that takes no other right.
resource "google_project_iam_custom_role" "operator" {
  role_id     = "hubOperator"
  title       = "Operator of the hub"
  description = "Starts scheduled jobs and the smoke job by hand and sees how they and the services stand."
  permissions = [
    "cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "cloudscheduler.jobs.run", "cloudscheduler.jobs.pause",
    "cloudscheduler.jobs.enable", "run.services.get", "run.services.list", "run.revisions.get", "run.revisions.list",
    "run.jobs.get", "run.jobs.list", "run.jobs.run", "run.executions.get", "run.executions.list", "run.operations.get",
  ]
}

resource "google_project_iam_member" "operators" {
  project = var.project_id
  role    = google_project_iam_custom_role.operator.name
  member  = var.people.operators
}
