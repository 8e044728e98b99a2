# What may leave. Rules are by subnetwork, since Cloud Run's own network interfaces know neither service accounts nor secure
# tags in a policy. Everything that is not named is refused and logged; nothing comes in at all.

resource "google_compute_network_firewall_policy" "hub" {
  name        = "hub"
  description = "Deny by default, in both directions."
  depends_on  = [google_project_service.api]
}

resource "google_compute_network_firewall_policy_association" "hub" {
  name              = "hub"
  firewall_policy   = google_compute_network_firewall_policy.hub.name
  attachment_target = google_compute_network.hub.id
}

locals {
  # Cloud Armor and firewall policies take a hundred names a rule.
  outside_hosts  = chunklist(sort(tolist(setunion(var.bank_hosts, var.crm.hosts))), 100)
  outside_ranges = var.egress.way == "connector" ? [local.subnetworks.outside, local.connector_range] : [local.subnetworks.outside]
}

resource "google_compute_network_firewall_policy_rule" "google" {
  firewall_policy = google_compute_network_firewall_policy.hub.name
  rule_name       = "google"
  priority        = 1000
  direction       = "EGRESS"
  action          = "allow"
  match {
    dest_ip_ranges = [local.restricted_range]
    layer4_configs {
      ip_protocol = "tcp"
      ports       = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "outside" {
  count           = length(local.outside_hosts)
  firewall_policy = google_compute_network_firewall_policy.hub.name
  rule_name       = "banks-and-crm-${count.index}"
  priority        = 2000 + count.index
  direction       = "EGRESS"
  action          = "allow"
  enable_logging  = true
  match {
    src_ip_ranges = local.outside_ranges
    dest_fqdns    = local.outside_hosts[count.index]
    layer4_configs {
      ip_protocol = "tcp"
      ports       = ["443"]
    }
  }
}

resource "google_compute_network_firewall_policy_rule" "nothing_else" {
  for_each        = { EGRESS = 65000, INGRESS = 65001 }
  firewall_policy = google_compute_network_firewall_policy.hub.name
  rule_name       = "nothing-else-${lower(each.key)}"
  priority        = each.value
  direction       = each.key
  action          = "deny"
  enable_logging  = true
  match {
    dest_ip_ranges = each.key == "EGRESS" ? ["0.0.0.0/0"] : null
    src_ip_ranges  = each.key == "INGRESS" ? ["0.0.0.0/0"] : null
    layer4_configs {
      ip_protocol = "all"
    }
  }
}
