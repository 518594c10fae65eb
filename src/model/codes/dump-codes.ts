import type { CodeTable } from "./code-page.ts";

/** What happens to the text of any dump: pasting, cutting, wrapping, and lines that a reader does not understand. */
export const DUMP_CODES = {
  "counter-twice": {
    title: "A counter with two values",
    means: "Counters of one name stand in the file twice, from two moments. The first counts.",
    todo: "Nothing, or collect nstat -az again.",
  },
  "cut-line": {
    title: "The end of a line is missing",
    means:
      "A pager or a terminal cut the line off. What stood after it is lost, and the answer asks about it where it matters.",
    todo: "Collect the file again, into a file instead of onto the screen.",
  },
  "damaged-line": {
    title: "A line that is only half understood",
    means: "An option has no value or a wrong one, so the item could mean anything: it was left out.",
    todo: "Collect the file again.",
  },
  "firewall-summary": {
    title: "A front end of the firewall is active",
    means:
      "ufw or firewalld says what it allows, in its own words. That is a summary, not the rules, and decides about no packet: the rules that it made do.",
    todo: "Collect iptables-save -c, ip6tables-save -c and nft -j list ruleset of the machine.",
  },
  "html-entities": {
    title: "HTML entities in a dump",
    means: "The dump went through a web page. `&lt;` and the like were decoded; nothing is lost.",
    todo: "Nothing.",
  },
  "ignored-option": {
    title: "An option that changes no answer",
    means: "The option is known and has no effect on where packets go, or on nothing that podpath models.",
    todo: "Nothing.",
  },
  "invalid-json": {
    title: "Damaged JSON",
    means: "A part of the file cannot be parsed. It was left out; the elements before and after it were read.",
    todo: "Collect the file again with the tool's -j.",
  },
  "log-too-long": {
    title: "A log has more lines about the network than are read",
    means:
      "The first thousand lines that speak of packets, sessions or addresses are evidence; what comes behind them is not looked at.",
    todo: "Give the part of the log that is of the time of the incident.",
  },
  "lossy-dump": {
    title: "The output of a tool that leaves things out",
    means:
      "The tool does not print all that decides about packets. What it leaves out is assumed to be as usual; the message says what that is.",
    todo: "Collect the dump that the message names.",
  },
  "says-nothing-new": {
    title: "Output that other dumps tell better",
    means: "The lines are understood and not used: another dump of the same machine says the same and more.",
    todo: "Nothing, if that dump is there.",
  },
  "tool-error": {
    title: "An error message where output should be",
    means: "The command failed, and its complaint landed in the file. The line was left out.",
    todo: "Run the command again as root, where the tool is installed.",
  },
  "recent-without-clock": {
    title: "Lists of recent addresses without the time",
    means:
      "Packets in /proc/net/xt_recent are stamped with jiffies, and nothing tells which jiffy it was. Rules with --seconds are uncertain for the addresses listed.",
    todo: "Take the lists again together with two lines of /proc/timer_list: grep -m2 -e ^now -e ^jiffies /proc/timer_list.",
  },
  "truncated-dump": {
    title: "The end of a dump is missing",
    means: "The dump stops in the middle. What is missing is unknown, not absent.",
    todo: "Collect the file again.",
  },
  typography: {
    title: "Typographic quotes, dashes or blanks",
    means: "A chat or a word processor replaced plain characters. They were put back; nothing is lost.",
    todo: "Nothing.",
  },
  "unknown-line": {
    title: "A line that was not understood",
    means: "The line is none that the tool prints, as far as podpath knows. It has no effect on any answer.",
    todo: "If it is a remark, nothing. If the tool printed it, the answer may lack what it says: report it.",
  },
  "unmodelled-option": {
    title: "An option that podpath does not model",
    means: "The option is known and could change where packets go; podpath goes on as if it were not there.",
    todo: "Where a packet meets this item, do not rely on the answer for what the option does.",
  },
  "unread-counters": {
    title: "Sentences of netstat -s that are not read",
    means:
      "netstat -s prints counters as sentences, and podpath knows those about IP, ICMP, TCP and UDP. The others are left out.",
    todo: "Collect nstat -az, which prints every counter by its name.",
  },
  "unreadable-address": {
    title: "An address that cannot be read",
    means: "Where an address or a prefix should stand is something else. The item was left out.",
    todo: "Collect the file again, or correct the line.",
  },
  "unsupported-format": {
    title: "An output format that is not read",
    means: "The tool can print this format; podpath does not read it. The file was left out.",
    todo: "Collect it in the format that the message expects.",
  },
} as const satisfies CodeTable;
