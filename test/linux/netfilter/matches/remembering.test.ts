import { describe, expect, it } from "vitest";
import { address, type Bench, bench, frame, matcher } from "./bench-host.ts";

/** Which of `count` evaluations match. */
function pattern(text: string, count: number, on: Bench = bench()): string {
  const matches = matcher([text]);
  return Array.from({ length: count }, () => (matches(on, frame()) ? "1" : "0")).join("");
}

describe("-m statistic", () => {
  it.each([
    ["--every 3 --packet 0", "1001001"],
    ["--every 3 --packet 2", "0010010"],
    ["! --every 3 --packet 0", "0110110"],
    ["--every 1 --packet 0", "1111111"],
  ])("--mode nth %s matches %s", (text, expected) => {
    expect(pattern(`-m statistic --mode nth ${text}`, 7)).toBe(expected);
  });

  it("counts for each rule on its own", () => {
    const on = bench();
    const rule = "-m statistic --mode nth --every 2 --packet 0";
    const matches = matcher([rule, rule]);
    expect([0, 1, 0, 1].map((at) => matches(on, frame(), at))).toEqual([true, true, false, false]);
  });

  it("draws anew at each evaluation, with the kernel's 31 bits", () => {
    const on = bench();
    expect(pattern("-m statistic --mode random --probability 0.3333333333", 2, on)).toBe("11");
    const [first] = on.asked;
    expect(on.asked).toHaveLength(2);
    expect(first?.kind).toBe("random");
    expect(first?.alternatives[0]?.probability).toBe(Math.round(0.3333333333 * 2 ** 31) / 2 ** 31);
  });

  it("asks nothing where there is nothing to draw", () => {
    const on = bench();
    expect(pattern("-m statistic --mode random --probability 1", 1, on)).toBe("1");
    expect(pattern("-m statistic --mode random --probability 0", 1, on)).toBe("0");
    expect(on.asked).toHaveLength(0);
  });
});

describe("-m limit", () => {
  it("lets the burst pass after a load, then one for each period", () => {
    const on = bench();
    const matches = matcher(["-m limit --limit 6/minute --limit-burst 3"]);
    const at = (now: number): boolean => {
      on.world.now = now;
      return matches(on, frame());
    };
    expect([0, 0, 0, 0, 9.9, 10, 10.1, 20, 25].map(at)).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect([1000, 1000, 1000, 1000].map(at)).toEqual([true, true, true, false]);
  });
});

describe("-m recent", () => {
  const from = (text: string) => frame({ src: address(text) });

  it("keeps kube-proxy's affinity for as many seconds as it says", () => {
    const on = bench();
    const options = "--name SEP --mask 255.255.255.255 --rsource";
    const matches = matcher([`-m recent --rcheck --seconds 100 --reap ${options}`, `-m recent --set ${options}`]);
    expect(matches(on, frame(), 0)).toBe(false);
    expect(matches(on, frame(), 1)).toBe(true);
    on.world.now = 100;
    expect(matches(on, frame(), 0)).toBe(true);
    expect(matches(on, from("10.0.0.9"), 0)).toBe(false);
    on.world.now = 101;
    expect(matches(on, frame(), 0)).toBe(false);
  });

  it("limits attempts with --update and --hitcount, and each attempt renews the block", () => {
    const on = bench();
    const matches = matcher(["-m recent --update --seconds 60 --hitcount 3 --name SSH", "-m recent --set --name SSH"]);
    const attempt = (now: number): boolean => {
      on.world.now = now;
      const blocked = matches(on, frame(), 0);
      if (!blocked) matches(on, frame(), 1);
      return blocked;
    };
    expect([0, 1, 2, 3, 50, 109, 170].map(attempt)).toEqual([false, false, false, true, true, false, false]);
  });

  it("removes, negates, groups by mask and reads the destination", () => {
    const on = bench();
    const matches = matcher([
      "-m recent --set --name A --mask 255.255.255.0",
      "-m recent --remove --name A --mask 255.255.255.0",
      "-m recent ! --rcheck --name A --mask 255.255.255.0",
      "-m recent --rcheck --name A --mask 255.255.255.0 --rdest",
    ]);
    expect(matches(on, frame(), 2)).toBe(true);
    expect(matches(on, frame(), 0)).toBe(true);
    expect(matches(on, from("10.0.0.77"), 2)).toBe(false);
    expect(matches(on, frame({ src: address("9.9.9.9") }), 3)).toBe(true);
    expect(matches(on, from("10.0.0.77"), 1)).toBe(true);
    expect(matches(on, frame(), 1)).toBe(false);
  });

  it("forgets the address unused for longest when a hundred are listed", () => {
    const on = bench();
    const matches = matcher(["-m recent --set --name A", "-m recent --rcheck --name A"]);
    for (let i = 1; i <= 100; i++) matches(on, from(`10.1.0.${i}`), 0);
    matches(on, from("10.1.0.1"), 0);
    matches(on, from("10.2.0.1"), 0);
    expect(matches(on, from("10.1.0.1"), 1)).toBe(true);
    expect(matches(on, from("10.1.0.2"), 1)).toBe(false);
  });
});
