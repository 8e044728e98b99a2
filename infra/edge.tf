# The load balancer: two names, two proxies, two maps. Mutual TLS belongs to a proxy, and a browser must not be asked for a
# certificate; each map knows only its own services, so that nobody reaches the CRM's by asking the browsers' proxy for them.

locals {
  behind_edge = { for name, service in local.services : name => service if service.host != null }
}

resource "google_compute_region_network_endpoint_group" "service" {
  for_each              = local.behind_edge
  name                  = "hub-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"
  cloud_run {
    service = module.service[each.key].name
  }
}

resource "google_compute_backend_service" "service" {
  for_each              = local.behind_edge
  name                  = "hub-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = each.value.host == "api" ? google_compute_security_policy.api.id : google_compute_security_policy.auth.id
  # What the proxy saw of the CRM's certificate. Only the edge can reach the services, so only it can say so; on the
  # browsers' side the headers are emptied, so that nobody can say it for it.
  custom_request_headers = each.value.host == "api" ? [
    "X-Client-Cert-Present:{client_cert_present}",
    "X-Client-Cert-Chain-Verified:{client_cert_chain_verified}",
    "X-Client-Cert-Fingerprint:{client_cert_sha256_fingerprint}",
    ] : [
    "X-Client-Cert-Present:",
    "X-Client-Cert-Chain-Verified:",
    "X-Client-Cert-Fingerprint:",
  ]
  backend {
    group = google_compute_region_network_endpoint_group.service[each.key].id
  }
  log_config {
    enable      = true
    sample_rate = 1
  }
}

# Browsers. What is none of these is answered by callback, which knows no other route and says 404.
resource "google_compute_url_map" "auth" {
  name            = "hub-auth"
  default_service = google_compute_backend_service.service["callback"].id
  host_rule {
    hosts        = [var.hosts.auth]
    path_matcher = "browsers"
  }
  path_matcher {
    name            = "browsers"
    default_service = google_compute_backend_service.service["callback"].id
    path_rule {
      paths   = ["/authorize/*", "/.well-known/jwks.json"]
      service = google_compute_backend_service.service["authorize-page"].id
    }
    path_rule {
      paths   = ["/callback/*"]
      service = google_compute_backend_service.service["callback"].id
    }
  }
}

# CRMs. Most of a session's routes are account-proxy's; those that start something at the bank are authorize-redirect's.
resource "google_compute_url_map" "api" {
  name            = "hub-api"
  default_service = google_compute_backend_service.service["account-proxy"].id
  host_rule {
    hosts        = [var.hosts.api]
    path_matcher = "crm"
  }
  path_matcher {
    name            = "crm"
    default_service = google_compute_backend_service.service["account-proxy"].id
    route_rules {
      priority = 10
      service  = google_compute_backend_service.service["authorize-redirect"].id
      match_rules {
        full_path_match = "/v1/sessions"
      }
      match_rules {
        path_template_match = "/v1/sessions/*/renewal"
      }
      match_rules {
        path_template_match = "/v1/sessions/*/activation"
      }
      match_rules {
        full_path_match = "/v1/banks"
      }
      match_rules {
        path_template_match = "/v1/banks/*"
      }
    }
  }
}

# The certificates are proven by DNS, so they are there before a name leads here. The records are an output.
resource "google_certificate_manager_dns_authorization" "host" {
  for_each   = var.hosts
  name       = "hub-${each.key}"
  domain     = each.value
  depends_on = [google_project_service.api]
}

resource "google_certificate_manager_certificate" "host" {
  for_each = var.hosts
  name     = "hub-${each.key}"
  managed {
    domains            = [each.value]
    dns_authorizations = [google_certificate_manager_dns_authorization.host[each.key].id]
  }
}

resource "google_certificate_manager_certificate_map" "host" {
  for_each = var.hosts
  name     = "hub-${each.key}"
}

resource "google_certificate_manager_certificate_map_entry" "host" {
  for_each     = var.hosts
  name         = "hub-${each.key}"
  map          = google_certificate_manager_certificate_map.host[each.key].name
  hostname     = each.value
  certificates = [google_certificate_manager_certificate.host[each.key].id]
}

resource "google_compute_ssl_policy" "modern" {
  name            = "hub"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"
  depends_on      = [google_project_service.api]
}

resource "google_certificate_manager_trust_config" "crm" {
  name     = "hub-crm"
  location = "global"
  trust_stores {
    dynamic "trust_anchors" {
      for_each = var.crm.trust_anchors
      content {
        pem_certificate = trust_anchors.value
      }
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_network_security_server_tls_policy" "crm" {
  name     = "hub-crm"
  location = "global"
  mtls_policy {
    client_validation_mode         = "REJECT_INVALID"
    client_validation_trust_config = google_certificate_manager_trust_config.crm.id
  }
}

resource "google_compute_target_https_proxy" "auth" {
  name            = "hub-auth"
  url_map         = google_compute_url_map.auth.id
  certificate_map = "//certificatemanager.googleapis.com/${google_certificate_manager_certificate_map.host["auth"].id}"
  ssl_policy      = google_compute_ssl_policy.modern.id
  # Early data may be replayed, and what browsers bring is good once.
  tls_early_data = "DISABLED"
}

resource "google_compute_target_https_proxy" "api" {
  name              = "hub-api"
  url_map           = google_compute_url_map.api.id
  certificate_map   = "//certificatemanager.googleapis.com/${google_certificate_manager_certificate_map.host["api"].id}"
  ssl_policy        = google_compute_ssl_policy.modern.id
  server_tls_policy = google_network_security_server_tls_policy.crm.id
  tls_early_data    = "DISABLED"
}

resource "google_compute_global_address" "host" {
  for_each   = var.hosts
  name       = "hub-${each.key}"
  depends_on = [google_project_service.api]
  lifecycle {
    prevent_destroy = true
  }
}

# Port 443 only: a hub that answers on 80 invites links that travel in clear.
resource "google_compute_global_forwarding_rule" "host" {
  for_each              = { auth = google_compute_target_https_proxy.auth.id, api = google_compute_target_https_proxy.api.id }
  name                  = "hub-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  port_range            = "443"
  target                = each.value
  ip_address            = google_compute_global_address.host[each.key].id
}
