"""Two real BIRDs in namespaces of their own, of which the first reads one configuration after the other (`birdc configure`).

`reconfigure.py FOLDER`, with `{"a": [TEXT, ...], "b": TEXT, "wait": SECONDS}` on standard input; prints what both say after each, as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

NAMES = ["pp-conf-a", "pp-conf-b"]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


def build():
    for name in NAMES:
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
    run("ip", "-n", NAMES[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", NAMES[1])
    for number, name in enumerate(NAMES, 1):
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "addr", "add", f"10.9.0.{number}/24", "dev", "eth0")


def main(folder):
    asked = json.load(sys.stdin)
    processes = []
    with tempfile.TemporaryDirectory() as scratch:
        file = lambda name: os.path.join(scratch, f"{name}.cfg")
        control = lambda name: os.path.join(scratch, f"{name}.ctl")
        birdc = lambda name, *words: run(os.path.join(folder, "birdc"), "-s", control(name), *words).stdout

        def write(name, text):
            with open(file(name), "w") as handle:
                handle.write(text)

        try:
            build()
            write("a", asked["a"][0])
            write("b", asked["b"])
            for name, namespace in zip("ab", NAMES):
                processes.append(subprocess.Popen(
                    ["ip", "netns", "exec", namespace, os.path.join(folder, "bird"), "-f", "-s", control(name), "-c", file(name)],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and "Established" not in birdc("a", "show", "protocols"):
                time.sleep(0.2)
            said = []
            for step, text in enumerate(asked["a"]):
                if step > 0:
                    write("a", text)
                    birdc("a", "configure")
                time.sleep(asked["wait"])
                said.append({name: {"protocols": birdc(name, "show", "protocols", "all"), "routes": birdc(name, "show", "route")}
                             for name in "ab"})
            print(json.dumps(said))
        finally:
            for process in processes:
                process.terminate()
                process.wait()
            for name in NAMES:
                run("ip", "netns", "del", name)


main(*sys.argv[1:])
