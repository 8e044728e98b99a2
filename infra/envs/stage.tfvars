# stage: an example to be filled in. Names that end in .example, and example-*, are yours to replace.
project_id       = "example-hub-stage"
environment      = "stage"
bank_environment = "sandbox"
region           = "europe-west3"

# By digest; only for the first deployment, later ones come from the deploy build.
image = "europe-west3-docker.pkg.dev/example-hub-stage/hub/hub@sha256:0000000000000000000000000000000000000000000000000000000000000000"

hosts = {
  auth = "auth.stage.hub.example"
  api  = "api.stage.hub.example"
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
  callers   = ["serviceAccount:crm@example-crm-stage.iam.gserviceaccount.com"]
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
  repository = "projects/example-hub-stage/locations/europe-west3/connections/code/repositories/hub"
  builds     = true
  # prod pulls what was tried here: its deployment, and the agent that starts its services (by prod's project number).
  readers = [
    "serviceAccount:hub-deploy@example-hub-prod.iam.gserviceaccount.com",
    "serviceAccount:service-000000000000@serverless-robot-prod.iam.gserviceaccount.com",
  ]
  # Whoever starts an image there asks who vouched for it here. Name them after the first build.
  verifiers = [
    "serviceAccount:hub-deploy@example-hub-prod.iam.gserviceaccount.com",
    "serviceAccount:service-000000000000@gcp-sa-binaryauthorization.iam.gserviceaccount.com",
  ]
  attestors = ["projects/example-hub-stage/attestors/built-by-cloud-build"]
}

budget = { billing_account = "000000-000000-000000", monthly = 300 }
