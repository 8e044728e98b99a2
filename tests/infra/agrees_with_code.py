#!/usr/bin/env python3
"""Compares infra/ with the code, both ways: settings, routes at the edge, jobs, programs, and what
the commands of its README name. Alerts and dashboards are compared by monitoring.py.

    agrees_with_code.py [FOLDER]       FOLDER is the repository; else the one that this file is in
Exit status 0 if they agree.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
FUNCTIONS = ("account-proxy", "authorize-redirect", "callback", "token-refresh")
mistakes = []
compared = 0


def text(*names):
    return (ROOT.joinpath(*names)).read_text()


def same(what, code, infra):
    """Both sets hold the same; what stands on one side only is a mistake."""
    global compared
    compared += len(code | infra)
    if not code or not infra:
        mistakes.append(f"{what}: nothing found to compare; mend this test")
    mistakes.extend(f"{what}: {name} is in the code, and not in infra/" for name in sorted(code - infra))
    mistakes.extend(f"{what}: {name} is in infra/, and not in the code" for name in sorted(infra - code))


def settings():
    """What the functions must be told is told, and nothing that they do not read. The README's table is the code's own."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| [^|]* \| ([^|]*) \|", text("README.md"), re.M)
    known = {name for name, _ in rows}
    required = {name for name, default in rows if default.strip() == "required"}
    infra = text("infra", "functions.tf")
    given = set(re.findall(r"\b(HUB_[A-Z_]+|GOOGLE_CLOUD_PROJECT)\s+=", infra))
    same("settings", required | (given & known), given)


def certificates():
    """The header that the hub believes is one that the edge sets, on both of its sides."""
    named = set(re.findall(r'HUB_CLIENT_CERTIFICATE_HEADER\s+= "([^"]+)"', text("infra", "functions.tf")))
    told = re.findall(r'"(X-[\w-]+):(?:{client_cert_sha256_fingerprint})?"', text("infra", "edge.tf"))
    same("the header of the client's certificate", named, {name for name in told if told.count(name) == 2})


def routes_of(program):
    source = "".join(path.read_text() for path in (ROOT / "functions" / program / "src").rglob("*.rs"))
    return set(re.findall(r'Route::\w+\(\s*"(/[^"]*)"', source))


def edge(host):
    """The rules of one map, as (pattern, service), first to last, and the service for the rest."""
    tf = text("infra", "edge.tf")
    body = re.search(rf'resource "google_compute_url_map" "{host}" {{.*?\n}}\n', tf, re.S).group(0)
    rules = []
    for block in re.findall(r"    (?:path_rule|route_rules) {.*?\n    }\n", body, re.S):
        service = re.search(r'service\["([\w-]+)"\]', block).group(1)
        for path in re.findall(r'"(/[^"]*)"', block):
            whole = re.escape(path).replace(r"\*", "[^/]+")
            if path.endswith("/*") and "path_rule" in block:
                whole = re.escape(path[:-1]) + ".*"
            rules.append((re.compile(whole), service))
    return rules, re.search(r'default_service = \S+service\["([\w-]+)"\]', body).group(1)


def routes():
    """Every route of the code leads, at its host, to a service that runs the program that has it."""
    global compared
    services = dict(re.findall(r'^    ([\w-]+) = {\n      program = "([\w-]+)"', text("infra", "services.tf"), re.M))
    same("programs", set(FUNCTIONS), set(services.values()))
    maps = {host: edge(host) for host in ("auth", "api")}
    for program in FUNCTIONS:
        for route in routes_of(program):
            if route.startswith("/v1/jobs/"):
                continue  # behind no host
            host = "api" if route.startswith("/v1/") else "auth"
            path = re.sub(r"{\w+}", "x1", route)
            rules, otherwise = maps[host]
            service = next((service for pattern, service in rules if pattern.fullmatch(path)), otherwise)
            compared += 1
            if services.get(service) != program:
                mistakes.append(f"routes: {route} is {program}'s, and {host} leads it to {service}")


def table_of_rights():
    """services.tf's rights on keys, as {service: {key: right}}; signing is a key too."""
    tf = text("infra", "services.tf")
    rows = re.findall(r"^    ([\w-]+) = {\n(.*?)^    }", tf, re.M | re.S)
    table = {}
    for name, row in rows:
        table[name] = dict(re.findall(r'(\w+) = "(\w+)"', re.search(r"keys    = {(.*?)}", row).group(1)))
        table[name]["signing"] = re.search(r'signing = "(\w+)"', row).group(1)
    return table


def rows_of(name, columns):
    """The rows of a table in a document that begin with a service's name: {service: {column: cell}}."""
    head = next(line for line in name.splitlines() if all(f"`{column}`" in line for column in columns))
    titles = [cell.strip(" `") for cell in head.strip().strip("|").split("|")]
    found = {}
    for line in name.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if len(cells) == len(titles) and cells[0] in table_of_rights():
            found[cells[0]] = {title: cell for title, cell in zip(titles, cells) if title in columns}
    return found


def rights():
    """Both tables for people, in docs/cloud-kms.md and infra/README.md, say what services.tf says."""
    keys = ("flow", "tokens", "payloads", "signing")
    words = {"encrypt": "encrypter", "decrypt": "decrypter", "both": "encrypter and decrypter", "publish": "publisher", "sign": "signer"}
    letters = {"encrypt": "E", "decrypt": "D", "both": "E D", "publish": "P", "sign": "S"}
    for document, language in ((("docs", "cloud-kms.md"), words), (("infra", "README.md"), letters)):
        told = {f"{service}: {key} {cell}" for service, row in rows_of(text(*document), keys).items() for key, cell in row.items() if cell}
        given = {
            f"{service}: {key} {language[right]}"
            for service, row in table_of_rights().items() for key, right in row.items() if right != "none"
        }
        same(f"rights in {'/'.join(document)}", told, given)


def variables():
    """Every variable is judged by a sentence, or is yes or no; and for each that is judged a test has a wrong value."""
    global compared
    tested = "".join(path.read_text() for path in (ROOT / "infra").rglob("tests/*.tftest.hcl"))
    wrong = {name for listed in re.findall(r"expect_failures = \[(.*?)\]", tested, re.S) for name in re.findall(r"var\.(\w+)", listed)}
    for path in [*(ROOT / "infra").glob("variables*.tf"), ROOT / "infra" / "bootstrap" / "main.tf"]:
        for name, body in re.findall(r'^variable "(\w+)" {\n(.*?)^}', path.read_text(), re.M | re.S):
            compared += 1
            if "validation {" not in body and not re.search(r"type\s+= bool", body):
                mistakes.append(f"variables: {name} takes anything")
            if "validation {" in body and name not in wrong:
                mistakes.append(f"variables: no test has a wrong {name}")


def jobs():
    code = set(re.findall(r'^        "([\w-]+)" =>|"/v1/jobs/([\w-]+)"', text("functions", "token-refresh", "src", "lib.rs"), re.M))
    code = {name for names in code for name in names if name}
    block = re.search(r"  jobs = {\n(.*?)\n  }\n", text("infra", "jobs.tf"), re.S).group(1)
    same("jobs", code, set(re.findall(r"^    ([\w-]+)\s+= {", block, re.M)))


def image():
    bases = set(re.findall(r"^FROM (rust:\S+)", text("Dockerfile"), re.M))
    same("the builder, and the checks' image in the pipeline", bases, set(re.findall(r"name: (rust:\S+)", text("cloudbuild.yaml"))))
    checks = [text(name).split("steps:\n")[1] for name in ("cloudbuild.check.yaml", "cloudbuild.yaml")]
    first = [re.split(r"\n(?:timeout:|  # At the same time)", steps)[0].strip() for steps in checks]
    same("checks of what is proposed and of main", {first[1]}, {first[0]})
    same("programs of the image", set(FUNCTIONS) | {"hub"}, set(text("infra", "image", "programs").split()))


def trail():
    """The name by which the sinks know the hub's own audit lines."""
    stream = re.search(r'STREAM: &str = "(\w+)"', text("shared", "src", "ports", "audit.rs")).group(1)
    same("audit stream", {stream}, set(re.findall(r'jsonPayload\.target=\\"(\w+)\\"', text("infra", "audit.tf"))))


def readme():
    """What the commands of infra/README.md name is there: targets, outputs, variables, scripts."""
    global compared
    told = text("infra", "README.md")
    tf = "".join(path.read_text() for path in [*(ROOT / "infra").glob("*.tf"), *(ROOT / "infra" / "bootstrap").glob("*.tf")])
    wanted = [f'resource "{kind}" "{name}"' for kind, name in re.findall(r"-target=(\w+)\.(\w+)", told)]
    wanted += [f'output "{name}"' for name in re.findall(r"terraform output (\w+)", told)]
    wanted += [f'variable "{name}"' for name in re.findall(r"-var=(\w+)=", told)]
    for thing in wanted:
        compared += 1
        if thing not in tf:
            mistakes.append(f"infra/README.md: there is no {thing}")
    for path in re.findall(r"(?:^|[\s(`=])((?:infra|envs)/[\w./-]+[\w])", told):
        compared += 1
        if not (ROOT / path).exists() and not (ROOT / "infra" / path).exists():
            mistakes.append(f"infra/README.md: there is no {path}")


for comparison in (settings, certificates, variables, routes, rights, jobs, image, trail, readme):
    comparison()
print("\n".join(mistakes + [f"{compared} names compared, {len(mistakes)} differ"]))
sys.exit(1 if mistakes else 0)
