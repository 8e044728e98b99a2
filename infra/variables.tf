# What every environment must say or may change: the environment itself. A wrong value is refused at the plan, with a
# sentence. variables-network.tf and variables-running.tf hold the rest.

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
