"""Prints dicts and lists as YAML, in the shape that kubectl and calicoctl use."""

import re

PLAIN = re.compile(r"^[A-Za-z_/.][A-Za-z0-9_./@%+=() ,;'-]*(:[A-Za-z0-9_./@%+=()-]+)*$")
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}


def scalar(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    ok = PLAIN.match(value) and value.lower() not in WORDS and value == value.strip()
    ok = ok or re.match(r"^\d+\.\d+\.\d+\.\d+(/\d+)?$", value)
    return value if ok else '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def yaml(value, indent=0):
    pad = "  " * indent
    if isinstance(value, dict):
        out = ""
        for key, item in value.items():
            key = scalar(key)
            if isinstance(item, str) and "\n" in item:
                out += f"{pad}{key}: |\n" + "".join(
                    f"{pad}  {row}\n" if row else "\n" for row in item.rstrip("\n").split("\n"))
            elif isinstance(item, dict) and item:
                out += f"{pad}{key}:\n" + yaml(item, indent + 1)
            elif isinstance(item, list) and item:
                out += f"{pad}{key}:\n" + yaml(item, indent)
            elif isinstance(item, (dict, list)):
                out += f"{pad}{key}: {'{}' if isinstance(item, dict) else '[]'}\n"
            else:
                out += f"{pad}{key}: {scalar(item)}\n"
        return out
    out = ""
    for item in value:
        if isinstance(item, (dict, list)) and item:
            out += pad + "- " + yaml(item, indent + 1)[len(pad) + 2:]
        else:
            out += f"{pad}- {scalar(item)}\n"
    return out


def flow(value):
    """One line: {a: b, c: [d, e]}"""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    text = scalar(value)
    return f'"{text}"' if isinstance(value, str) and text == value and re.search(r"[,\[\]{}]", text) else text
