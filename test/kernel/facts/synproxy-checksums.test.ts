import { describe, expect, it } from "vitest";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";

const available = await kernelAvailable();

describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)("SYNPROXY, IPv%i, %s", (family, backend) => {
  const [src, dst] = family === 6 ? ["fd00:a::2", "fd00:b::2"] : ["10.0.0.2", "10.0.1.2"];

  it("drops every segment whose checksum is wrong, whatever its flags are", async () => {
    const lab = new OptionLab(family, backend);
    await lab.build();
    try {
      const duel = await lab.load(table("filter", ["-A FORWARD -p tcp -j SYNPROXY --mss 1460"]), { conntrack: true });
      for (const flags of ["F", "S", "A", "SA"]) {
        const packet = { host: "R", interface: "in0", src, dst, proto: "tcp", sport: 4000, dport: 80, flags } as const;
        const { kernel } = await duel.agree({ ...packet, badChecksum: true, fresh: true });
        expect(kernel.outcome).toBe("dropped");
      }
    } finally {
      await lab.close();
    }
  });
});
