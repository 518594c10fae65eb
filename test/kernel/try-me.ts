import fc from "fast-check";
import { Oracle } from "./harness/oracle-client.ts";
import { Runner, newTally } from "./fuzz/runner.ts";
import { shrink } from "./fuzz/shrink.ts";
import { STATE_RULES, TCP_WORLD, tcpSequenceArbitrary } from "./fuzz/tcp.ts";
const o = new Oracle();
const t = newTally();
const r = new Runner(o, t);
const seqs = fc.sample(tcpSequenceArbitrary, { seed: Number(process.argv[2] ?? 1), numRuns: Number(process.argv[3] ?? 600) });
const t0=Date.now();
const found = await r.run(TCP_WORLD, { backend: "legacy", sets: "", tables: STATE_RULES }, seqs);
console.log(t.probes, found.length, Date.now()-t0);
const kinds = new Map();
for (const f of found) { const last=f.case.sequence[f.at]; const k = (last.flags)+last.src+f.differences[0].replace(/\d+/g,"#").slice(0,200); if(!kinds.has(k)) kinds.set(k,f); }
let n=0;
for (const f of kinds.values()) {
  if (n++>6) break;
  const s = f;
  for (const [i,p] of s.case.sequence.entries()) if (i<=s.at) console.log(p.interface==="in0"?"->":"<-", p.flags, "seq",p.seq,"ack",p.ack,"len",p.length);
  for (const d of s.differences.slice(0,2)) console.log("   ", d);
}
await o.close();
