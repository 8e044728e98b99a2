# dev: an example to be filled in. Names that end in .example, and example-*, are yours to replace.
project_id       = "example-hub-dev"
environment      = "dev"
bank_environment = "sandbox"
region           = "europe-west3"

# By digest; only for the first deployment, later ones come from the deploy build.
image = "europe-west3-docker.pkg.dev/example-hub-dev/hub/hub@sha256:0000000000000000000000000000000000000000000000000000000000000000"

hosts = {
  auth = "auth.dev.hub.example"
  api  = "api.dev.hub.example"
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
  callers   = ["serviceAccount:crm@example-crm-dev.iam.gserviceaccount.com"]
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

# Where people on call read docs/runbooks.md.
runbooks = "https://code.example/secure-hub/blob/main/docs/runbooks.md"

audit = { days = 365, locked = false }

pipeline = {
  repository = "projects/example-hub-dev/locations/europe-west3/connections/code/repositories/hub"
  builds     = true
  attestors  = ["projects/example-hub-dev/attestors/built-by-cloud-build"]
}

# The first days of a new rule: what would it refuse?
waf_preview = true
budget      = { billing_account = "000000-000000-000000", monthly = 200 }

# Banks' sandboxes fail more often than banks do.
thresholds = { bank_errors = 0.5 }
