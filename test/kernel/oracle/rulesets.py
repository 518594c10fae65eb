"""Loading iptables, ipset and nft rule sets; a refusal by the tool is an answer, not an error."""

import re
import time

from netlink import Netfilter
from nft import load_nft
from observe_legacy_trace import is_empty, registered_tables
from observe_nftrace import GET_RULE, text

BUILT_IN = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
RESTORE = {
    (4, "legacy"): "iptables-legacy-restore", (6, "legacy"): "ip6tables-legacy-restore",
    (4, "nft"): "iptables-nft-restore", (6, "nft"): "ip6tables-nft-restore",
}
TABLE_LINE = re.compile(r"^\*(\w+)", re.MULTILINE)
NFT_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
OWN_TABLES = "oracle-"
DESTROY_ATTEMPTS = 20
GET_TABLE = 1
NFPROTO_IPV4, NFPROTO_IPV6 = 2, 10


class Refused(Exception):
    """The tool or the kernel did not take a rule set; the text is the tool's own."""

    def __init__(self, tool, code, message):
        super().__init__(message.strip() or f"{tool} exited with {code}")
        self.tool, self.code = tool, code


def _empty(tables):
    parts = []
    for table in tables:
        chains = "".join(f":{chain} ACCEPT [0:0]\n" for chain in BUILT_IN.get(table, ()))
        parts.append(f"*{table}\n{chains}COMMIT\n")
    return "".join(parts)


class Rulesets:
    """What is loaded in one host."""

    def __init__(self, host, namespace, legacy_trace, nft_trace):
        self.host, self.namespace = host, namespace
        self.legacy_trace, self.nft_trace = legacy_trace, nft_trace
        self.loaded = {key: [] for key in RESTORE}
        # nft tables of an earlier load that were only emptied, because removing them takes ten times as long.
        self.emptied = {4: set(), 6: set()}
        self.native_nft = False
        # Asking ipset about none is two programs, for each ruleset that is loaded.
        self.may_have_sets = False

    def load(self, family, backend, rules, replace=True):
        """iptables-restore. With `replace`, the tables of this family and backend that the rules do not
        name are emptied too, and after a refusal all of them are."""
        key = (family, backend)
        tables = TABLE_LINE.findall(rules)
        stale = [table for table in self._existing(key) if table not in tables]
        tool = RESTORE[key]
        full = _empty(stale) + rules if replace else rules
        argv = [tool] if replace else [tool, "--noflush"]
        if not full.endswith("\n"):
            full += "\n"
        code, _, error = self.namespace.run(argv, full)
        self.forget()
        if code:
            if replace:
                self._clear(key)
            raise Refused(tool, code, error)
        if replace:
            if backend == "nft":
                self.emptied[family] = (self.emptied[family] | set(stale)) - set(tables)
            self.loaded[key] = tables
        else:
            self.loaded[key] += [table for table in tables if table not in self.loaded[key]]
        self._after()

    def _existing(self, key):
        if key[1] == "legacy":
            return registered_tables(self.namespace, key[0])
        return self.loaded[key]

    def _clear(self, key):
        tables = self._existing(key)
        if tables:
            self.namespace.run([RESTORE[key]], _empty(tables))
        if key[1] == "nft":
            self.emptied[key[0]] |= set(tables)
        self.loaded[key] = []
        self.forget()
        self._after()

    def _after(self):
        for family in (4, 6):
            key = (family, "legacy")
            self.legacy_trace.hide(family, [table for table in self._existing(key) if table not in self.loaded[key]])
            self.nft_trace.hide(family, self.emptied[family])
        self.nft_trace.listen(self.native_nft or any(self.loaded[family, "nft"] for family in (4, 6)))

    def load_sets(self, sets):
        """Replaces all sets. Rules that use them must go first, so all iptables tables are emptied."""
        for key in RESTORE:
            if self.loaded[key]:
                self._clear(key)
        # ipset cannot destroy sets from a restore file and create them again in the same one.
        self._destroy_sets()
        self.may_have_sets = True
        code, _, error = self.namespace.run(["ipset", "restore"], sets)
        if code:
            raise Refused("ipset", code, error)

    def _destroy_sets(self):
        """A list:set holds its members until it is empty, and the kernel lets go of them and of deleted nft
        rules a little later."""
        if not self.may_have_sets:
            return
        for attempt in range(DESTROY_ATTEMPTS):
            self.namespace.run(["ipset", "flush"])
            code, _, error = self.namespace.run(["ipset", "destroy"])
            if not code:
                self.may_have_sets = False
                return
            time.sleep(0.005 * (attempt + 1))
        raise Refused("ipset", code, error)

    def load_native(self, rules):
        code, _, error = self.namespace.run(["nft", "-f", "-"], rules)
        self.forget()
        if code:
            raise Refused("nft", code, error)
        self.native_nft = True
        self._after()

    def reset(self):
        for key in RESTORE:
            if key[1] == "legacy" and self._existing(key):
                self._clear(key)
        netfilter = Netfilter(self.namespace)
        lines = []
        for family, found in netfilter.dump_nft(GET_TABLE):
            name = text(found[1])
            if not name.startswith(OWN_TABLES):
                lines.append(f"delete table {NFT_FAMILIES[family]} {name}\n")
        netfilter.close()
        if lines:
            code, error = load_nft(self.namespace, "".join(lines))
            if code:
                raise Refused("nft", code, error)
        self.loaded = {key: [] for key in RESTORE}
        self.emptied = {4: set(), 6: set()}
        self.native_nft = False
        self._destroy_sets()
        self.forget()
        self._after()

    def forget(self):
        self.legacy_trace.forget()
        self.nft_trace.forget()

    def changed_from_outside(self):
        """A command may have done anything: see what is there now."""
        self.forget()
        self.may_have_sets = True
        for family in (4, 6):
            loaded = self.loaded[family, "legacy"]
            for table in registered_tables(self.namespace, family):
                # An empty table may be a leftover that only looks as if somebody wanted it.
                if table not in loaded and not is_empty(self.namespace, family, table):
                    loaded.append(table)
        netfilter = Netfilter(self.namespace)
        tables = {(family, text(found[1])) for family, found in netfilter.dump_nft(GET_TABLE)}
        filled = {(family, text(found[1])) for family, found in netfilter.dump_nft(GET_RULE)}
        netfilter.close()
        for family, number in ((4, NFPROTO_IPV4), (6, NFPROTO_IPV6)):
            self.emptied[family] = {
                name for name in self.emptied[family] if (number, name) in tables and (number, name) not in filled
            }
            self.loaded[family, "nft"] = [
                name for kind, name in tables if kind == number and name in BUILT_IN and name not in self.emptied[family]
            ]
        self.native_nft = any(
            not name.startswith(OWN_TABLES) and not (kind in (NFPROTO_IPV4, NFPROTO_IPV6) and name in BUILT_IN)
            for kind, name in tables
        )
        self._after()
