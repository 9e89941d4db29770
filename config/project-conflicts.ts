/** What projects, robots and scanning say of each other. */
import { once, type Parts } from "./conflicts.ts";
import type { Path, Reader } from "./problems.ts";
import type { CacheOptions } from "./settings.ts";

export function checkProjects(reader: Reader, parts: Parts): void {
  const { projects = [], destinations = [], robots = [], registries } = parts;
  const caches = registries.map(({ path, value }) => ({ path: [...path, "project"], value: value.project }));
  const own = projects.map(({ name }, i) => ({ path: ["projects", i, "name"], value: name }));
  once(reader, own, (first) => `is the same as ${first}: each project needs a name of its own`);
  const cached = new Map(caches.map(({ path, value }) => [value, path]));
  for (const { path, value } of own) {
    const cache = cached.get(value);
    if (cache !== undefined)
      reader.problem(path, `is the cache's at ${reader.at(cache)}; choose another name`);
  }
  const named = (key: string, items: readonly { readonly name: string }[], within: Path = []) =>
    items.map(({ name }, i) => ({ path: [...within, key, i, "name"], value: name }));
  once(reader, named("destinations", destinations), (first) => `is the same as ${first}`);
  // Both become endpoints of that name in Harbor.
  const endpoints = new Map(registries.map(({ path, value }) => [value.name, [...path, "name"]]));
  for (const { path, value } of named("destinations", destinations)) {
    const cache = endpoints.get(value);
    if (cache !== undefined)
      reader.problem(path, `is a cached registry's, ${reader.at(cache)}; choose another name`);
  }
  once(reader, named("robots", robots), (first) => `is the same as ${first}`);
  projects.forEach(({ immutableTags, webhooks, labels, replication }, i) => {
    const at: Path = ["projects", i];
    once(reader, named("webhooks", webhooks, at), (first) => `is the same as ${first}`);
    once(reader, named("labels", labels, at), (first) => `is the same as ${first}`);
    const rules = immutableTags.map(({ repositories, tags }, j) => ({
      path: [...at, "immutableTags", j],
      value: JSON.stringify([repositories, tags]),
    }));
    once(reader, rules, (first) => `is the same as ${first}`);
    const targets = replication.map(({ to }, j) => ({ path: [...at, "replication", j, "to"], value: to }));
    once(reader, targets, (first) => `is the same as ${first}: each destination is named once`);
    for (const { path, value } of targets) {
      if (destinations.some(({ name }) => name === value)) continue;
      const known = destinations.map(({ name }) => name).join(", ");
      reader.problem(path, `is no destination; known: ${known === "" ? "none, see destinations" : known}`);
    }
  });
  const all = new Set([...caches, ...own].map(({ value }) => value));
  robots.forEach(({ projects: theirs = [], push }, i) => {
    theirs.forEach((name, j) => {
      const path = ["robots", i, "projects", j];
      if (!all.has(name)) reader.problem(path, `is no project of this stack; known: ${[...all].join(", ")}`);
      else if (push && cached.has(name)) {
        reader.problem(path, "is a cache, which nobody can push to; leave it out, or push: false");
      }
    });
  });
}

/** Scanning needs the scanner. */
export function checkScanning(reader: Reader, { harbor, cache, registries, maintenance }: Parts): void {
  if (harbor?.trivy.enabled !== false) return;
  const needs = "needs a scanner: set harbor.trivy.enabled: true, or leave it out";
  const options = (path: Path, given: CacheOptions): void => {
    if (given.scanOnPull === true) reader.problem([...path, "scanOnPull"], needs);
    if (given.blockSeverity !== undefined) reader.problem([...path, "blockSeverity"], needs);
  };
  options(["cache"], cache ?? {});
  for (const { path, value } of registries) options([...path, "cache"], value.cache);
  if (maintenance?.scanSchedule !== undefined) reader.problem(["maintenance", "scanSchedule"], needs);
}
