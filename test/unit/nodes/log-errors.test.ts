import { expect, test } from "vitest";
import { logErrors } from "../../../provider/nodes/log-errors.ts";

const PATHS = [
  "/etc/containers/registries.conf.d/50-harbor-cache-docker.io.conf",
  "/etc/crio/config.json",
  "/etc/containerd/certs.d/docker.io/hosts.toml",
];

test.each([
  'crio[7]: time="2026-01-02" level=error msg="Unable to reload configuration: system registries reload failed: /etc/containers/registries.conf: toml: line 3"',
  'level=fatal msg="parsing 50-harbor-cache-docker.io.conf: bad"',
  'time="2026" level=error msg="failed to decode hosts.toml" error="toml: line 1"',
  '{"level":"error","msg":"/etc/crio/config.json: unexpected end of JSON input"}',
  'k3s[1]: time="2026" level=fatal msg="yaml: line 2" file=/etc/rancher/k3s/registries.yaml',
  "k3s[1]: E0131 10:00:00.000000 1 kubelet.go:1] reading /etc/containerd/certs.d/x",
  "containerd: failed to load /etc/containerd/certs.d/docker.io/hosts.toml",
])("an error about our files: %s", (line) => {
  expect(logErrors([line], PATHS)).toEqual([line]);
});

test.each([
  'level=info msg="Applied new registry configuration: /etc/containers/registries.conf"',
  'level=warning msg="failed to find certs.d for x"',
  'level=error msg="Failed to pull image docker.io/library/x: manifest unknown"',
  'level=error msg="container config.json not found in bundle /run/x"',
  "k3s[1]: I0131 10:00:00.000000 1 x.go:1] no error in registries.yaml",
  "crio.service: Failed with result 'exit-code'",
  "",
])("no error about our files: %s", (line) => {
  expect(logErrors([line], PATHS)).toEqual([]);
});
