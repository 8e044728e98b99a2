#!/usr/bin/env python3
"""Proof that the checks of infra/ check: makes known mistakes in copies of it, and wants each of them caught.

    seeded_mistakes.py terraform TOOL...   by the plan tests; TOOL is the command that runs them on a folder
    seeded_mistakes.py checkov             by checkov, each of our own policies at least once
    seeded_mistakes.py code                by the comparison with the code (agrees_with_code.py)
    seeded_mistakes.py monitoring          by the comparison of alerts, dashboards and runbooks (monitoring.py)
    seeded_mistakes.py image               by hadolint, on the Dockerfile

Exit status 0 if all are caught. The copies are made in a temporary folder.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"

# (what goes wrong, file, text, text instead, a part of the sentence that tells it)
BY_PLAN = [
    ("a function is made public", "services.tf",
     'program = "account-proxy", public = false', 'program = "account-proxy", public = true',
     "Only what browsers call may be invoked"),
    ("Cloud Run takes the signature off the scheduler's token", "functions.tf",
     "service.public || service.host == null", "service.public",
     "The hub alone judges the scheduler"),
    ("a program without banks reads what banks know us by", "secrets.tf",
     "for service in local.bank_callers", "for service in keys(local.services)",
     "Who calls no bank reads no identity"),
    ("a program without banks serves everything", "functions.tf",
     'service.banks ? "banks" : "google"', '"banks"',
     "Who calls no bank reads no identity"),
    ("callback may decrypt tokens", "services.tf",
     'flow = "both", tokens = "encrypt"', 'flow = "both", tokens = "both"',
     "callback must not decrypt tokens"),
    ("account-proxy signs with the hub's name", "services.tf",
     'keys    = { tokens = "both", payloads = "both" }, signing = "none"', 'keys    = { tokens = "both", payloads = "both" }, signing = "sign"',
     "Only token-refresh signs"),
    ("the page for browsers gets a way out", "services.tf",
     'program = "authorize-redirect", public = true, host = "auth", banks = false',
     'program = "authorize-redirect", public = true, host = "auth", banks = true',
     "Only who calls banks or the CRM has a way out"),
    ("the CRM may invoke the browsers' side too", "rights.tf",
     'if service.host == "api"', "if service.host != null",
     "The CRM may invoke authorize-redirect and account-proxy"),
    ("a right on databases by the beginning of a name", "rights.tf",
     'resource.name == \\"projects', 'resource.name.startsWith(\\"projects',
     "by their whole names"),
    ("the deployment may use keys of the hub", "keys.tf",
     'member      = var.people.keys', 'member      = google_service_account.deploy.member',
     "Who administers keys"),
    ("keys rotate once a year", "keys.tf",
     'rotation_period            = "7776000s" # 90 days; the job rewrap moves what is older',
     'rotation_period            = "31536000s"', "rotate every 90 days"),
    ("who adds certificates may read them", "secrets.tf",
     "roles/secretmanager.secretVersionAdder", "roles/secretmanager.secretAccessor",
     "Who adds certificates cannot read them"),
    ("a token for the API opens jobs", "functions.tf",
     'service.program == "token-refresh" ? "https://${var.hosts.api}/v1/jobs"', 'service.program == "token-refresh" ? "https://${var.hosts.api}"',
     "A token for the API opens no job"),
    ("a function is not told what tokens must be made for", "functions.tf",
     "settings    = local.settings_of[each.key]", "settings    = local.settings",
     "The hub asks for the audience"),
    ("a time to live is forgotten", "store.tf",
     '"${entry.collection}/${entry.field}" => entry }', '"${entry.collection}/${entry.field}" => entry if entry.database == "hub" }',
     "Every time to live of the code"),
    ("an index is forgotten", "store.tf", "if length(entry.fields) > 1", "if length(entry.fields) > 2",
     "Every index of the code"),
    ("a job is forgotten", "jobs.tf", "    expiry-watch     = {", "    expiry-look      = {",
     "Every job of the code has its schedule"),
    ("prod is deployed without approval", "pipeline.tf",
     'approval_required = var.environment == "prod"', "approval_required = false",
     "after approval"),
    ("the trail stays open", "audit.tf", "locked         = var.audit.locked", "locked         = false",
     "The trail is locked"),
    ("the CRM's side takes what no rule names", "armor.tf",
     'description = "nobody else"\n    priority    = 2147483647\n    action      = "deny(403)"',
     'description = "nobody else"\n    priority    = 2147483647\n    action      = "allow"',
     "refuses by default"),
    ("browsers are behind the CRM's rules", "edge.tf",
     'each.value.host == "api" ? google_compute_security_policy.api.id', 'each.value.host != null ? google_compute_security_policy.api.id',
     "by the rules of its host"),
    ("the processor is taken away after the answer", "services.tf",
     'host = "auth", banks = true, internet = false, cpu = "always"', 'host = "auth", banks = true, internet = false, cpu = "request"',
     "needs the processor"),
    ("a critical alert that wakes nobody", "monitoring/main.tf",
     'each.value.severity == "CRITICAL" ? tolist(var.pagers) : []', '[]', "Critical alerts go to the pagers"),
    ("an alert that leads to the page and no chapter", "monitoring/main.tf",
     'url          = "${var.runbooks}#${each.key}"', 'url          = var.runbooks', "leads to its own chapter"),
    ("an alert on log lines without a limit", "monitoring/main.tf",
     "for_each = try([alert_strategy.value.notificationRateLimit], [])", "for_each = []", "wants a limit for alerts on log lines"),
    ("an objective that asks for less", "monitoring/objectives.tf", "goal = 0.995", "goal = 0.95", "99.5 % without a fault"),
    ("a check from outside where nobody is let in", "monitoring/uptime.tf",
     "host = var.hosts.api, path = null", 'host = var.hosts.api, path = "/health"', "it lets nobody in without a certificate"),
    ("a metric whose labels stay empty", "monitoring/log-metrics.tf",
     "label_extractors = each.value.label_extractors", "label_extractors = {}", "Every label is filled"),
    ("an alert on instances that knows no environment", "monitoring.tf",
     "lookup(var.scaling, name, { least = 0, most = 10 }).most", "10", "how many there may be"),
]

# (what goes wrong, file, text, text instead, the policy that tells it); an empty text adds to the end
BY_POLICY = [
    ("a service that answers the whole internet", "modules/service/main.tf",
     "ingress             = var.ingress", 'ingress             = "INGRESS_TRAFFIC_ALL"', "CKV2_HUB_1"),
    ("a service that leaves past the hub's network", "modules/service/main.tf",
     'egress    = "ALL_TRAFFIC"', 'egress    = "PRIVATE_RANGES_ONLY"', "CKV2_HUB_2"),
    ("any image runs", "modules/service/main.tf", "use_default = true", "use_default = false", "CKV2_HUB_3"),
    ("everybody may read documents", "documents.tf",
     "member   = module.service[each.key].member", 'member   = "allUsers"', "CKV2_HUB_4"),
    ("a role on the whole project", "jobs.tf",
     "role    = google_project_iam_custom_role.operator.name", 'role    = "roles/cloudkms.cryptoKeyDecrypter"', "CKV2_HUB_5"),
    ("rights that overwrite others", "rights.tf", "",
     'resource "google_project_iam_binding" "seed" {\n  project = var.project_id\n  role    = "roles/viewer"\n  members = [var.people.operators]\n}\n', "CKV2_HUB_6"),
    ("a key of an account", "jobs.tf", "",
     'resource "google_service_account_key" "seed" {\n  service_account_id = google_service_account.tasks.name\n}\n', "CKV2_HUB_7"),
    ("the value of a secret", "secrets.tf", "",
     'resource "google_secret_manager_secret_version" "seed" {\n  secret      = google_secret_manager_secret.pseudonym.id\n  secret_data = "0"\n}\n', "CKV2_HUB_8"),
    ("a key without protection", "keys.tf",
     "    # Without these keys every token and every answer is lost for good.\n    prevent_destroy = true", "    prevent_destroy = false", "CKV2_HUB_9"),
    ("a key in software", "seals.tf", 'protection_level = "HSM"', 'protection_level = "SOFTWARE"', "CKV2_HUB_9"),
    ("a secret without protection", "secrets.tf",
     "deletion_protection = true\n  replication {\n    user_managed {\n      replicas {\n        location = var.region\n        customer_managed_encryption {\n          kms_key_name = google_kms_crypto_key.storage.id\n        }\n      }\n    }\n  }\n  lifecycle",
     "replication {\n    auto {}\n  }\n  lifecycle", "CKV2_HUB_10"),
    ("a database that can be deleted", "store.tf",
     'delete_protection_state           = "DELETE_PROTECTION_ENABLED"', 'delete_protection_state           = "DELETE_PROTECTION_DISABLED"', "CKV2_HUB_11"),
    ("addresses that change", "network.tf", '"MANUAL_ONLY"', '"AUTO_ONLY"', "CKV2_HUB_12"),
    ("a rule that lets everything out", "firewall.tf", "dest_ip_ranges = [local.restricted_range]", 'dest_ip_ranges = ["0.0.0.0/0"]', "CKV2_HUB_13"),
    ("calls at the edge that nobody logs", "edge.tf", "sample_rate = 1", "sample_rate = 0.1", "CKV2_HUB_14"),
    ("early data", "edge.tf", 'tls_early_data = "DISABLED"', 'tls_early_data = "PERMISSIVE"', "CKV2_HUB_15"),
    ("client certificates that need not be valid", "edge.tf", '"REJECT_INVALID"', '"ALLOW_INVALID_OR_MISSING_CLIENT_CERT"', "CKV2_HUB_16"),
    ("a sink that writes as somebody else", "audit.tf", "unique_writer_identity = true", "unique_writer_identity = false", "CKV2_HUB_17"),
    ("a job without an identity", "jobs.tf",
     "    oidc_token {\n      service_account_email = google_service_account.scheduler.email\n      audience              = local.audience_of[each.value.service]\n    }\n", "", "CKV2_HUB_18"),
    ("messages in any region", "audit.tf",
     "  message_storage_policy {\n    allowed_persistence_regions = [var.region]\n  }\n", "", "CKV2_HUB_19"),
    ("tags that move", "images.tf", "immutable_tags = true", "immutable_tags = false", "CKV2_HUB_20"),
    ("images that are only noted", "images.tf", "ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY", "CKV2_HUB_21"),
    ("an old version of TLS", "edge.tf", '"TLS_1_2"', '"TLS_1_0"', "CKV2_HUB_22"),
    ("a bucket that may be public", "documents.tf", 'public_access_prevention    = "enforced"', 'public_access_prevention    = "inherited"', "CKV_GCP_114"),
]

BY_CODE = [
    ("a setting that nobody reads", "functions.tf", "HUB_COUNTERS ", "HUB_COUNTER ", "HUB_COUNTER is in infra/"),
    ("a setting that is wanted is not given", "functions.tf", "    HUB_EGRESS_ADDRESS            = google_compute_address.egress[0].address\n", "",
     "HUB_EGRESS_ADDRESS is in the code"),
    ("a route that leads to another function", "edge.tf", '"/v1/sessions/*/renewal"', '"/v1/sessions/*/renew"', "/v1/sessions/{session}/renewal is authorize-redirect's"),
    ("a route of browsers at the wrong service", "edge.tf", '["/authorize/*", ', "[", "/authorize/{ticket} is authorize-redirect's"),
    ("a variable that takes anything", "variables.tf", "",
     'variable "seed" {\n  description = "Anything."\n  type        = string\n}\n', "seed takes anything"),
    ("a wrong value that no test has", "tests/variables.tftest.hcl", "var.job_shards, ", "", "no test has a wrong job_shards"),
    ("a right that no document tells of", "services.tf", 'keys    = { tokens = "both", payloads = "encrypt" }', 'keys    = { tokens = "both", payloads = "both" }',
     "token-refresh: payloads encrypter and decrypter is in infra/"),
    ("a right that is told and not given", "services.tf", 'keys    = { flow = "encrypt" }', "keys    = {}",
     "rights in docs/cloud-kms.md: authorize-redirect: flow encrypter is in the code"),
    ("a job that the code does not know", "jobs.tf", "    expiry-watch     = {", "    expiry-look      = {", "expiry-look is in infra/"),
    ("a trail under another name", "audit.tf", 'target=\\"audit\\"', 'target=\\"trail\\"', "trail is in infra/"),
    ("a command of the README that leads nowhere", "README.md", "-target=google_storage_bucket.documents", "-target=google_storage_bucket.papers",
     'there is no resource "google_storage_bucket" "papers"'),
    ("a program that is not in the image", "image/programs", "callback\n", "", "programs of the image: callback"),
]

BY_MONITORING = [
    ("an alert on a metric that nobody emits", "monitoring/alerts/bank-limits-us.yaml", "user/hub_bank_rate_limited", "user/hub_bank_limited",
     "bank-limits-us.yaml: nothing emits the metric logging.googleapis.com/user/hub_bank_limited"),
    ("a metric that nobody looks at", "monitoring/log-metrics.json", "{\n",
     '{\n  "hub_nobody": {"metric_descriptor": {"value_type": "INT64", "labels": []}},\n', "nobody looks at logging.googleapis.com/user/hub_nobody"),
    ("a metric of Google's that there is not", "monitoring/alerts/slow-starts.yaml", "startup_latencies_bucket", "startup_latency_bucket",
     "nothing emits the metric run.googleapis.com/container/startup_latency_bucket"),
    ("a metric of Google's that nobody looks at", "monitoring/google-metrics.txt", "",
     "run.googleapis.com/container/cpu/utilizations | DELTA | DISTRIBUTION | cloud_run_revision | service_name\n", "nobody looks at run.googleapis.com/container/cpu/utilizations"),
    ("a dashboard on a metric that nobody emits", "monitoring/dashboards/refresh.json", "user/hub_job_runs", "user/hub_runs",
     "refresh.json: nothing emits the metric logging.googleapis.com/user/hub_runs"),
    ("a tile that lies on another", "monitoring/dashboards/cost.json", '"xPos": 4,', '"xPos": 3,', "cost.json: Time of instances that is billed, by service lies on Requests, by service"),
    ("a tile that sticks out", "monitoring/dashboards/banks.json", '"xPos": 8,', '"xPos": 9,', "sticks out on the right"),
    ("a tile without a title", "monitoring/dashboards/crypto.json", '"title": "Cloud KMS: operations a second, by method"', '"title": ""', "crypto.json: a tile without a title"),
    ("a query that is none", "monitoring/alerts/keys-slow.yaml", "(rate(", "(rate", "keys-slow.yaml: no PromQL"),
    ("a distribution asked for its value", "monitoring/alerts/memory-short.yaml", "utilizations_bucket", "utilizations", "_bucket, _sum or _count is missing"),
    ("a count without rate or increase", "monitoring/alerts/circuit-opened.yaml", "increase(", "max_over_time(", "circuit-opened.yaml: logging.googleapis.com/user/hub_circuit_changes is counted"),
    ("a value with increase", "monitoring/alerts/unreachable.yaml", "max_over_time(", "increase(", "is no count, and wants neither"),
    ("a label that the metric has not", "monitoring/alerts/quota-used-up.yaml", "sum by (bank)", "sum by (account)", "groups by account, which none"),
    ("a matcher on a label that the metric has not", "monitoring/alerts/job-failed.yaml", 'outcome="failed"', 'result="failed"', "has no label result"),
    ("a value that a label never has", "monitoring/alerts/revocation-failed.yaml", 'outcome="pending"', 'outcome="unsettled_yet"', "is never unsettled_yet"),
    ("a code that there is not", "monitoring/alerts/store-failing.yaml", 'code="store_unavailable"', 'code="store_gone"', "code of logging.googleapis.com/user/hub_refusals is never store_gone"),
    ("sides that never meet", "monitoring/alerts/events-failing.yaml", "unless sum by (tenant)", "unless sum by (outcome)", "the sides of unless never meet"),
    ("a job that nobody misses", "jobs.tf", "    deliver-events   = {", "    deliver-news     = {", "alerts/job-missing.yaml: watches"),
    ("a resource left out", "monitoring/alerts/keys-failing.yaml", 'monitored_resource="consumed_api", ', "", "keys-failing.yaml: serviceruntime.googleapis.com/api/request_count is a metric of consumed_api"),
    ("a look back over more than Cloud Monitoring allows", "monitoring/alerts/no-certificate-report.yaml", "[25h]", "[26h]", "looks back for more than 25 hours"),
    ("a threshold that there is not", "monitoring/alerts/bank-errors.yaml", "${bank_errors * 100}", "${bank_error * 100}", "there is no ${bank_error} to put in"),
    ("a threshold that no alert uses", "variables-monitoring.tf", "    bank_calls ", "    bank_callers = optional(number, 1)\n    bank_calls ", "no alert uses bank_callers"),
    ("an alert on a word that nothing raises", "monitoring/alerts/token-at-risk.yaml", 'alert="token_at_risk"', 'alert="token_in_danger"', "waits for token_in_danger, which nothing raises"),
    ("a word of the code that nobody is told of", "monitoring/alerts/snapshots-failing.yaml", ' OR "snapshot_not_told"', "", "nobody is told of snapshot_not_told"),
    ("a message that no line has", "monitoring/alerts/program-panicked.yaml", 'message="the program panicked"', 'message="the program is in panic"', "no line of the hub has message the program is in panic"),
    ("a field that no line has", "monitoring/alerts/program-panicked.yaml", "jsonPayload.panicLocation", "jsonPayload.panicPlace", "no line of the hub has the field panicPlace"),
    ("an alert on log lines without a limit", "monitoring/alerts/certificate-refused.yaml", "  notificationRateLimit:\n    period: 300s\n", "", "certificate-refused.yaml: a notificationRateLimit is for"),
    ("an alert without severity", "monitoring/alerts/foreign-objects.yaml", "severity: CRITICAL\n", "", "foreign-objects.yaml: severity is one of"),
    ("a documentation that goes on", "monitoring/alerts/job-missing.yaml", "The scheduler is paused", "Do not panic. The scheduler is paused", "documentation is two sentences, not 3"),
    ("an alert without a chapter", "../docs/runbooks.md", "### edge-denials\n", "", "no chapter for the alert edge-denials"),
    ("a chapter without an alert", "../docs/runbooks.md", "### queue-late\n", "### queue-late\n\n### queue-early\n", "queue-early is no alert"),
    ("a chapter that does not say what to do", "../docs/runbooks.md", "- **Do**: put the records back;", "- Put the records back;", "edge-certificate-ends does not say: Do"),
    ("a chapter that names a dashboard that there is not", "../docs/runbooks.md", "dashboard `crypto`, time by method", "dashboard `keys`, time by method", "keys-slow names the dashboard keys"),
    ("an objective over a route that there is not", "monitoring/objectives.tf", '"/v1/banks/{bank}"', '"/v1/bank/{bank}"', "there is no route /v1/bank/{bank}"),
    ("an objective over a code that there is not", "monitoring/objectives.tf", '"timed_out"', '"out_of_time"', "there is no code out_of_time"),
]

BY_HADOLINT = [
    ("a base by tag", "Dockerfile", "cc-debian12:nonroot@sha256:", "cc-debian12:latest #", "DL3007"),
    ("a base without any name of a version", "Dockerfile", "FROM rust:1.95-bookworm@sha256:", "FROM rust #", "DL3006"),
    ("root", "Dockerfile", "USER 65532:65532", "USER root", "DL3002"),
    ("a folder that changes by itself", "Dockerfile", "WORKDIR /src", "WORKDIR src", "DL3000"),
]


def spoiled(seeds, folder):
    """A copy of infra/ with all of these mistakes."""
    copy = pathlib.Path(folder) / "infra"
    shutil.copytree(INFRA, copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    for what, name, text, instead, _ in seeds:
        path = copy / name
        whole = path.read_text()
        if text and text not in whole:
            sys.exit(f"seeded_mistakes: {name} has changed; mend the seed: {what}")
        path.write_text(whole.replace(text, instead, 1) if text else whole + "\n" + instead)
    return copy


def judge(seeds, told):
    """Prints which of the seeds were told, and says whether all were."""
    missed = [what for what, *_, sign in seeds if sign not in told]
    for what in missed:
        print(f"NOT CAUGHT: {what}")
    print(f"{len(seeds) - len(missed)} of {len(seeds)} seeded mistakes caught")
    return 1 if missed else 0


def by_plan(tool):
    with tempfile.TemporaryDirectory() as folder:
        copy = spoiled(BY_PLAN, folder)
        run = subprocess.run([*tool, str(copy), "--", "-filter=tests/plan.tftest.hcl", "-filter=tests/monitoring.tftest.hcl"], capture_output=True, text=True, check=False)
        told = re.sub(r"\s+", " ", run.stdout + run.stderr)
    if run.returncode == 0 or "Failure!" not in told:
        sys.exit("seeded_mistakes: the plan tests did not run to their end:\n" + run.stdout + run.stderr)
    return judge(BY_PLAN, told)


def by_policy():
    with tempfile.TemporaryDirectory() as folder:
        copy = spoiled(BY_POLICY, folder)
        run = subprocess.run(
            ["checkov", "--directory", str(copy), "--framework", "terraform", "--external-checks-dir", str(copy / "policies"),
             "--skip-download", "--compact", "--output", "json"],
            capture_output=True, text=True, check=False)
    told = {check["check_id"] for check in json.loads(run.stdout)["results"]["failed_checks"]}
    ours = {re.search(r"id: (\S+)", path.read_text()).group(1) for path in (INFRA / "policies").glob("*.yaml")}
    unproven = ours - {sign for *_, sign in BY_POLICY}
    if unproven:
        sys.exit(f"seeded_mistakes: nothing breaks {', '.join(sorted(unproven))}; add a seed")
    return judge(BY_POLICY, told)


def by_code():
    with tempfile.TemporaryDirectory() as folder:
        spoiled(BY_CODE, folder)
        for name in ("Dockerfile", "README.md", "cloudbuild.yaml", "cloudbuild.check.yaml", "docs", "functions", "shared"):
            (pathlib.Path(folder) / name).symlink_to(ROOT / name)
        run = subprocess.run([sys.executable, ROOT / "tests/infra/agrees_with_code.py", folder], capture_output=True, text=True, check=False)
    return judge(BY_CODE, run.stdout)


def by_monitoring():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "docs", pathlib.Path(folder) / "docs")
        spoiled(BY_MONITORING, folder)
        for name in ("functions", "shared"):
            (pathlib.Path(folder) / name).symlink_to(ROOT / name)
        run = subprocess.run([sys.executable, ROOT / "tests/infra/monitoring.py", folder], capture_output=True, text=True, check=False)
    return judge(BY_MONITORING, run.stdout + run.stderr)


def by_hadolint():
    with tempfile.TemporaryDirectory() as folder:
        told = ""
        for number, (what, name, old, new, _) in enumerate(BY_HADOLINT):
            text = (ROOT / name).read_text()
            if old not in text:
                sys.exit(f"seeded_mistakes: {name} has changed; mend the seed: {what}")
            path = pathlib.Path(folder) / f"{name}.{number}"
            path.write_text(re.sub(r" #[0-9a-f]{64}", "", text.replace(old, new, 1)))
            told += subprocess.run(["hadolint", "--no-color", path], capture_output=True, text=True, check=False).stdout
    return judge(BY_HADOLINT, told)


def main():
    if sys.argv[1:2] == ["terraform"] and len(sys.argv) > 2:
        return by_plan(sys.argv[2:])
    if sys.argv[1:] == ["checkov"]:
        return by_policy()
    if sys.argv[1:] == ["code"]:
        return by_code()
    if sys.argv[1:] == ["monitoring"]:
        return by_monitoring()
    if sys.argv[1:] == ["image"]:
        return by_hadolint()
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
