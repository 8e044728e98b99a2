# prod: an example to be filled in. Names that end in .example, and example-*, are yours to replace.
project_id       = "example-hub-prod"
environment      = "prod"
bank_environment = "live"
region           = "europe-west3"

# By digest; only for the first deployment, later ones come from the deploy build.
image = "europe-west3-docker.pkg.dev/example-hub-stage/hub/hub@sha256:0000000000000000000000000000000000000000000000000000000000000000"

hosts = {
  auth = "auth.hub.example"
  api  = "api.hub.example"
}

# What infra/bin/publish-documents printed.
documents_release = "0000000000000000"

# Host names in the bank documents' addresses.
bank_hosts = ["xs2a.bank.example", "login.bank.example"]

bank_identities = ["main"]
seals = {
  main = { algorithm = "RSA_SIGN_PKCS1_2048_SHA256" }
}

crm = {
  callers   = ["serviceAccount:crm@example-crm-prod.iam.gserviceaccount.com"]
  addresses = ["192.0.2.0/28"]
  hosts     = ["crm.example"]
  trust_anchors = [<<-END
    -----BEGIN CERTIFICATE-----
    the root of the CRM's client certificates
    -----END CERTIFICATE-----
  END
  ]
}

people = {
  keys         = "group:hub-keys@example.com"
  certificates = "group:hub-certificates@example.com"
  auditors     = "group:hub-auditors@example.com"
  operators    = "group:hub-operators@example.com"
}

on_call = ["hub-on-call@example.com"]
pagers  = ["projects/example-hub-prod/notificationChannels/1234567890123456789"]

# Where people on call read docs/runbooks.md.
runbooks = "https://code.example/secure-hub/blob/main/docs/runbooks.md"

# One warm instance of what customers wait for: a new network interface behind NAT takes half a minute and more.
scaling = {
  authorize-redirect = { least = 1, most = 20 }
  authorize-page     = { least = 1, most = 20 }
  callback           = { least = 1, most = 20 }
  account-proxy      = { least = 2, most = 50 }
  token-refresh      = { least = 0, most = 20 }
  rewrap             = { least = 0, most = 1 }
}

# Five years and a month. Once applied it can neither be shortened nor undone.
audit = { days = 1856, locked = true }

pipeline = {
  repository = "projects/example-hub-prod/locations/europe-west3/connections/code/repositories/hub"
  builds     = false
  registry   = "europe-west3-docker.pkg.dev/example-hub-stage/hub"
  attestors = [
    "projects/example-hub-stage/attestors/built-by-cloud-build",
    "projects/example-hub-stage/attestors/hub-tried",
  ]
}

organisation_policies = true
budget                = { billing_account = "000000-000000-000000", monthly = 1500 }
