# What every environment must say or may change: who comes in, and what may leave.

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
    The CRM: callers, who may invoke the API (service accounts); federation, for a CRM elsewhere that signs tokens of its own
    (issuer and subject of these) and takes a service account's identity with them, without a key; trust_anchors, the roots of its client certificates (PEM);
    addresses, where it comes from (CIDR; empty: anywhere, with the other two still asked for); hosts, its key set and webhook.
  END
  type = object({
    callers       = optional(set(string), [])
    federation    = optional(object({ issuer = string, subject = string }))
    trust_anchors = list(string)
    addresses     = optional(set(string), [])
    hosts         = set(string)
  })
  nullable = false
  validation {
    condition     = alltrue([for caller in var.crm.callers : can(regex("^serviceAccount:[^@]+@[a-z0-9.-]+\\.gserviceaccount\\.com$", caller))])
    error_message = "crm.callers are service accounts, as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com; never allUsers, a person or a key."
  }
  validation {
    condition     = length(var.crm.callers) > 0 || var.crm.federation != null
    error_message = "crm needs callers or a federation: otherwise nobody may invoke the API."
  }
  validation {
    condition     = var.crm.federation == null || try(can(regex("^https://[^?#']+$", var.crm.federation.issuer)) && can(regex("^[^'\\\\ ]{1,127}$", var.crm.federation.subject)), false)
    error_message = "crm.federation names an issuer (https) and one subject, without quotes or blanks: no pattern and no group of subjects."
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
