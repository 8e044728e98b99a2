# Who may do what: the one table that functions, keys, secrets, network and edge are made from, and that tests/ compares
# with the design and with docs/cloud-kms.md. Everything that is not said here is refused. tests/it/fleet/rights.rs runs the
# functions with exactly these rights on keys: each is needed, and none is missing.
#
#   program     which program of the image runs
#   public      whether anybody may invoke it. Only what browsers call, since a browser has no identity token; the load
#               balancer is in front of it all the same
#   host        behind which public name it stands, if any. What stands behind none is reached from inside only, and the hub
#               alone judges who calls (functions.tf)
#   banks       whether it calls banks: then it may reach them and holds what they know us by
#   internet    whether it may reach the CRM (key set, webhook)
#   keys        which keys it may encrypt and decrypt with
#   signing     whether it signs with the hub's own key, or only publishes the public half
#   cpu         always: what was begun at a bank outlives the call that began it, and needs the processor after the answer
locals {
  services = {
    # Starts sessions: asks the bank for a consent and seals what the callback will need.
    authorize-redirect = {
      program = "authorize-redirect", public = false, host = "api", banks = true, internet = true, cpu = "always"
      keys    = { flow = "encrypt" }, signing = "none"
    }
    # The same program, for browsers that open the link: nothing to encrypt, nobody to call. It is a service of its own so
    # that the CRM's half can stay private.
    authorize-page = {
      program = "authorize-redirect", public = true, host = "auth", banks = false, internet = false, cpu = "request"
      keys    = {}, signing = "publish"
    }
    # Takes browsers back. What it got it can put away, and never read again. It encrypts with flow too: a bank may want the
    # customer twice, and the second leg starts here.
    callback = {
      program = "callback", public = true, host = "auth", banks = true, internet = false, cpu = "always"
      keys    = { flow = "both", tokens = "encrypt" }, signing = "none"
    }
    # Reads accounts. Decrypts payloads only because a CRM may ask for the last good answer.
    account-proxy = {
      program = "account-proxy", public = false, host = "api", banks = true, internet = true, cpu = "always"
      keys    = { tokens = "both", payloads = "both" }, signing = "none"
    }
    # The scheduler's jobs. Puts answers of banks away and reads none back; signs the events that CRMs are sent.
    token-refresh = {
      program = "token-refresh", public = false, host = null, banks = true, internet = true, cpu = "always"
      keys    = { tokens = "both", payloads = "encrypt" }, signing = "sign"
    }
    # The same program, for the one job that moves data keys and calls no bank. It leaves `flow` alone: what belongs to an
    # authorisation under way ends by itself within the hour.
    rewrap = {
      program = "token-refresh", public = false, host = null, banks = false, internet = false, cpu = "request"
      keys    = { tokens = "both", payloads = "both" }, signing = "none"
    }
  }

  purposes = toset(["flow", "tokens", "payloads"])

  roles_of_keys = {
    encrypt = "roles/cloudkms.cryptoKeyEncrypter"
    decrypt = "roles/cloudkms.cryptoKeyDecrypter"
    both    = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  }

  # Listing the versions takes viewer, which can neither sign nor decrypt.
  roles_of_signing = {
    none    = []
    publish = ["roles/cloudkms.publicKeyViewer", "roles/cloudkms.viewer"]
    sign    = ["roles/cloudkms.signerVerifier", "roles/cloudkms.viewer"]
  }

  bank_callers = toset([for name, service in local.services : name if service.banks])
}
