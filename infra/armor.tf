# What is refused before it reaches a function. The hub's own limits do not depend on it: Cloud Armor counts roughly, and by
# address. Rules are written out one by one: checks do not see static rules beside a dynamic one.

locals {
  # A rule wants at least one range; this one is for documentation (RFC 5737) and never on the wire.
  nobody = ["192.0.2.0/32"]

  denied_ranges = length(var.denied_addresses) > 0 ? var.denied_addresses : local.nobody

  # Only the most certain signatures (sensitivity 1): codes and states of banks look like anything.
  attacks = join(" || ", [for set in ["sqli-v33-stable", "xss-v33-stable", "lfi-v33-stable", "rce-v33-stable", "protocolattack-v33-stable"] :
  "evaluatePreconfiguredWaf('${set}', {'sensitivity': 1})"])
}

resource "google_compute_security_policy" "auth" {
  name        = "hub-auth"
  description = "Browsers: known attacks out, a person's pace."
  type        = "CLOUD_ARMOR"
  # Tells of floods that no rule is about.
  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }
  rule {
    description = "deny list"
    priority    = 100
    action      = "deny(403)"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = local.denied_ranges
      }
    }
  }
  rule {
    description = "known attacks"
    priority    = 1000
    action      = "deny(403)"
    preview     = var.waf_preview
    match {
      expr {
        expression = local.attacks
      }
    }
  }
  rule {
    # Alone in its rule: it is the one that follows new vulnerabilities (Log4j and the like).
    description = "new vulnerabilities"
    priority    = 1001
    action      = "deny(403)"
    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary')"
      }
    }
  }
  rule {
    description = "pace"
    priority    = 2000
    action      = "rate_based_ban"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = 600
      rate_limit_threshold {
        count        = var.edge_limits.auth.calls
        interval_sec = 60
      }
      ban_threshold {
        count        = var.edge_limits.auth.ban
        interval_sec = 60
      }
    }
  }
  rule {
    # Never reached, since the pace takes every address; it stands here for the day when somebody narrows that rule.
    description = "nothing else"
    priority    = 2147483647
    action      = "deny(403)"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_security_policy" "api" {
  name        = "hub-api"
  description = "CRMs: from where they said they come, at the pace of a program."
  type        = "CLOUD_ARMOR"
  # Bodies are JSON here: without this a brace would look like an attack.
  advanced_options_config {
    json_parsing = "STANDARD"
  }
  # Tells of floods that no rule is about.
  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }
  rule {
    description = "deny list"
    priority    = 100
    action      = "deny(403)"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = local.denied_ranges
      }
    }
  }
  rule {
    description = "known attacks"
    priority    = 1000
    action      = "deny(403)"
    preview     = var.waf_preview
    match {
      expr {
        expression = local.attacks
      }
    }
  }
  rule {
    description = "new vulnerabilities"
    priority    = 1001
    action      = "deny(403)"
    match {
      expr {
        expression = "evaluatePreconfiguredWaf('cve-canary')"
      }
    }
  }
  rule {
    description = "the CRM's addresses, at a pace"
    priority    = 2000
    action      = "rate_based_ban"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = length(var.crm.addresses) > 0 ? var.crm.addresses : ["*"]
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = 600
      rate_limit_threshold {
        count        = var.edge_limits.api.calls
        interval_sec = 60
      }
      ban_threshold {
        count        = var.edge_limits.api.ban
        interval_sec = 60
      }
    }
  }
  rule {
    description = "nobody else"
    priority    = 2147483647
    action      = "deny(403)"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
