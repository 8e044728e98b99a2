# Everything is said by the caller, which checks it (infra/variables-monitoring.tf).

variable "project_id" {
  description = "The project that is watched."
  type        = string
  nullable    = false
}

variable "hosts" {
  description = "Public names: auth for browsers, api for CRMs."
  type        = object({ auth = string, api = string })
  nullable    = false
}

variable "instances" {
  description = "How many instances each service may have at most, by its name without hub-."
  type        = map(number)
  nullable    = false
}

variable "on_call" {
  description = "Addresses that alerts go to by mail."
  type        = set(string)
  nullable    = false
}

variable "pagers" {
  description = "Notification channels that critical alerts go to besides, by their whole names."
  type        = set(string)
  nullable    = false
}

variable "runbooks" {
  description = "Address of docs/runbooks.md; each alert leads to its chapter there."
  type        = string
  nullable    = false
}

variable "thresholds" {
  description = "From where on alerts tell."
  type        = map(number)
  nullable    = false
}
