/** What Harbor or the provider refuses, what breaks on the way, and how the next up goes on. */
import { expect, test } from "vitest";

import type { Operating } from "./environment.ts";
import { hook, spare } from "./objects.ts";
import type { Extra } from "./program/extra.ts";
import { named, placeTaken } from "./taken.ts";

/** As it can be made. */
const possible = ({ type, name, args, endpoint }: Extra): Extra => ({
  type,
  name,
  ...(endpoint !== undefined && { endpoint }),
  ...(["RobotAccount", "Label"].includes(type) && { by: "admin" as const }),
  args: { ...args, ...(name === "taken" && { adopt: true }) },
});

/** Afterwards there is one extra more than before, `lost`, and more that were made otherwise than by the first try. */
export function describeRefusals(it: () => Operating): void {
  let others: readonly Extra[];

  test("what can't be made is said, each by itself, and the rest is made once whatever breaks", async () => {
    const { faults } = it().harbor;
    others = [
      { type: "Project", name: "lost", args: { name: "lost" } },
      ...(await placeTaken(it())),
      { type: "Label", name: "everywhere", args: { name: "everywhere" } },
      {
        type: "Registry",
        name: "refused",
        by: "puller",
        args: { ...spare(it().upstream.url), name: "refused" },
      },
      {
        type: "RetentionPolicy",
        name: "unwritten",
        args: { project: "extra", rules: [{ alwaysRetain: true }] },
      },
      { type: "WebhookPolicy", name: "busy", args: { ...hook("busy"), project: "extra" } },
      {
        type: "ReplicationPolicy",
        name: "broken",
        endpoint: "other",
        args: { name: "broken", action: "push" },
      },
      // What comes after a project waits for it.
      {
        type: "Project",
        name: "too-new",
        args: { name: "too-new", metadata: { proxy_cache_local_on_not_found: "true" } },
      },
    ];
    const theirs = named("taken", await it().state());
    await it().configure({ extras: [...it().wanted.extras, ...others] });
    const post = { method: "POST" };
    faults.next({ ...post, path: "/api/v2.0/projects", fault: { kind: "reset", effect: "after" } });
    faults.next({ ...post, path: "/api/v2.0/retentions", fault: { kind: "status", status: 500 } });
    faults.next({ ...post, path: /webhook.policies$/, times: 2, fault: { kind: "status", status: 502 } });
    faults.next({ ...post, path: "/api/v2.0/replication/policies", fault: { kind: "restart", downMs: 300 } });
    const old = { harbor_version: "v2.14.0-0", external_url: "http://localhost", auth_mode: "oidc_auth" };
    const answer = { kind: "status", status: 200, body: JSON.stringify(old) } as const;
    faults.next({ path: "/api/v2.0/systeminfo", times: 10, fault: answer });

    const { code, output } = await it().stack.run("up", "--continue-on-error");
    // Of all planned, only more questions for the version would still be answered.
    expect(faults.pending).toBeLessThan(10);
    faults.clear();
    expect(code).not.toBe(0);
    for (const [what, ...differences] of [
      ["label taken in platform", "color"],
      ["webhook policy taken in platform", "eventTypes", "address"],
      ["robot account taken", "duration", "permissions"],
      ["replication policy taken", "override", "speed"],
      ["member group taken in platform", "role"],
      ["immutable tag rule platform", "disabled"],
    ]) {
      expect(output).toMatch(
        new RegExp(`already has the ${what ?? ""} .* than wanted: ${differences.join(", ")}`),
      );
    }
    expect(output).toContain(
      "403 to POST /api/v2.0/labels: robot$harbor-cache. The provider's user may not do this",
    );
    expect(output).toMatch(
      /403 to \w+ \/api\/v2.0\/registries.*: robot\$ci. The provider's user may not do this/,
    );
    expect(output).toContain(
      "This Harbor is 2.14.0 and lacks: metadata.proxy_cache_local_on_not_found (Harbor 2.15.1)",
    );
    expect(output).toContain("The retention policy of extra can't be written");
    expect(output).toContain("Harbor already had the project lost: taken over");
    expect(output).toMatch(/^ +\+ 3 created$/m);
    const after = await it().state();
    expect(named("taken", after)).toEqual(theirs);
    expect(Object.keys(after.projects)).toContain("lost");
    expect(named("busy", after)).toHaveLength(1);
    expect(named("broken", after)).toHaveLength(1);
  });

  test("the next up makes the rest, and takes over what it is told to", async () => {
    const before = named("taken", await it().state());
    const ours = it().wanted.extras.filter((extra) => !others.includes(extra));
    await it().configure({ extras: [...ours, ...others.map(possible)] });
    const { output } = await it().stack.mustRun("up");
    expect(output).toMatch(/^ +\+ 10 created$/m);
    const state = await it().state();
    const taken = named("taken", state);
    expect(taken.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(taken).not.toEqual(before);
  });
}
