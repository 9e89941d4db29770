import { expect, test } from "vitest";

import { repoDigest } from "../../../lab/plugins/docker/remote-image.ts";
import { dockerPlugin } from "../../../lab/plugins/docker/server.ts";
import { sshArguments } from "../../../lab/plugins/docker/ssh-socket.ts";
import { UNKNOWN } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";

const NETWORK = "docker:index/network:Network";
const VOLUME = "docker:index/volume:Volume";
const IMAGE = "docker:index/remoteImage:RemoteImage";
const SSH_OPTS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15"];
const BIND = { type: "none", o: "bind", device: "/data/edge" };
const plugin = dockerPlugin();
const check = (type: string, inputs: Properties) => plugin.check(type, inputs, {}, "it");

test("ssh is started as the real plugin starts it", () => {
  expect(sshArguments("ssh://ops@harbor.internal:2222", SSH_OPTS).join(" ")).toBe(
    "-o BatchMode=yes -o ConnectTimeout=15 -T -l ops -p 2222 -- harbor.internal docker system dial-stdio",
  );
  expect(sshArguments("ssh://CORP%5Cops@[2001:db8::1]", ["-T"])).toEqual([
    ...["-T", "-o ConnectTimeout=30", "-l", String.raw`CORP\ops`, "--", "2001:db8::1"],
    ...["docker", "system", "dial-stdio"],
  ]);
  expect(sshArguments("ssh://h/run/d.sock", []).slice(-4)).toEqual([
    ...["docker", "--host=unix:///run/d.sock", "system", "dial-stdio"],
  ]);
  for (const host of ["ssh://u:p@h", "ssh://h?x=1"])
    expect(() => sshArguments(host, [])).toThrow("ssh host connection is not valid");
});

test("only published inputs pass, and other types are refused", () => {
  const problems = (type: string, inputs: Properties) =>
    check(type, inputs).failures.map(({ property, reason }) => `${property}: ${reason}`);
  expect(check(NETWORK, { name: "edge", scope: null })).toEqual({
    inputs: { name: "edge", ipamDriver: "default" },
    failures: [],
  });
  expect(problems(VOLUME, { name: "certs", driverOpts: UNKNOWN })).toEqual([]);
  expect(problems(NETWORK, { name: "edge", checkDuplicate: true })).toEqual([
    expect.stringContaining("checkDuplicate: There is no such property."),
  ]);
  expect(problems(VOLUME, { name: 1 })).toEqual(["name: Must be a string, not a number."]);
  expect(problems(VOLUME, {})).toEqual([": The stand-in makes up no names: give one."]);
  expect(problems(IMAGE, { keepLocally: true })).toContain("name: This property is required.");
  expect(problems(IMAGE, { name: "a", build: { context: "." } })).toEqual([
    ": The stand-in can't build images.",
  ]);
  expect(["docker:index/container:Container", "docker:index/image:Image"].map(plugin.knows)).toEqual([
    false,
    false,
  ]);
  const configuration = { host: "ssh://h", sshOpts: '["-T"]', disableDockerDaemonCheck: "true" };
  expect(plugin.checkConfig?.(configuration)).toEqual([]);
  expect(plugin.checkConfig?.({ ...configuration, sshOptions: "[]" })).toHaveLength(1);
});

test("every change of a network and a volume replaces, by deleting first under the same name", () => {
  const diff = (type: string, state: Properties, news: Properties) =>
    plugin.diff(type, "id", {}, state, news);
  const state = {
    name: "edge",
    driver: "bridge",
    internal: true,
    attachable: false,
    labels: [],
    scope: "local",
  };
  expect(diff(NETWORK, state, { name: "edge", internal: true })).toEqual({
    detailed: {},
    deleteBeforeReplace: false,
  });
  expect(diff(NETWORK, state, { name: "edge", internal: false })).toEqual({
    detailed: { internal: { kind: "delete-replace" } },
    deleteBeforeReplace: true,
  });
  expect(diff(NETWORK, state, { name: "other", internal: true })).toEqual({
    detailed: { name: { kind: "update-replace" } },
    deleteBeforeReplace: false,
  });
  const labels = [
    { label: "b", value: "2" },
    { label: "a", value: "1" },
  ];
  expect(diff(VOLUME, { name: "v", labels: [...labels].reverse() }, { name: "v", labels }).detailed).toEqual(
    {},
  );
  expect(diff(VOLUME, { name: "v", labels }, { name: "v" }).detailed).toEqual({
    labels: { kind: "delete-replace" },
  });
  expect(
    diff(VOLUME, { name: "v", driverOpts: BIND }, { name: "v", driverOpts: { ...BIND, device: "/x" } }),
  ).toEqual({
    detailed: { "driverOpts.device": { kind: "update-replace" } },
    deleteBeforeReplace: true,
  });
  const image = { name: "a:1", repoDigest: "a@sha256:0", imageId: "sha256:1" };
  expect(diff(IMAGE, image, { name: "a:1", keepLocally: true }).detailed).toEqual({
    keepLocally: { kind: "add" },
  });
  expect(diff(IMAGE, image, { name: "a:2" })).toEqual({
    detailed: { name: { kind: "update-replace" } },
    deleteBeforeReplace: false,
  });
  expect(diff(IMAGE, image, { name: "a:1", pullTriggers: ["x"] }).detailed).toEqual({
    pullTriggers: { kind: "add-replace" },
  });
});

test("the digest of an image that several registries have is the one of the name", () => {
  const digests = ["127.0.0.1:5000/traefik@sha256:1", "traefik@sha256:2"];
  expect(repoDigest("traefik:v3", digests)).toBe("traefik@sha256:2");
  expect(repoDigest("other:v3", digests)).toBe(digests[0]);
  expect(repoDigest("docker.io/library/traefik:v3", ["traefik@sha256:2"])).toBe("traefik@sha256:2");
  expect(repoDigest("loaded:1", [])).toBe("");
});
