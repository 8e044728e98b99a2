# A whole set of variables that is good; tests change one thing each.
project_id        = "hub-test"
environment       = "stage"
bank_environment  = "sandbox"
image             = "europe-west3-docker.pkg.dev/hub-test/hub/hub@sha256:0000000000000000000000000000000000000000000000000000000000000000"
hosts             = { auth = "auth.hub.example", api = "api.hub.example" }
documents_release = "0123456789abcdef"
bank_hosts        = ["xs2a.bank.example"]
seals             = { main = { algorithm = "RSA_SIGN_PKCS1_2048_SHA256" } }
crm = {
  callers       = ["serviceAccount:crm@crm-test.iam.gserviceaccount.com"]
  trust_anchors = ["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
  addresses     = ["192.0.2.0/28"]
  hosts         = ["crm.example"]
}
people = {
  keys         = "group:keys@example.com"
  certificates = "group:certificates@example.com"
  auditors     = "group:auditors@example.com"
  operators    = "group:operators@example.com"
}
audit    = { days = 1830, locked = true }
on_call  = ["oncall@example.com"]
pagers   = ["projects/hub-test/notificationChannels/12345"]
runbooks = "https://code.example/hub/docs/runbooks.md"
pipeline = {
  repository = "projects/hub-test/locations/europe-west3/connections/code/repositories/hub"
  builds     = true
  attestors  = ["projects/hub-test/attestors/built-by-cloud-build"]
}
budget = { billing_account = "012345-6789AB-CDEF01", monthly = 500 }
