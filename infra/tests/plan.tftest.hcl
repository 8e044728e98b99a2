# What must be true of any plan, however its variables are chosen. Plans only: what is protected from destruction cannot be
# torn down after an applied run.
mock_provider "google" {
  override_during = plan
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/hub-test/serviceAccounts/mocked@hub-test.iam.gserviceaccount.com"
      email  = "mocked@hub-test.iam.gserviceaccount.com"
      member = "serviceAccount:mocked@hub-test.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_cloud_run_v2_service" {
    defaults = { uri = "https://hub-mocked.run.app" }
  }
  mock_data "google_kms_crypto_key_version" {
    defaults = { public_key = [{ algorithm = "EC_SIGN_P256_SHA256", pem = "-----BEGIN PUBLIC KEY-----" }] }
  }
}

# Names that tell one thing from another, where a test asks which of them is meant.
override_resource {
  target          = google_compute_security_policy.api
  override_during = plan
  values          = { id = "armor-api" }
}
override_resource {
  target          = google_compute_security_policy.auth
  override_during = plan
  values          = { id = "armor-auth" }
}
override_resource {
  target          = google_network_security_server_tls_policy.crm
  override_during = plan
  values          = { id = "mutual-tls" }
}
override_resource {
  target          = google_kms_crypto_key.purpose["flow"]
  override_during = plan
  values          = { id = "key-flow" }
}
override_resource {
  target          = google_kms_crypto_key.purpose["tokens"]
  override_during = plan
  values          = { id = "key-tokens" }
}
override_resource {
  target          = google_kms_crypto_key.purpose["payloads"]
  override_during = plan
  values          = { id = "key-payloads" }
}
override_resource {
  target          = google_kms_crypto_key.storage
  override_during = plan
  values          = { id = "key-storage" }
}
override_resource {
  target          = module.service["callback"].google_service_account.this
  override_during = plan
  values          = { member = "serviceAccount:callback", name = "callback", email = "callback" }
}
override_resource {
  target          = google_service_account.deploy
  override_during = plan
  values          = { member = "serviceAccount:deploy", name = "deploy", email = "deploy", id = "deploy" }
}
override_resource {
  target          = google_service_account.scheduler
  override_during = plan
  values          = { member = "serviceAccount:scheduler", name = "scheduler", email = "scheduler" }
}

# The design's table of rights, written down a second time and by hand: what services.tf says must come out as this.
run "rights_on_keys" {
  command = plan
  assert {
    condition = { for name, given in google_kms_crypto_key_iam_member.service : name => trimprefix(given.role, "roles/cloudkms.cryptoKey") } == {
      "authorize-redirect/flow" = "Encrypter"
      "callback/flow"           = "EncrypterDecrypter"
      "callback/tokens"         = "Encrypter"
      "account-proxy/tokens"    = "EncrypterDecrypter"
      "account-proxy/payloads"  = "EncrypterDecrypter"
      "token-refresh/tokens"    = "EncrypterDecrypter"
      "token-refresh/payloads"  = "Encrypter"
      "rewrap/tokens"           = "EncrypterDecrypter"
      "rewrap/payloads"         = "EncrypterDecrypter"
    }
    error_message = "Rights on keys differ from the design's table. Callback may encrypt tokens and nothing more; who is not named has none."
  }
  assert {
    condition     = alltrue([for name, given in google_kms_crypto_key_iam_member.service : !(startswith(name, "callback/tokens") && strcontains(given.role, "Decrypter"))])
    error_message = "callback must not decrypt tokens."
  }
  assert {
    condition     = toset([for given in values(google_kms_crypto_key_iam_member.service) : "${given.crypto_key_id} ${given.role}" if given.member == "serviceAccount:callback"]) == toset(["key-flow roles/cloudkms.cryptoKeyEncrypterDecrypter", "key-tokens roles/cloudkms.cryptoKeyEncrypter"])
    error_message = "What callback's account really holds: flow, and tokens to encrypt only."
  }
  assert {
    condition     = toset([for given in values(google_kms_crypto_key_iam_member.agent) : given.crypto_key_id]) == toset(["key-storage"])
    error_message = "Google's services use the key of storage and none of the hub's."
  }
  assert {
    condition     = [for given in concat(values(google_kms_crypto_key_iam_member.service), values(google_kms_crypto_key_iam_member.signing), values(google_kms_crypto_key_iam_member.seal)) : given.member if contains(["serviceAccount:deploy", "serviceAccount:scheduler"], given.member)] == []
    error_message = "Neither the deployment nor the scheduler holds a key of the functions."
  }
  assert {
    condition = { for name, given in google_kms_crypto_key_iam_member.signing : name => given.role } == {
      "authorize-page/roles/cloudkms.publicKeyViewer" = "roles/cloudkms.publicKeyViewer"
      "authorize-page/roles/cloudkms.viewer"          = "roles/cloudkms.viewer"
      "token-refresh/roles/cloudkms.signerVerifier"   = "roles/cloudkms.signerVerifier"
      "token-refresh/roles/cloudkms.viewer"           = "roles/cloudkms.viewer"
    }
    error_message = "Only token-refresh signs with the hub's name; authorize-page publishes the public half."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.seal)) == toset(["authorize-redirect/main", "callback/main", "account-proxy/main", "token-refresh/main"])
    error_message = "Seals are for the functions that call banks."
  }
  assert {
    condition     = alltrue([for given in google_kms_key_ring_iam_member.administrators : given.role == "roles/cloudkms.admin" && given.member == "group:keys@example.com"])
    error_message = "Who administers keys has that role and no other."
  }
}

run "every_key_is_protected" {
  command = plan
  assert {
    condition     = alltrue([for key in concat(values(google_kms_crypto_key.purpose), [google_kms_crypto_key.storage]) : key.rotation_period == "7776000s" && key.version_template[0].protection_level == "HSM"])
    error_message = "Keys that encrypt are in hardware and rotate every 90 days."
  }
  assert {
    condition     = alltrue([for key in concat(values(google_kms_crypto_key.seal), [google_kms_crypto_key.signing], google_kms_crypto_key.attestor) : key.purpose == "ASYMMETRIC_SIGN" && key.version_template[0].protection_level == "HSM"])
    error_message = "Keys that sign are in hardware."
  }
  assert {
    condition     = google_kms_crypto_key.seal["main"].import_only && google_kms_key_ring_import_job.seal["main"].import_method == "RSA_OAEP_4096_SHA256_AES_256"
    error_message = "A seal's key that comes from outside comes in wrapped."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key.purpose)) == toset(["flow", "tokens", "payloads"])
    error_message = "One key for each purpose."
  }
}

run "only_what_browsers_call_is_public" {
  command = plan
  assert {
    condition     = toset([for name, service in module.service : name if service.service.invoker_iam_disabled && service.service.ingress != "INGRESS_TRAFFIC_INTERNAL_ONLY"]) == toset(["callback", "authorize-page"])
    error_message = "Only what browsers call may be invoked without an identity: callback, and the page that sends browsers to the bank."
  }
  assert {
    condition     = alltrue([for name, service in module.service : contains(["INGRESS_TRAFFIC_INTERNAL_ONLY", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"], service.service.ingress)])
    error_message = "No service is reached past the load balancer."
  }
  assert {
    condition     = alltrue([for name in ["token-refresh", "rewrap"] : module.service[name].service.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY"])
    error_message = "Jobs are internal."
  }
  assert {
    condition     = alltrue([for name in ["token-refresh", "rewrap"] : module.service[name].service.invoker_iam_disabled && length(module.service[name].service.custom_audiences) == 0])
    error_message = "The hub alone judges the scheduler: Cloud Run would take the signature off the only token that it sends."
  }
  assert {
    condition = alltrue([for given in concat(
      values(google_cloud_run_v2_service_iam_member.crm), values(google_cloud_run_v2_service_iam_member.smoke),
    values(google_cloud_run_v2_service_iam_member.deploy)) : given.member == null || !contains(["allUsers", "allAuthenticatedUsers"], given.member)])
    error_message = "Nobody in general is an invoker."
  }
  assert {
    condition     = toset([for given in values(google_cloud_run_v2_service_iam_member.crm) : split("/", given.member)[0]]) == toset(["serviceAccount:crm@crm-test.iam.gserviceaccount.com"]) && length(google_cloud_run_v2_service_iam_member.crm) == 2
    error_message = "The CRM may invoke authorize-redirect and account-proxy, and nobody else may."
  }
}

run "a_crm_elsewhere_gets_one_identity_for_one_subject" {
  command = plan
  variables {
    crm = {
      federation    = { issuer = "https://login.crm.example", subject = "crm-backend" }
      trust_anchors = ["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
      hosts         = ["crm.example"]
    }
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.crm[0].attribute_condition == "assertion.sub == 'crm-backend'" && endswith(google_service_account_iam_member.crm[0].member, "/workloadIdentityPools/hub-crm/subject/crm-backend")
    error_message = "One subject of the issuer is the CRM, and no other."
  }
  assert {
    condition     = google_service_account_iam_member.crm[0].role == "roles/iam.serviceAccountOpenIdTokenCreator" && toset(keys(google_cloud_run_v2_service_iam_member.crm)) == toset(["authorize-redirect/federated", "account-proxy/federated"])
    error_message = "It gets identity tokens for the API, and nothing else."
  }
}

run "each_function_has_an_identity_of_its_own" {
  command = plan
  assert {
    condition     = toset(keys(module.service)) == toset(["authorize-redirect", "authorize-page", "callback", "account-proxy", "token-refresh", "rewrap"])
    error_message = "Six services of three programs and one more."
  }
  assert {
    condition     = alltrue([for service in module.service : service.service.binary_authorization[0].use_default && service.service.deletion_protection && can(regex("@sha256:", service.service.template[0].containers[0].image))])
    error_message = "Services run attested images by digest and cannot be deleted by accident."
  }
  assert {
    condition     = alltrue([for service in module.service : service.service.template[0].vpc_access[0].egress == "ALL_TRAFFIC"])
    error_message = "Everything leaves through the hub's own network."
  }
  assert {
    condition     = alltrue([for name in local.bank_callers : module.service[name].service.template[0].containers[0].resources[0].cpu_idle == false])
    error_message = "What was begun at a bank outlives the call that began it, and needs the processor."
  }
}

run "tokens_are_made_for_one_purpose" {
  command = plan
  assert {
    condition = { for name, service in module.service : name => join(" ", service.service.custom_audiences) } == {
      authorize-redirect = "https://api.hub.example"
      account-proxy      = "https://api.hub.example"
      token-refresh      = ""
      rewrap             = ""
      authorize-page     = ""
      callback           = ""
    }
    error_message = "Where Cloud Run checks who invokes, it asks for what the hub asks for."
  }
  assert {
    condition = { for name, service in module.service : name => join(" ", [for variable in service.service.template[0].containers[0].env : variable.value if variable.name == "HUB_AUDIENCE"]) } == {
      authorize-redirect = "https://api.hub.example"
      account-proxy      = "https://api.hub.example"
      token-refresh      = "https://api.hub.example/v1/jobs"
      rewrap             = "https://api.hub.example/v1/jobs"
      authorize-page     = "https://api.hub.example"
      callback           = "https://api.hub.example"
    }
    error_message = "The hub asks for the audience that it is told. A token for the API opens no job, and the reverse."
  }
}

run "who_calls_no_bank_cannot" {
  command = plan
  assert {
    condition     = { for name, side in local.side_of : name => side } == { authorize-redirect = "outside", authorize-page = "inside", callback = "outside", account-proxy = "outside", token-refresh = "outside", rewrap = "inside" }
    error_message = "Only who calls banks or the CRM has a way out."
  }
  assert {
    condition     = length(google_compute_router_nat.hub.subnetwork) == 1 && google_compute_router_nat.hub.nat_ip_allocate_option == "MANUAL_ONLY"
    error_message = "NAT is for one subnetwork, with addresses that do not change."
  }
  assert {
    condition     = length(google_compute_address.egress) == 2 && length(output.egress_addresses) == 2
    error_message = "Banks get two addresses."
  }
  assert {
    condition     = google_compute_network_firewall_policy_rule.nothing_else["EGRESS"].action == "deny" && tolist(google_compute_network_firewall_policy_rule.nothing_else["EGRESS"].match[0].dest_ip_ranges) == tolist(["0.0.0.0/0"])
    error_message = "What is not allowed is refused."
  }
  assert {
    condition     = tolist(google_compute_network_firewall_policy_rule.outside[0].match[0].dest_fqdns) == tolist(["crm.example", "xs2a.bank.example"]) && tolist(google_compute_network_firewall_policy_rule.outside[0].match[0].src_ip_ranges) == tolist(["10.8.0.0/24"])
    error_message = "Only named hosts, and only from the outer subnetwork."
  }
}

run "the_connector_takes_the_outer_subnetworks_place" {
  command = plan
  variables {
    egress = { way = "connector" }
  }
  assert {
    condition     = local.network_of["callback"].subnetwork == null && local.network_of["rewrap"].connector == null && length(google_vpc_access_connector.outside) == 1
    error_message = "With a connector, who calls banks goes through it, and nobody else does."
  }
  assert {
    condition     = contains(google_compute_network_firewall_policy_rule.outside[0].match[0].src_ip_ranges, "10.8.2.0/28")
    error_message = "The connector's range may reach banks."
  }
}

run "secrets_are_readable_by_functions_alone" {
  command = plan
  assert {
    condition = toset([for name in keys(google_secret_manager_secret_iam_member.identity) : split("/", name)[0]]) == toset(["authorize-redirect", "callback", "account-proxy", "token-refresh"]) && { for name, service in module.service : name => join(" ", [for variable in service.service.template[0].containers[0].env : variable.value if variable.name == "HUB_REACH"]) } == {
      authorize-redirect = "banks"
      callback           = "banks"
      account-proxy      = "banks"
      token-refresh      = "banks"
      authorize-page     = "google"
      rewrap             = "google"
    }
    error_message = "Who calls no bank reads no identity, is told so, and serves nothing that would call one."
  }
  assert {
    condition     = alltrue([for given in concat(values(google_secret_manager_secret_iam_member.identity), values(google_secret_manager_secret_iam_member.pseudonym)) : given.role == "roles/secretmanager.secretAccessor"])
    error_message = "Functions read secrets."
  }
  assert {
    condition     = alltrue([for given in google_secret_manager_secret_iam_member.certificates : given.role == "roles/secretmanager.secretVersionAdder"])
    error_message = "Who adds certificates cannot read them."
  }
  assert {
    condition     = alltrue([for secret in concat(values(google_secret_manager_secret.identity), [google_secret_manager_secret.pseudonym]) : secret.deletion_protection && length(secret.replication[0].user_managed[0].replicas[0].customer_managed_encryption) == 1 && secret.replication[0].user_managed[0].replicas[0].location == "europe-west3"])
    error_message = "Secrets are protected, encrypted with our key, and stay in the region."
  }
  assert {
    condition     = toset(keys(google_secret_manager_secret.identity)) == toset(["main"])
    error_message = "One secret for each identity, key and chain together."
  }
}

run "the_store_is_what_the_code_asks_for" {
  command = plan
  assert {
    condition     = alltrue([for database in google_firestore_database.hub : database.delete_protection_state == "DELETE_PROTECTION_ENABLED" && database.deletion_policy == "ABANDON" && database.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && length(database.cmek_config) == 1])
    error_message = "Databases are protected, recoverable and encrypted with our key."
  }
  assert {
    condition     = length(google_firestore_field.unindexed) == length(jsondecode(file("firestore.json")).collections)
    error_message = "No collection is indexed by itself."
  }
  assert {
    condition     = length(google_firestore_index.query) + length(google_firestore_field.indexed) == length(jsondecode(file("firestore.json")).indexes)
    error_message = "Every index of the code is there."
  }
  assert {
    condition     = length(google_firestore_field.time_to_live) == length(jsondecode(file("firestore.json")).times_to_live)
    error_message = "Every time to live of the code is there."
  }
  assert {
    condition     = toset([for schedule in google_firestore_backup_schedule.hub : schedule.retention]) == toset(["604800s", "8467200s"])
    error_message = "Backups: daily for a week, weekly for fourteen."
  }
  assert {
    condition     = alltrue([for given in google_project_iam_member.store : given.role == "roles/datastore.user" && given.condition[0].expression == "resource.name == \"projects/hub-test/databases/hub-counters\" || resource.name == \"projects/hub-test/databases/hub-data\""])
    error_message = "Functions reach the hub's databases by their whole names, and no other."
  }
}

run "jobs_knock_with_an_identity" {
  command = plan
  assert {
    condition     = toset(keys(google_cloud_scheduler_job.job)) == toset(["refresh-tokens", "refresh-balances", "expiry-watch", "deliver-events", "rewrap"])
    error_message = "Every job of the code has its schedule."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.job : job.http_target[0].http_method == "POST" && length(job.http_target[0].oidc_token) == 1 && length(job.http_target[0].oauth_token) == 0])
    error_message = "Jobs carry an identity token."
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.job : job.http_target[0].oidc_token[0].service_account_email == "scheduler" && job.http_target[0].oidc_token[0].audience == "https://api.hub.example/v1/jobs"])
    error_message = "The token is the scheduler's, made for jobs and nothing else."
  }
}

run "without_queues_nobody_may_fill_one" {
  command = plan
  assert {
    condition     = length(google_cloud_tasks_queue.group) == 0 && length(google_service_account.tasks) == 0 && length(google_cloud_tasks_queue_iam_member.enqueuer) == 0 && length(google_service_account_iam_member.enqueuer) == 0
    error_message = "Where there is no queue, nobody has a right on one."
  }
}

run "queues_have_an_identity_of_their_own" {
  command = plan
  variables {
    task_queues = { large-banks = { per_second = 20, at_once = 40 } }
  }
  assert {
    condition     = toset(keys(google_cloud_tasks_queue_iam_member.enqueuer)) == toset(["large-banks"]) && length(google_service_account_iam_member.enqueuer) == 1
    error_message = "token-refresh fills a queue, whose calls carry the identity of the tasks' account."
  }
}

run "who_tries_new_revisions_can_only_knock" {
  command = plan
  assert {
    condition     = length(google_cloud_run_v2_job.smoke.template[0].template[0].containers[0].env) == 0 && length(google_cloud_run_v2_job.smoke.template[0].template[0].volumes) == 0
    error_message = "The smoke job has neither settings nor files."
  }
  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.smoke)) == toset([for name, service in module.service : name if !service.service.invoker_iam_disabled])
    error_message = "It may knock wherever Cloud Run asks who knocks."
  }
}

run "jobs_by_shard" {
  command = plan
  variables {
    job_shards = 16
  }
  assert {
    condition     = length(google_cloud_scheduler_job.job) == 35 && endswith(google_cloud_scheduler_job.job["refresh-balances-15"].http_target[0].uri, "/v1/jobs/refresh-balances?shard=15")
    error_message = "Two jobs in sixteen calls each, three in one."
  }
  assert {
    condition     = toset([for name, job in google_cloud_scheduler_job.job : job.schedule if startswith(name, "refresh-")]) == toset(["* * * * *"])
    error_message = "By shard a run comes every minute."
  }
}

run "the_edge" {
  command = plan
  assert {
    condition     = google_compute_target_https_proxy.auth.server_tls_policy == null && google_compute_target_https_proxy.api.server_tls_policy == "mutual-tls" && google_network_security_server_tls_policy.crm.mtls_policy[0].client_validation_mode == "REJECT_INVALID"
    error_message = "CRMs show a certificate, browsers are not asked for one."
  }
  assert {
    condition     = { for name, backend in google_compute_backend_service.service : name => backend.security_policy } == { authorize-redirect = "armor-api", account-proxy = "armor-api", authorize-page = "armor-auth", callback = "armor-auth" }
    error_message = "Every backend is behind Cloud Armor, by the rules of its host."
  }
  assert {
    condition     = alltrue([for backend in google_compute_backend_service.service : backend.log_config[0].enable && backend.log_config[0].sample_rate == 1])
    error_message = "Every call at the edge is logged."
  }
  assert {
    condition     = toset(keys(google_compute_backend_service.service)) == toset(["authorize-redirect", "authorize-page", "callback", "account-proxy"])
    error_message = "Jobs are not behind the load balancer."
  }
  assert {
    condition     = google_compute_ssl_policy.modern.min_tls_version == "TLS_1_2" && google_compute_ssl_policy.modern.profile == "RESTRICTED"
    error_message = "TLS 1.2 or better, with forward secrecy."
  }
  assert {
    condition     = alltrue([for rule in google_compute_global_forwarding_rule.host : rule.port_range == "443"])
    error_message = "No plain HTTP."
  }
  assert {
    condition     = [for rule in google_compute_security_policy.api.rule : rule.action if rule.priority == 2147483647] == ["deny(403)"] && [for rule in google_compute_security_policy.auth.rule : rule.action if rule.priority == 2000] == ["rate_based_ban"]
    error_message = "The CRM's side refuses by default; the browsers' side has a pace."
  }
}

run "images_and_pipeline" {
  command = plan
  assert {
    condition     = google_binary_authorization_policy.hub.default_admission_rule[0].evaluation_mode == "REQUIRE_ATTESTATION" && google_binary_authorization_policy.hub.default_admission_rule[0].enforcement_mode == "ENFORCED_BLOCK_AND_AUDIT_LOG"
    error_message = "Only attested images run."
  }
  assert {
    condition     = google_artifact_registry_repository.hub[0].docker_config[0].immutable_tags
    error_message = "A tag means one image for ever."
  }
  assert {
    condition     = google_cloudbuild_trigger.deploy.approval_config[0].approval_required == false
    error_message = "Only prod waits for a person."
  }
  assert {
    condition     = length(setintersection(local.build_roles, ["roles/owner", "roles/editor", "roles/run.admin"])) == 0 && length(setintersection(local.deploy_roles, ["roles/owner", "roles/editor", "roles/run.admin"])) == 0
    error_message = "Neither build nor deployment may do everything."
  }
  assert {
    condition     = google_project_iam_member.check[0].role == "roles/logging.logWriter" && google_cloudbuild_trigger.check[0].repository_event_config[0].pull_request[0].comment_control == "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    error_message = "What is proposed is run by who may do nothing, and strangers' proposals when somebody has said so."
  }
}

run "who_pulls_images_may_see_who_vouched" {
  command = plan
  variables {
    pipeline = {
      repository = "projects/hub-test/locations/europe-west3/connections/code/repositories/hub"
      builds     = true
      readers    = ["serviceAccount:hub-deploy@hub-prod.iam.gserviceaccount.com"]
      verifiers  = ["serviceAccount:service-210987654321@gcp-sa-binaryauthorization.iam.gserviceaccount.com"]
      attestors  = ["projects/hub-test/attestors/built-by-cloud-build"]
    }
  }
  assert {
    condition     = toset(keys(google_artifact_registry_repository_iam_member.readers)) == toset(["deploy", "serviceAccount:hub-deploy@hub-prod.iam.gserviceaccount.com"]) && toset([for given in google_binary_authorization_attestor_iam_member.verifiers : given.attestor]) == toset(["built-by-cloud-build", "hub-tried"])
    error_message = "Another environment pulls images and asks both attestors, and nothing else."
  }
}

run "prod_builds_nothing_and_waits_for_a_person" {
  command = plan
  variables {
    environment      = "prod"
    bank_environment = "live"
    pipeline = {
      repository = "projects/hub-test/locations/europe-west3/connections/code/repositories/hub"
      builds     = false
      registry   = "europe-west3-docker.pkg.dev/hub-stage/hub"
      attestors  = ["projects/hub-stage/attestors/built-by-cloud-build", "projects/hub-stage/attestors/hub-tried"]
    }
  }
  assert {
    condition     = google_cloudbuild_trigger.deploy.approval_config[0].approval_required && length(google_cloudbuild_trigger.build) + length(google_cloudbuild_trigger.check) == 0 && length(google_artifact_registry_repository.hub) == 0
    error_message = "The same digest goes to prod, after approval, and nothing is built there."
  }
}

run "the_trail" {
  command = plan
  assert {
    condition     = google_logging_project_bucket_config.audit.locked && google_logging_project_bucket_config.audit.retention_days == 1830
    error_message = "The trail is locked for as long as the law wants."
  }
  assert {
    condition     = google_logging_project_sink.audit.filter == google_logging_project_sink.siem.filter && strcontains(google_logging_project_sink.audit.filter, "jsonPayload.target=\"audit\"")
    error_message = "The SIEM sees what auditors see, the hub's own lines included."
  }
  assert {
    condition     = alltrue([for config in google_project_iam_audit_config.data : toset(config.audit_log_config[*].log_type) == toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])])
    error_message = "Every look at keys, secrets and data is on record."
  }
  assert {
    condition     = alltrue([for exclusion in google_logging_project_exclusion.default : alltrue([for part in split(" OR ", exclusion.filter) : strcontains(google_logging_project_sink.audit.filter, part)])])
    error_message = "What the default bucket does not keep, the audit bucket does."
  }
}

run "organisation_policies_are_a_switch" {
  command = plan
  variables {
    organisation_policies = true
  }
  assert {
    condition     = tolist(google_org_policy_policy.allowed["gcp.resourceLocations"].spec[0].rules[0].values[0].allowed_values) == tolist(["in:eu-locations"])
    error_message = "Data stays in the European Union."
  }
  assert {
    condition     = contains(google_org_policy_policy.refused["gcp.restrictNonCmekServices"].spec[0].rules[0].values[0].denied_values, "firestore.googleapis.com")
    error_message = "What holds data is encrypted with our keys."
  }
}
