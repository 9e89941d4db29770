/**
 * Preloaded into programs and policy packs: half of the time that one takes is Pulumi's SDK loading what none of ours
 * uses. What can be had later is loaded when it is first used; the rest is refused by name.
 */
import Module, { createRequire } from "node:module";

// The first argument is Pulumi's own script, whose modules are meant.
const require = createRequire(process.argv[1] ?? import.meta.url);

function replace(name: string, exports: object): void {
  const path = require.resolve(name);
  const replaced = new Module(path);
  replaced.exports = exports;
  replaced.loaded = true;
  require.cache[path] = replaced;
}

/** For modules that their users only look into when they need them. */
function loadLater(name: string): void {
  const real = (): object => {
    if (require.cache[require.resolve(name)]?.exports === later)
      Reflect.deleteProperty(require.cache, require.resolve(name));
    return require(name) as object;
  };
  const later: object = new Proxy(
    { __esModule: true },
    { get: (own, key) => (key === "__esModule" ? own.__esModule : (Reflect.get(real(), key) as unknown)) },
  );
  replace(name, later);
}

// Both are for functions that become part of a deployment.
loadLater("@npmcli/arborist");
loadLater("typescript");
const refuse = () => {
  throw new Error("the stand-in for Pulumi's language host can't make functions part of a deployment");
};
replace("@pulumi/pulumi/runtime/closure/v8Hooks.js", {
  isInitializedAsync: () => Promise.resolve(),
  getSessionAsync: refuse,
  getScriptUrl: refuse,
});

// Positions in the SDK's own TypeScript, which nobody here looks at; that of a program needs no map.
replace("source-map-support/register", {});

// The host asks for no traces. The API alone gives spans that are nowhere kept.
replace("@pulumi/pulumi/cmd/run/tracing.js", {
  newSpan: (name: string) =>
    (require("@opentelemetry/api") as typeof import("@opentelemetry/api")).trace
      .getTracer("none")
      .startSpan(name),
});
