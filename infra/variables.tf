# What every environment must say or may change. A wrong value is refused at the plan, with a sentence.

variable "project_id" {
  description = "The project that holds one environment of the hub; nothing else should live there."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is the project's id (6 to 30 lower-case letters, digits, hyphens), not its number: Cloud KMS answers with ids and the hub compares names."
  }
}

variable "environment" {
  description = "Which environment this is."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["dev", "stage", "prod"], var.environment)
    error_message = "environment is dev, stage or prod."
  }
}

variable "bank_environment" {
  description = "Which of the banks' environments is spoken to: live or sandbox."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["live", "sandbox"], var.bank_environment)
    error_message = "bank_environment is live or sandbox."
  }
  validation {
    condition     = var.bank_environment == "live" || var.environment != "prod"
    error_message = "prod speaks to the banks' live environments."
  }
}

variable "region" {
  description = "Where everything is: functions, data, keys. Data of customers stays in the European Union."
  type        = string
  default     = "europe-west3"
  nullable    = false
  validation {
    condition = contains([
      "europe-west1", "europe-west3", "europe-west4", "europe-west8", "europe-west9", "europe-west10", "europe-west12",
      "europe-north1", "europe-north2", "europe-southwest1", "europe-central2",
    ], var.region)
    error_message = "region is a region of Google Cloud in the European Union (europe-west2 is London, europe-west6 Zurich: neither is)."
  }
}

variable "image" {
  description = "The image of the very first deployment, by digest. Later ones are the deploy build's."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9-]+-docker\\.pkg\\.dev/[^@:]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is named by its digest: LOCATION-docker.pkg.dev/PROJECT/hub/hub@sha256:…; a tag may move."
  }
}

variable "hosts" {
  description = "Public names: auth for browsers (no client certificate), api for CRMs (mutual TLS)."
  type        = object({ auth = string, api = string })
  nullable    = false
  validation {
    condition     = alltrue([for host in values(var.hosts) : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", host))])
    error_message = "hosts are plain host names such as auth.hub.example.com."
  }
  validation {
    condition     = var.hosts.auth != var.hosts.api
    error_message = "Browsers and CRMs need two hosts: a browser must not be asked for a client certificate."
  }
}

variable "documents_release" {
  description = "Which release of bank and tenant documents is used: the name that bin/publish-documents printed."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9a-f]{16}$", var.documents_release))
    error_message = "documents_release is the 16 hexadecimal digits that bin/publish-documents prints."
  }
}

variable "bank_identities" {
  description = "Names of the TLS identities (QWAC with its key) that bank documents use; most hubs have one."
  type        = set(string)
  default     = ["main"]
  nullable    = false
  validation {
    condition     = length(var.bank_identities) > 0 && alltrue([for name in var.bank_identities : can(regex("^[a-z][a-z0-9-]{0,30}$", name))])
    error_message = "bank_identities names at least one identity, in lower-case letters, digits and hyphens."
  }
}

variable "seals" {
  description = "Keys of electronic seals (QSEAL) in Cloud KMS, by name. A key has one algorithm for ever. imported: the key comes from outside."
  type = map(object({
    algorithm = string
    imported  = optional(bool, true)
  }))
  default  = {}
  nullable = false
  validation {
    condition = alltrue([for seal in values(var.seals) : contains([
      "RSA_SIGN_PKCS1_2048_SHA256", "RSA_SIGN_PKCS1_3072_SHA256", "RSA_SIGN_PKCS1_4096_SHA256", "RSA_SIGN_PKCS1_4096_SHA512",
      "RSA_SIGN_PSS_2048_SHA256", "RSA_SIGN_PSS_3072_SHA256", "RSA_SIGN_PSS_4096_SHA256", "RSA_SIGN_PSS_4096_SHA512",
      "EC_SIGN_P256_SHA256",
    ], seal.algorithm)])
    error_message = "A seal's algorithm is one that docs/certificates.md lists."
  }
}

variable "bank_hosts" {
  description = "Host names of the banks' interfaces: what the functions may reach besides Google. As in the bank documents."
  type        = set(string)
  nullable    = false
  validation {
    condition     = length(var.bank_hosts) > 0 && alltrue([for host in var.bank_hosts : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", host))])
    error_message = "bank_hosts are plain host names, without scheme, port or wildcard."
  }
  validation {
    condition     = length(var.bank_hosts) <= 1000
    error_message = "bank_hosts takes 1000 names at most: ten rules of a hundred names."
  }
}

variable "crm" {
  description = <<-END
    The CRM: callers, who may invoke the API (service accounts); trust_anchors, the roots of its client certificates (PEM);
    addresses, where it comes from (CIDR; empty: anywhere, with the other two still asked for); hosts, its key set and webhook.
  END
  type = object({
    callers       = set(string)
    trust_anchors = list(string)
    addresses     = optional(set(string), [])
    hosts         = set(string)
  })
  nullable = false
  validation {
    condition     = length(var.crm.callers) > 0 && alltrue([for caller in var.crm.callers : can(regex("^serviceAccount:[^@]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", caller))])
    error_message = "crm.callers are service accounts, as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; never allUsers, a person or a key."
  }
  validation {
    condition     = length(var.crm.trust_anchors) > 0 && alltrue([for anchor in var.crm.trust_anchors : can(regex("^-----BEGIN CERTIFICATE-----\\n", anchor))])
    error_message = "crm.trust_anchors holds at least one certificate in PEM."
  }
  validation {
    condition     = alltrue([for range in var.crm.addresses : can(cidrhost(range, 0)) && range != "0.0.0.0/0"])
    error_message = "crm.addresses are ranges such as 192.0.2.0/28; leave the set empty to take every address."
  }
  validation {
    condition     = length(var.crm.addresses) <= 10
    error_message = "crm.addresses takes ten ranges at most: that is what one rule of Cloud Armor holds."
  }
  validation {
    condition     = length(var.crm.hosts) > 0 && alltrue([for host in var.crm.hosts : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", host))])
    error_message = "crm.hosts are plain host names; without the host of its key set no token can be checked."
  }
}

variable "denied_addresses" {
  description = "Ranges that are refused at the edge."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = length(var.denied_addresses) <= 10 && alltrue([for range in var.denied_addresses : can(cidrhost(range, 0)) && range != "0.0.0.0/0"])
    error_message = "denied_addresses are at most ten ranges such as 192.0.2.0/24; more belong into an address group."
  }
}

variable "edge_limits" {
  description = "Calls a minute from one address before it gets 429, and before it is banned for ten minutes."
  type = object({
    auth = optional(object({ calls = number, ban = number }), { calls = 60, ban = 300 })
    api  = optional(object({ calls = number, ban = number }), { calls = 3000, ban = 9000 })
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for limit in values(var.edge_limits) : limit.calls >= 1 && limit.ban > limit.calls && limit.ban <= 10000])
    error_message = "edge_limits: ban is above calls, and 10000 at most (Cloud Armor takes no more)."
  }
}

variable "waf_preview" {
  description = "Whether the rules against known attacks only report. For the first days, to see what they would refuse."
  type        = bool
  default     = false
  nullable    = false
}

variable "egress" {
  description = "How functions reach banks: direct (VPC egress of Cloud Run) or connector, which starts faster behind NAT and costs instances of its own."
  type = object({
    way   = optional(string, "direct")
    range = optional(string, "10.8.0.0/22")
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["direct", "connector"], var.egress.way)
    error_message = "egress.way is direct or connector."
  }
  validation {
    condition     = can(cidrsubnet(var.egress.range, 2, 3)) && tonumber(split("/", var.egress.range)[1]) <= 22
    error_message = "egress.range is a range of 1024 addresses or more (/22): every instance takes addresses from it."
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
  description = "Queues of work for banks, by group of banks: calls a second, and at once."
  type        = map(object({ per_second = number, at_once = number }))
  default     = { default = { per_second = 5, at_once = 10 } }
  nullable    = false
  validation {
    condition     = alltrue([for queue in values(var.task_queues) : queue.per_second > 0 && queue.per_second <= 500 && queue.at_once >= 1])
    error_message = "task_queues: per_second is above 0 and 500 at most, at_once at least 1."
  }
}

variable "people" {
  description = <<-END
    Groups, by what they may do: keys administers keys and can use none; certificates adds new certificates and can read none;
    auditors read the audit trail and nothing else; operators start the jobs by hand.
  END
  type = object({
    keys         = string
    certificates = string
    auditors     = string
    operators    = string
  })
  nullable = false
  validation {
    condition     = alltrue([for group in values(var.people) : can(regex("^group:[^@ ]+@[a-z0-9.-]+$", group))])
    error_message = "people are groups, as group:NAME@DOMAIN: rights of single persons are forgotten when they leave."
  }
  validation {
    condition     = length(distinct(values(var.people))) == length(values(var.people))
    error_message = "people are four different groups: who administers keys does not read the trail of it."
  }
}

variable "audit" {
  description = "How long the audit trail is kept, in days, and whether that is locked. A locked bucket can never be shortened or deleted."
  type        = object({ days = number, locked = bool })
  nullable    = false
  validation {
    condition     = var.audit.days >= 365 && var.audit.days <= 3650
    error_message = "audit.days is 365 to 3650; what the law wants of you may be five years or more."
  }
  validation {
    condition     = var.audit.locked || var.environment != "prod"
    error_message = "In prod the audit trail is locked."
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

variable "on_call" {
  description = "Addresses that alerts go to by mail."
  type        = set(string)
  nullable    = false
  validation {
    condition     = length(var.on_call) > 0 && alltrue([for address in var.on_call : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "on_call holds at least one mail address: an alert that nobody gets is none."
  }
}

variable "budget" {
  description = "The billing account and the month's amount, in its currency's units, or null for no alarm."
  type        = object({ billing_account = string, currency = optional(string, "EUR"), monthly = number })
  default     = null
  validation {
    condition     = var.budget == null || try(can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && var.budget.monthly >= 1, false)
    error_message = "budget.billing_account looks like 012345-6789AB-CDEF01, and monthly is at least 1."
  }
}

variable "organisation_policies" {
  description = "Whether this project's own organisation policies are set. That takes a right that owners of a project often lack."
  type        = bool
  default     = false
  nullable    = false
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
