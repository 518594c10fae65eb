#!/usr/bin/env node
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { applyV8Settings } from "./v8-settings.ts";

/**
 * Starts the command from its bundle and V8's code cache of it, which the build made by running the command once:
 * compiling would be a third of a cold start. Another version of Node.js rejects the cache and compiles.
 * `PODPATH_WRITE_CODE_CACHE` is for the build.
 */
// before anything is compiled: the code cache is of the same flags
applyV8Settings();

const bundle = fileURLToPath(new URL("./command.cjs", import.meta.url));
const cache = fileURLToPath(new URL("./command.cache", import.meta.url));

function cached(): Buffer | undefined {
  try {
    return readFileSync(cache);
  } catch {
    return undefined;
  }
}

const source = `(function (exports, require, module) {${readFileSync(bundle, "utf8")}\n})`;
const cachedData = cached();
const script = new Script(source, { filename: bundle, ...(cachedData === undefined ? {} : { cachedData }) });
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(bundle), module);

if (process.env["PODPATH_WRITE_CODE_CACHE"] !== undefined) {
  process.on("exit", () => writeFileSync(cache, script.createCachedData()));
}
