# One Cloud Run service with an account of its own. What the account may do is said in the root (rights.tf), beside the
# things that it may do it with.

resource "google_service_account" "this" {
  account_id   = "hub-${var.name}"
  display_name = "Secure Hub: ${var.name}"
}

resource "google_cloud_run_v2_service" "this" {
  name                = "hub-${var.name}"
  location            = var.region
  ingress             = var.ingress
  deletion_protection = true
  custom_audiences    = var.audiences
  # Not an invoker `allUsers`, which organisations forbid with good reason.
  invoker_iam_disabled = var.invokers == "unchecked"

  binary_authorization {
    use_default = true
  }

  template {
    service_account                  = google_service_account.this.email
    timeout                          = "30s" # the hub ends its own work after as long (shared/src/http/layers.rs)
    max_instance_request_concurrency = var.concurrency
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2" # mounts of buckets need it
    encryption_key                   = var.storage_key

    scaling {
      min_instance_count = var.scaling.least
      max_instance_count = var.scaling.most
    }

    containers {
      image   = var.image
      command = ["/usr/local/bin/${var.program}"]

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = "1", memory = "512Mi" } # Cloud Run's least for this environment
        cpu_idle          = !var.cpu_always
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = var.settings
        content {
          name  = env.key
          value = env.value
        }
      }

      # The port opens only when store and keys answer, which may take as long as a network interface takes to come up.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 3
        failure_threshold = 24
        http_get {
          path = "/health"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/health"
        }
      }

      dynamic "volume_mounts" {
        for_each = var.secrets
        content {
          name       = volume_mounts.key
          mount_path = "/secrets/${volume_mounts.key}"
        }
      }

      volume_mounts {
        name       = "documents"
        mount_path = "/etc/hub"
      }
    }

    # `latest`: a volume follows new versions, and the hub reads its files again by itself.
    dynamic "volumes" {
      for_each = var.secrets
      content {
        name = volumes.key
        secret {
          secret       = volumes.value
          default_mode = 292 # 0444: the program runs as nobody in particular, and is the only one there
          items {
            version = "latest"
            path    = "current"
          }
        }
      }
    }

    volumes {
      name = "documents"
      gcs {
        bucket    = var.documents
        read_only = true
      }
    }

    vpc_access {
      egress    = "ALL_TRAFFIC"
      connector = var.network.connector
      dynamic "network_interfaces" {
        for_each = var.network.subnetwork == null ? [] : [var.network.subnetwork]
        content {
          subnetwork = network_interfaces.value
          tags       = ["hub"]
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    # The deploy build's: an apply must not undo a canary.
    ignore_changes = [
      client, client_version, traffic,
      template[0].containers[0].image, template[0].revision, template[0].labels,
    ]
  }
}
