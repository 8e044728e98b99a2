# One function. Everything is said by the caller; nothing here has a default that opens a door.

variable "name" {
  description = "The service's name, without the prefix hub-."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}[a-z0-9]$", var.name))
    error_message = "name is at most 26 lower-case letters, digits and hyphens: with hub- it is an account's name too."
  }
}

variable "region" {
  description = "Where it runs."
  type        = string
  nullable    = false
}

variable "image" {
  description = "The image of the first deployment, by digest."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is named by its digest."
  }
}

variable "program" {
  description = "Which program of the image runs."
  type        = string
  nullable    = false
}

variable "invokers" {
  description = "Whether Cloud Run checks who invokes it, or leaves that to the program. Then either browsers call it through the load balancer, or it is internal."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["checked", "unchecked"], var.invokers)
    error_message = "invokers are checked or unchecked."
  }
}

variable "ingress" {
  description = "From where it can be reached."
  type        = string
  nullable    = false
  validation {
    condition     = contains(["INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], var.ingress)
    error_message = "ingress is internal, or internal and the load balancer: the address run.app stays closed."
  }
}

variable "audiences" {
  description = "What tokens of invokers may be made for, besides the service's own address."
  type        = list(string)
  nullable    = false
}

variable "settings" {
  description = "Environment variables."
  type        = map(string)
  nullable    = false
}

variable "secrets" {
  description = "Secrets that are mounted as /secrets/NAME/current, by name."
  type        = map(string)
  nullable    = false
}

variable "documents" {
  description = "The bucket with the documents, mounted as /etc/hub."
  type        = string
  nullable    = false
}

variable "storage_key" {
  description = "The key that the image is kept with."
  type        = string
  nullable    = false
}

variable "network" {
  description = "The way out: a subnetwork, or a connector."
  type        = object({ subnetwork = string, connector = string })
  nullable    = false
  validation {
    condition     = (var.network.subnetwork == null) != (var.network.connector == null)
    error_message = "network is either a subnetwork or a connector."
  }
}

variable "scaling" {
  description = "Instances: least and most."
  type        = object({ least = number, most = number })
  nullable    = false
}

variable "cpu_always" {
  description = "Whether the processor is there between requests too."
  type        = bool
  nullable    = false
}

variable "concurrency" {
  description = "Requests that one instance has under way at once."
  type        = number
  nullable    = false
  validation {
    condition     = var.concurrency >= 1 && var.concurrency <= 1000
    error_message = "concurrency is 1 to 1000: Cloud Run takes no more."
  }
}
