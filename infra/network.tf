# How functions reach the world: through a network of ours, so that banks see two fixed addresses and nothing else can be
# reached. Who calls banks or the CRM is in `outside`, whose subnetwork has NAT; the others are in `inside`, which has none.

resource "google_compute_network" "hub" {
  # checkov:skip=CKV2_GCP_18:the network firewall policy of firewall.tf governs this network
  name                    = "hub"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.api]
}

locals {
  # A quarter of the range each; the rest is for the connector and for later.
  subnetworks = {
    outside = cidrsubnet(var.egress.range, 2, 0)
    inside  = cidrsubnet(var.egress.range, 2, 1)
  }
  connector_range = cidrsubnet(cidrsubnet(var.egress.range, 2, 2), 4, 0) # a connector wants a /28

  side_of = { for name, service in local.services : name => service.banks || service.internet ? "outside" : "inside" }
}

resource "google_compute_subnetwork" "side" {
  for_each                 = local.subnetworks
  name                     = "hub-${each.key}"
  network                  = google_compute_network.hub.id
  region                   = var.region
  ip_cidr_range            = each.value
  private_ip_google_access = true
  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

# Banks have these on their lists. Two, so that one can be drained while the other serves.
resource "google_compute_address" "egress" {
  count      = 2
  name       = "hub-egress-${count.index}"
  region     = var.region
  depends_on = [google_project_service.api]
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_router" "hub" {
  name    = "hub"
  network = google_compute_network.hub.id
  region  = var.region
}

resource "google_compute_router_nat" "hub" {
  name                               = "hub"
  router                             = google_compute_router.hub.name
  region                             = var.region
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = google_compute_address.egress[*].self_link
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"
  # An instance holds a few connections to each bank; 64 ports, the default, are gone with one busy bank.
  min_ports_per_vm = 256
  dynamic "subnetwork" {
    for_each = var.egress.way == "connector" ? [google_compute_subnetwork.connector[0].id] : [google_compute_subnetwork.side["outside"].id]
    content {
      name                    = subnetwork.value
      source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
    }
  }
  log_config {
    enable = true
    filter = "ERRORS_ONLY" # dropped for want of ports: an alert
  }
}

# The other way out: instances of a connector, which are warm when functions start.
resource "google_compute_subnetwork" "connector" {
  count                    = var.egress.way == "connector" ? 1 : 0
  name                     = "hub-connector"
  network                  = google_compute_network.hub.id
  region                   = var.region
  ip_cidr_range            = local.connector_range
  private_ip_google_access = true
  log_config {
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_vpc_access_connector" "outside" {
  count         = var.egress.way == "connector" ? 1 : 0
  name          = "hub-outside"
  region        = var.region
  machine_type  = "e2-standard-4"
  min_instances = 2
  max_instances = 10
  subnet {
    name = google_compute_subnetwork.connector[0].name
  }
}

# Google's interfaces under the restricted addresses, which lead to Google and nowhere else.
locals {
  restricted_addresses = ["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"]
  restricted_range     = "199.36.153.4/30"
  private_zones        = { googleapis = "googleapis.com.", run = "run.app." }
}

resource "google_dns_managed_zone" "google" {
  for_each   = local.private_zones
  name       = "hub-${each.key}"
  dns_name   = each.value
  visibility = "private"
  private_visibility_config {
    networks {
      network_url = google_compute_network.hub.id
    }
  }
}

resource "google_dns_record_set" "google" {
  for_each     = local.private_zones
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.value
  type         = "A"
  ttl          = 300
  rrdatas      = local.restricted_addresses
}

resource "google_dns_record_set" "google_names" {
  for_each     = local.private_zones
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.value]
}

# What was looked up: the other half of finding out what tried to get out.
resource "google_dns_policy" "hub" {
  name           = "hub"
  enable_logging = true
  networks {
    network_url = google_compute_network.hub.id
  }
}
