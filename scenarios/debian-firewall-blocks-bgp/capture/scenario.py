"""Writes scenario.yaml and measured.json from what was measured."""

import json

from yaml_out import flow, yaml

# Measured probes that get a name of their own and stand first.
HEADLINES = {
    "a-to-c": ("pod/default/a", "pod/default/c", "ping"),
    "a-to-b": ("pod/default/a", "pod/default/b", "ping"),
    "a-to-apiserver": ("pod/default/a", "service/default/kubernetes:443", "connect"),
    "a-pings-apiserver": ("pod/default/a", "10.96.0.1", "ping"),
    "a-to-dns": ("pod/default/a", "service/kube-system/kube-dns:53", "request"),
    "c-to-dns": ("pod/default/c", "service/kube-system/kube-dns:53", "request"),
}

ALLOW = "iptables -I INPUT -s 172.16.0.0/24 -p tcp --dport 179 -j ACCEPT"


def named(measured):
    """The headline probes first, under their own names; then all others."""
    headlines, others = {}, []
    for answer in measured:
        key = (answer["from"], answer["to"], answer["kind"])
        name = next((n for n, wanted in HEADLINES.items() if wanted == key), None)
        if name:
            headlines[name] = dict(answer, name=name)
        else:
            others.append(answer)
    return [headlines[name] for name in HEADLINES if name in headlines] + others


def probe_line(answer):
    probe = {key: answer[key] for key in ("name", "from", "to", "kind", "proto", "port") if key in answer}
    probe["expect"] = {"result": answer["result"]}
    if "hops" in answer:
        probe["expect"]["hops"] = answer["hops"]
    return f"  - {flow(probe)}\n"


def fix_block(fix):
    out = f"  - name: {fix['name']}\n    changes:\n"
    for host in fix["hosts"]:
        out += f"      - exec: {{host: {host}, command: \"{ALLOW}\"}}\n"
    out += "    expect:\n"
    for name, answer in fix["answers"].items():
        out += f"      {name}: {{result: {answer['result']}}}\n"
    return out


def scenario_yaml(variant, measured, fixes):
    out = yaml({"apiVersion": "podpath/v1", "kind": "Scenario", "metadata": {"name": variant.scenario_name},
                "title": variant.title, "symptom": variant.symptom, "network": {"snapshot": "./snapshot"}})
    out += "\n# Every expectation below was measured; capture/README.md says how, measured.json holds the outputs.\nprobes:\n"
    out += "".join(probe_line(answer) for answer in named(measured))
    if fixes:
        out += "\n# Each was applied to the broken cluster and measured.\nfixes:\n" + "".join(map(fix_block, fixes))
    return out + "\n" + yaml({"lesson": variant.lesson})


def measured_json(measured, fixes, facts):
    rows = ",\n".join("  " + json.dumps(answer) for answer in named(measured))
    extra = json.dumps({"facts": facts, "fixes": fixes}, indent=1)[1:-1].strip("\n")
    return "{\n" + extra + ",\n \"probes\": [\n" + rows + "\n ]\n}\n"
