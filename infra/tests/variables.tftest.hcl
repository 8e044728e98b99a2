# Wrong variables are refused at the plan, each by its own sentence. Many at once, as a plan tells all of them; each stands
# under the name of what would go wrong. A variable that is judged together with a wrong one is not judged at all, so those
# have runs of their own.
mock_provider "google" {
  override_during = plan
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_kms_crypto_key_version" {
    defaults = { public_key = [{ algorithm = "EC_SIGN_P256_SHA256", pem = "-----BEGIN PUBLIC KEY-----" }] }
  }
}

run "every_mistake_is_told_first_round" {
  command = plan
  variables {
    # project number
    project_id = "123456789012"
    # a region outside the union
    region = "us-central1"
    # an image by tag
    image = "europe-west3-docker.pkg.dev/hub-test/hub/hub:latest"
    # one host for all
    hosts = { auth = "hub.example", api = "hub.example" }
    # a release by name
    documents_release = "latest"
    # no identity
    bank_identities = []
    # a seal that no bank checks
    seals = { main = { algorithm = "RSA_SIGN_RAW_PKCS1_2048" } }
    # any bank
    bank_hosts = ["*.example"]
    # everybody is the crm
    crm = { callers = ["allUsers"], trust_anchors = ["-----BEGIN CERTIFICATE-----\n"], hosts = ["crm.example"] }
    # nobody is let in
    denied_addresses = ["0.0.0.0/0"]
    # a ban below the pace
    edge_limits = { auth = { calls = 100, ban = 50 } }
    # another way out
    egress = { way = "internet" }
    # more least than most
    scaling = { callback = { least = 5, most = 2 } }
    # seven shards
    job_shards = 7
    # a queue that stands still
    task_queues = { default = { per_second = 0, at_once = 1 } }
    # a person instead of a group
    people = { keys = "user:ann@example.com", certificates = "group:b@example.com", auditors = "group:c@example.com", operators = "group:d@example.com" }
    # a trail of a month
    audit = { days = 30, locked = true }
    # any image runs
    pipeline = { repository = "projects/p/locations/l/connections/c/repositories/r", builds = true, attestors = [] }
    # nobody on call
    on_call = []
    # a channel by the name that people see
    pagers = ["the pager"]
    # a chapter instead of the page
    runbooks = "https://code.example/hub/docs/runbooks.md#server-errors"
    # an alert that always tells
    thresholds = { tokens_rejected = 0 }
    # a budget of nothing
    budget = { billing_account = "mine", monthly = 0 }
    # a smoke test by shell
    smoke_command = ["hub doctor"]
    # one database for both
    database_names = { hub = "hub", counters = "hub" }
  }
  expect_failures = [var.database_names, var.project_id, var.region, var.image, var.hosts, var.documents_release, var.bank_identities, var.seals, var.bank_hosts, var.crm, var.denied_addresses, var.edge_limits, var.egress, var.scaling, var.job_shards, var.task_queues, var.people, var.audit, var.pipeline, var.on_call, var.pagers, var.runbooks, var.thresholds, var.budget, var.smoke_command]
}

run "every_mistake_is_told_second_round" {
  command = plan
  variables {
    # a name that Firestore does not take
    database_names = { hub = "Hub_restored" }
    # london is outside the union
    region = "europe-west2"
    # a host with a scheme
    hosts = { auth = "https://auth.hub.example", api = "api.hub.example" }
    # no bank
    bank_hosts = []
    # no client certificates
    crm = { callers = ["serviceAccount:crm@crm-test.iam.gserviceaccount.com"], trust_anchors = [], hosts = ["crm.example"] }
    # too few addresses
    egress = { range = "10.8.0.0/26" }
    # a service that is not
    scaling = { payments = { least = 0, most = 2 } }
    # a page in clear
    runbooks = "http://code.example/hub/docs/runbooks.md"
    # a share in percent
    thresholds = { server_errors = 5 }
    # one group for everything
    people = { keys = "group:a@example.com", certificates = "group:a@example.com", auditors = "group:a@example.com", operators = "group:a@example.com" }
  }
  expect_failures = [var.database_names, var.region, var.hosts, var.bank_hosts, var.crm, var.egress, var.scaling, var.runbooks, var.thresholds, var.people]
}

run "every_mistake_is_told_third_round" {
  command = plan
  variables {
    # another environment, which others depend on
    environment = "test"
    # the whole internet as a range
    crm = { callers = ["serviceAccount:crm@crm-test.iam.gserviceaccount.com"], trust_anchors = ["-----BEGIN CERTIFICATE-----\n"], hosts = ["crm.example"], addresses = ["0.0.0.0/0"] }
  }
  expect_failures = [var.environment, var.crm]
}

run "nobody_may_call" {
  command = plan
  variables {
    crm = { trust_anchors = ["-----BEGIN CERTIFICATE-----\n"], hosts = ["crm.example"] }
  }
  expect_failures = [var.crm]
}

run "a_federation_with_everybody_of_an_issuer" {
  command = plan
  variables {
    crm = { federation = { issuer = "https://login.crm.example", subject = "' || true || '" }, trust_anchors = ["-----BEGIN CERTIFICATE-----\n"], hosts = ["crm.example"] }
  }
  expect_failures = [var.crm]
}

run "prod_in_the_banks_sandbox" {
  command = plan
  variables {
    environment      = "prod"
    bank_environment = "sandbox"
    pipeline         = { repository = "projects/p/locations/l/connections/c/repositories/r", builds = false, registry = "europe-west3-docker.pkg.dev/hub-stage/hub", attestors = ["projects/p/attestors/a"] }
  }
  expect_failures = [var.bank_environment]
}

run "an_open_trail_in_prod" {
  command = plan
  variables {
    environment      = "prod"
    bank_environment = "live"
    audit            = { days = 1830, locked = false }
    pipeline         = { repository = "projects/p/locations/l/connections/c/repositories/r", builds = false, registry = "europe-west3-docker.pkg.dev/hub-stage/hub", attestors = ["projects/p/attestors/a"] }
  }
  expect_failures = [var.audit]
}

run "prod_builds" {
  command = plan
  variables {
    environment      = "prod"
    bank_environment = "live"
  }
  expect_failures = [var.pipeline]
}

run "an_alert_in_prod_that_hears_too_little" {
  command = plan
  variables {
    environment      = "prod"
    bank_environment = "live"
    pipeline         = { repository = "projects/p/locations/l/connections/c/repositories/r", builds = false, registry = "europe-west3-docker.pkg.dev/hub-stage/hub", attestors = ["projects/p/attestors/a"] }
    thresholds       = { server_errors = 0.5 }
  }
  expect_failures = [var.thresholds]
}
