#!/usr/bin/env python3
"""Compares alerts, dashboards and objectives of infra/monitoring with what is emitted, with the runbooks and with each other.

    monitoring.py [FOLDER]       FOLDER is the repository; else the one that this file is in

Every query is parsed as PromQL. Every metric that one names is in log-metrics.json, which is made from the code, or in
google-metrics.txt; its labels and their values, its kind and its resource are right; and each metric of log-metrics.json and
each `alert` of the code is used. Each alert has its chapter in docs/runbooks.md, and each chapter its alert. No tile of a
dashboard lies on another. Exit status 0 if all of that is so.
"""
import json
import pathlib
import re
import sys

import promql_parser
import yaml

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
MONITORING = ROOT / "infra" / "monitoring"
LOG = "logging.googleapis.com/user/"
SUFFIXES = ("_bucket", "_sum", "_count")
# Labels of the resource that every line of the hub is of.
RUN = {"project_id", "location", "service_name", "revision_name", "configuration_name"}
# Cloud Monitoring looks back no further.
LONGEST_HOURS = 25
SEVERITIES = {"CRITICAL", "WARNING"}
PARTS = ("Means", "Customers", "Look", "Do", "Escalate")

mistakes = []
compared = 0
used = set()


def text(*names):
    return (ROOT.joinpath(*names)).read_text()


def sources(*folders):
    """The code, without the catalogue of metrics: what only that says nobody emits."""
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.rs")))
    return "".join(path.read_text() for path in paths if "telemetry/metrics" not in path.as_posix())


def check(condition, what):
    """Counts a comparison, and keeps what is wrong."""
    global compared
    compared += 1
    if not condition:
        mistakes.append(what)
    return condition


CODE = sources("shared/src", "functions")
CODES = set(re.findall(r'^    [A-Z]\w+ "([a-z_]+)" [A-Z_]+ \w+', text("shared", "src", "http", "problem.rs"), re.M))
ROUTES = set(re.findall(r'Route::\w+\(\s*"(/[^"]*)"', CODE))
ALERTS = set(re.findall(r'\balert = "([a-z_]+)"', CODE)) | set(re.findall(r'let \(\w+, alert\) = \([^;]*"([a-z_]+)"\);', CODE))


def log_metrics():
    """The metrics made from log lines, by their whole names: kind, type, resources, labels."""
    made = json.loads((MONITORING / "log-metrics.json").read_text())
    return {LOG + name: ("DELTA", metric["metric_descriptor"]["value_type"], {"cloud_run_revision"},
                         {label["key"] for label in metric["metric_descriptor"]["labels"]} | RUN)
            for name, metric in made.items()}


def google_metrics():
    rows = {}
    for line in (MONITORING / "google-metrics.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, value, resources, labels = (cell.strip() for cell in line.split("|"))
            rows[name] = (kind, value, set(resources.split()), set(labels.split()))
    return rows


OURS = log_metrics()
METRICS = {**google_metrics(), **OURS}


def words():
    """What Terraform puts into alerts: thresholds by their defaults, and an example of what only a plan knows."""
    named = re.findall(r"^    (\w+)\s+= optional\(number, ([\d.]+)\)", text("infra", "variables-monitoring.tf"), re.M)
    check(named, "thresholds: none found; mend this test")
    template = re.search(r'"(sum by \(service_name\) .*)" if most > 1\]\)', text("infra", "monitoring", "main.tf")).group(1)
    most = template.replace('\\"', '"').replace("${name}", "callback").replace("${most}", "10")
    objectives = re.findall(r"slo_(\w+)\s+= local\.objective_names\.(\w+)", text("infra", "monitoring", "main.tf"))
    return {**dict(named), "instances_at_most": most, **{f"slo_{name}": f"projects/p/services/s/serviceLevelObjectives/{objective}" for name, objective in objectives}}


WORDS = words()


def rendered(file, template):
    """The text as Terraform's templatefile makes it; ${word}, ${word * 100} and ${word / 60} are known."""

    def value(found):
        word, sign, number = found.group(1), found.group(2), found.group(3)
        if not check(word in WORDS, f"{file}: there is no ${{{word}}} to put in"):
            return "1"
        used.add(word)
        if sign is None:
            return WORDS[word]
        return f"{float(WORDS[word]) * (float(number) if sign == '*' else 1 / float(number)):g}"

    return re.sub(r"\$\{(\w+)(?: ([*/]) (\d+))?\}", value, template)


def hours(span):
    return span.total_seconds() / 3600


def visit(node, around, file, labels_in_sight):
    """Walks a query: around are the names of functions and aggregations that the node stands in."""
    kind = type(node).__name__
    if kind == "VectorSelector":
        selector(node, around, file, labels_in_sight)
    elif kind == "MatrixSelector":
        check(hours(node.range) <= LONGEST_HOURS, f"{file}: looks back for more than {LONGEST_HOURS} hours")
        selector(node.vector_selector, [*around, "[]"], file, labels_in_sight)
    elif kind == "AggregateExpr":
        within = set()
        visit(node.expr, [*around, str(node.op)], file, within)
        by = set(node.modifier.labels) if node.modifier else set()
        for label in sorted(by - within - {"le"}):
            check(False, f"{file}: groups by {label}, which none of its metrics has")
        labels_in_sight |= by
    elif kind == "Call":
        for argument in node.args:
            visit(argument, [*around, node.func.name], file, labels_in_sight)
    elif kind == "BinaryExpr":
        paired(node, file)
        visit(node.lhs, around, file, labels_in_sight)
        visit(node.rhs, around, file, labels_in_sight)
    elif kind in ("ParenExpr", "UnaryExpr", "SubqueryExpr"):
        visit(node.expr, around, file, labels_in_sight)


def shape(node):
    """The labels that the series of a node are told apart by; None for a number, or where it cannot be known."""
    kind = type(node).__name__
    if kind == "AggregateExpr":
        return shape(node.expr) if str(node.op) == "topk" else set(node.modifier.labels if node.modifier else ())
    if kind == "Call":
        return (shape(node.args[1]) or set()) - {"le"} if node.func.name == "histogram_quantile" else None
    if kind == "BinaryExpr":
        return shape(node.lhs) or shape(node.rhs)
    return shape(node.expr) if kind == "ParenExpr" else None


def paired(node, file):
    """Series of both sides meet by their labels; where these differ nothing meets, and an alert is silent for ever."""
    left, right = shape(node.lhs), shape(node.rhs)
    if left is not None and right is not None and str(node.op) != "or" and not (node.modifier and node.modifier.matching):
        check(left == right, f"{file}: the sides of {node.op} never meet: {sorted(left)} and {sorted(right)}")


def selector(node, around, file, labels_in_sight):
    matchers = {matcher.name: matcher for matcher in node.matchers.matchers}
    name = node.name or (matchers["__name__"].value if "__name__" in matchers else None)
    if not check(name, f"{file}: a selector without the name of a metric"):
        return
    base = next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix) and name.removesuffix(suffix) in METRICS), name)
    if not check(base in METRICS, f"{file}: nothing emits the metric {name}"):
        return
    used.add(base)
    kind, value, resources, labels = METRICS[base]
    check((base != name) == (value == "DISTRIBUTION"), f"{file}: {name} is {value}: {'_bucket, _sum or _count is missing' if base == name else 'it has no such part'}")
    resource = matchers.get("monitored_resource")
    check(resource is not None and resource.value in resources, f"{file}: {name} is a metric of {' and '.join(resources)}, say so by monitored_resource")
    growing = {"rate", "increase"} & set(around)
    if "absent_over_time" not in around:
        check((kind == "DELTA") == bool(growing), f"{file}: {name} is {'counted, and wants rate or increase' if kind == 'DELTA' else 'no count, and wants neither rate nor increase'}")
    if "histogram_quantile" in around:
        check(name.endswith("_bucket"), f"{file}: histogram_quantile wants {base}_bucket")
    labels_in_sight |= labels
    for label, matcher in matchers.items():
        if label in ("__name__", "monitored_resource"):
            continue
        if check(label in labels, f"{file}: {name} has no label {label}") and base in OURS:
            for word in re.split(r"\|", matcher.value):
                known = CODES if label == "code" else ALERTS if label == "alert" else None
                check(word in known if known else f'"{word}"' in CODE, f"{file}: {label} of {name} is never {word}")
                if label == "alert":
                    used.add(word)


def query(file, promql):
    try:
        tree = promql_parser.parse(promql)
    except ValueError as error:
        check(False, f"{file}: no PromQL: {error}: {promql}")
        return
    visit(tree, [], file, set())


def log_filter(file, filter_):
    """A filter on log lines: what it asks of the hub's lines is in the code."""
    check(filter_.count("(") == filter_.count(")") and filter_.count('"') % 2 == 0, f"{file}: brackets or quotes are not closed: {filter_}")
    if re.search(r'resource\.type="(?!cloud_run_revision")', filter_):
        return  # lines of Google's own
    for field, values in re.findall(r'jsonPayload\.(\w+)(?:=|!=)(\([^)]*\)|"[^"]*")', filter_):
        for word in re.findall(r'"([^"]*)"', values):
            if field in ("alert", "alarm"):
                check(word in ALERTS, f"{file}: waits for {word}, which nothing raises")
                used.add(word)
            else:
                check(f'"{word}"' in CODE, f"{file}: no line of the hub has {field} {word}")
    for field in re.findall(r"jsonPayload\.(\w+)", filter_):
        field_known(file, field)


def field_known(file, field):
    """Fields are in camel case in the log; in the code their words are parted by dots or underscores."""
    parts = re.findall(r"^[a-z]+|[A-Z][a-z]*", field)
    pattern = r"[._]".join(part.lower() for part in parts)
    check(re.search(rf"\b{pattern}\b", CODE), f"{file}: no line of the hub has the field {field}")


def alert(path):
    file = f"alerts/{path.name}"
    policy = yaml.safe_load(rendered(file, path.read_text()))
    check(policy.get("displayName", "").startswith("Secure Hub: "), f"{file}: displayName begins with Secure Hub")
    check(policy.get("severity") in SEVERITIES, f"{file}: severity is one of {' and '.join(sorted(SEVERITIES))}")
    check(policy.get("combiner") in ("OR", "AND"), f"{file}: combiner is OR or AND")
    sentences = re.findall(r"[.!?](?= [A-Z]|$)", policy["documentation"]["content"].strip())
    check(len(sentences) == 2, f"{file}: documentation is two sentences, not {len(sentences)}")
    strategy = policy.get("alertStrategy", {})
    logs = [condition["conditionMatchedLog"] for condition in policy["conditions"] if "conditionMatchedLog" in condition]
    check(bool(logs) == ("notificationRateLimit" in strategy), f"{file}: a notificationRateLimit is for alerts on log lines, and each of them has one")
    burns = all("conditionThreshold" in condition for condition in policy["conditions"])
    check(burns or len(policy["conditions"]) == 1, f"{file}: only burn rates may be several conditions")
    for condition in policy["conditions"]:
        if "conditionPrometheusQueryLanguage" in condition:
            query(file, condition["conditionPrometheusQueryLanguage"]["query"])
        elif "conditionMatchedLog" in condition:
            log_filter(file, condition["conditionMatchedLog"]["filter"])
            for extractor in condition["conditionMatchedLog"].get("labelExtractors", {}).values():
                for field in re.findall(r"jsonPayload\.(\w+)", extractor):
                    field_known(file, field)
        else:
            check(condition["conditionThreshold"]["filter"].startswith("select_slo_burn_rate("), f"{file}: a threshold is for burn rates; for all else there is PromQL")


def dashboard(path):
    file = f"dashboards/{path.name}"
    layout = json.loads(path.read_text())["mosaicLayout"]
    taken = {}
    for tile in layout["tiles"]:
        widget = tile["widget"]
        title = widget.get("title", "")
        check(title, f"{file}: a tile without a title")
        check(tile["width"] >= 3 and tile["height"] >= 2, f"{file}: {title} is too small to be read")
        check(tile.get("xPos", 0) + tile["width"] <= layout["columns"], f"{file}: {title} sticks out on the right")
        cells = {(x, y) for x in range(tile.get("xPos", 0), tile.get("xPos", 0) + tile["width"]) for y in range(tile.get("yPos", 0), tile.get("yPos", 0) + tile["height"])}
        for other in sorted({taken[cell] for cell in cells & taken.keys()}):
            check(False, f"{file}: {title} lies on {other}")
        taken.update(dict.fromkeys(cells, title))
        for data in widget.get("xyChart", {}).get("dataSets", []):
            query(file, data["timeSeriesQuery"]["prometheusQuery"])
        if "logsPanel" in widget:
            log_filter(file, widget["logsPanel"]["filter"])


def jobs():
    """The alert on jobs that do not run knows every job."""
    scheduled = set(re.findall(r"^    ([\w-]+)\s+= {", re.search(r"  jobs = {\n(.*?)\n  }\n", text("infra", "jobs.tf"), re.S).group(1), re.M))
    watched = set(re.findall(r'job="([\w-]+)"', text("infra", "monitoring", "alerts", "job-missing.yaml")))
    check(scheduled and scheduled == watched, f"alerts/job-missing.yaml: watches {sorted(watched)}, and {sorted(scheduled)} are scheduled")


def objectives():
    file = "objectives.tf"
    told = text("infra", "monitoring", file)
    for name in re.findall(r'metric\.type=\\"([^\\"]+)\\"', told):
        check(name in METRICS, f"{file}: nothing emits the metric {name}")
        used.add(name)
    most, name = re.search(r"most   = (\d+)", told).group(1), re.search(r'values = "metric\.type=\\"[^"]*/(\w+)\\"', told).group(1)
    bounds = json.loads((MONITORING / "log-metrics.json").read_text())[name]["bounds"]
    check(float(most) in bounds, f"{file}: {name} is not counted up to {most}: its buckets end at {bounds}")
    own = {block: set(re.findall(r'"([^"]+)"', re.search(rf"{block} = \[(.*?)\]", told, re.S).group(1))) for block in ("own_faults", "own_paths")}
    for code in sorted(own["own_faults"]):
        check(code in CODES, f"{file}: there is no code {code}")
    for path in sorted(own["own_paths"]):
        check(path in ROUTES, f"{file}: there is no route {path}")


def runbooks(names):
    """A chapter for each alert, with what people on call need; and what it names is there."""
    file = "docs/runbooks.md"
    pieces = re.split(r"^### (\S+)\n", text("docs", "runbooks.md"), flags=re.M)
    chapters = dict(zip(pieces[1::2], pieces[2::2]))
    check(len(chapters) == len(pieces) // 2, f"{file}: a chapter stands there twice")
    for name in sorted(names - chapters.keys()):
        check(False, f"{file}: no chapter for the alert {name}")
    for name in sorted(chapters.keys() - names):
        check(False, f"{file}: {name} is no alert")
    known = {path.stem for path in (MONITORING / "dashboards").glob("*.json")}
    for name, chapter in chapters.items():
        for part in PARTS:
            check(f"**{part}**" in chapter, f"{file}: {name} does not say: {part}")
        for named in re.findall(r"dashboard `(\w+)`", chapter):
            check(named in known, f"{file}: {name} names the dashboard {named}, which is not there")
        for filter_ in re.findall(r"gcloud logging read '([^']*)'", chapter, re.M):
            log_filter(f"{file}, {name}", filter_)


def main():
    paths = sorted((MONITORING / "alerts").glob("*.yaml"))
    check(len(paths) > 20 and len(ALERTS) > 10 and len(CODES) > 30 and len(OURS) > 10, "too little found to compare; mend this test")
    for path in paths:
        alert(path)
    in_alerts = set(used)
    for path in sorted((MONITORING / "dashboards").glob("*.json")):
        dashboard(path)
    jobs()
    objectives()
    runbooks({path.stem for path in paths})
    for word in sorted(set(WORDS) - used):
        check(False, f"thresholds: no alert uses {word}")
    for name in sorted(set(METRICS) - used):
        check(False, f"{'log-metrics.json' if name in OURS else 'google-metrics.txt'}: nobody looks at {name}")
    for word in sorted(ALERTS - in_alerts):
        check(False, f"alerts: nobody is told of {word}, which the code raises")
    print("\n".join(mistakes + [f"{len(paths)} alerts, {compared} comparisons, {len(mistakes)} mistakes"]))
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
