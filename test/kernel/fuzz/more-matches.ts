import fc from "fast-check";
import { port } from "./pools.ts";
import type { RulePlace } from "./rule.ts";

type Words = fc.WeightedArbitrary<string>;

const one = (...texts: readonly string[]): Words => ({ weight: 1, arbitrary: fc.constantFrom(...texts) });

/** Matches beside the frequent ones, each in some of its spellings; what they demand of the rule is met by the place alone. */
export function moreMatches(place: RulePlace, negation: fc.Arbitrary<string>): readonly Words[] {
  const { family } = place.words;
  const hooks = (...allowed: readonly string[]): boolean => place.hooks.every((hook) => allowed.includes(hook));
  const choices: Words[] = [
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          negation,
          fc.constantFrom("src", "dst"),
          fc.constantFrom(
            "UNSPEC",
            "LOCAL,MULTICAST",
            // Refused for IPv6.
            ...(family === 4 ? ["PROHIBIT", "THROW", "NAT", "XRESOLVE"] : []),
          ),
        )
        .map(([no, side, type]) => `-m addrtype ${no}--${side}-type ${type}`),
    },
    one(
      "-m conntrack --ctproto 6",
      "-m conntrack ! --ctproto 17",
      family === 4 ? "-m conntrack --ctproto 1" : "-m conntrack --ctproto 58",
    ),
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          negation,
          fc.constantFrom("ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport"),
          port,
          fc.constantFrom(0, 0, 5, 1000),
        )
        .map(
          ([no, name, first, more]) => `-m conntrack ${no}--${name} ${first}${more === 0 ? "" : `:${first + more}`}`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(negation, fc.constantFrom("ctorigsrc", "ctrepldst"), place.words.network)
        .map(([no, name, text]) => `-m conntrack ${no}--${name} ${text}`),
    },
    one("-m ecn --ecn-ip-ect 0", "-m ecn ! --ecn-ip-ect 2", "-m ecn --ecn-ip-ect 3"),
    one("-m quota --quota 1000000000", '-m string --algo bm ! --string "no such text at all" --to 20'),
    one(
      "-m time --datestart 2020-01-01",
      "-m time --datestop 2020-01-01",
      "-m time --weekdays Mon,Tue,Wed,Thu,Fri,Sat,Sun",
      "-m time --timestart 00:00:00 --timestop 23:59:59",
    ),
  ];
  const u32 =
    family === 4
      ? ['"0>>28=4"', '"6&0xff=6"', '"6&0xff=17"', '"12&0xffffff00=0x0a000000"', '"0>>22&0x3c@0>>16=1000:9000"']
      : ['"0>>28=6"', '"4>>8&0xff=6"', '"4>>8&0xff=17"', '"40>>16=1000:9000"'];
  choices.push(one(...u32.map((text) => `-m u32 --u32 ${text}`)));
  if (family === 6) {
    choices.push(
      one(
        "-m ipv6header --header none",
        "-m ipv6header ! --header none",
        "-m ipv6header --header hop --soft",
        "-m ipv6header --header esp --soft",
        "-m ipv6header --header ipv6-frag --soft",
      ),
      one("-m frag --fragmore", "-m frag --fragfirst", "-m rt --rt-type 0", "-m hbh", "-m dst"),
    );
  }
  if (hooks("PREROUTING", "INPUT", "FORWARD")) {
    choices.push(
      one(
        "-m policy --dir in --pol none",
        "-m policy --dir in --pol ipsec",
        "-m devgroup --src-group 0",
        "-m devgroup ! --src-group 0",
      ),
    );
  }
  if (hooks("FORWARD", "OUTPUT", "POSTROUTING")) {
    choices.push(one("-m policy --dir out --pol none", "-m devgroup --dst-group 0", "-m devgroup --dst-group 0x1/0x1"));
  }
  if (hooks("PREROUTING", "INPUT")) {
    choices.push(one("-m addrtype --dst-type LOCAL --limit-iface-in", "-m addrtype --src-type LOCAL --limit-iface-in"));
  }
  if (hooks("FORWARD")) {
    choices.push(
      one(
        "-m addrtype --dst-type UNICAST --limit-iface-out",
        "-m addrtype --src-type UNICAST --limit-iface-in",
        "-m addrtype ! --dst-type LOCAL --limit-iface-out",
      ),
    );
  }
  if (hooks("OUTPUT", "POSTROUTING")) {
    choices.push(
      one(
        "-m owner --gid-owner 0",
        "-m owner ! --gid-owner 0",
        "-m owner ! --socket-exists",
        "-m owner --uid-owner 1500 --gid-owner 0",
        "-m addrtype --dst-type UNICAST --limit-iface-out",
      ),
    );
  }
  if (place.stateful) {
    choices.push(
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            fc.constantFrom("upto", "above"),
            fc.constantFrom("1/minute", "3/hour", "1/hour"),
            fc.integer({ min: 1, max: 4 }),
            fc.constantFrom(
              "",
              " --hashlimit-mode srcip",
              " --hashlimit-mode dstip,dstport",
              " --hashlimit-mode srcip --hashlimit-srcmask 24",
            ),
            fc.integer({ min: 0, max: 1_000_000_000 }),
          )
          .map(
            ([how, rate, burst, mode, name]) =>
              `-m hashlimit --hashlimit-${how} ${rate} --hashlimit-burst ${burst}${mode} --hashlimit-name h${name}`,
          ),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(negation, fc.integer({ min: 30, max: 400 }))
          .map(([no, bytes]) => `-m quota ${no}--quota ${bytes}`),
      },
    );
  }
  return choices;
}
