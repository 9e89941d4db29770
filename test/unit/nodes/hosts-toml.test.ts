import { describe, expect, test } from "vitest";
import { hostsTomlProblems } from "../../../provider/nodes/hosts-toml.ts";

const GOOD = `
server = "https://registry-1.docker.io"
skip_verify = true
[host."https://harbor.example.com/v2/proxy.docker.io"]
capabilities = ["pull", "resolve"]
override_path = true
dial_timeout = "3s"
ca = "/etc/containerd/certs.d/harbor.example.com/ca.crt"
header = { Authorization = "Basic c2VjcmV0" }
[host."http://10.0.0.1:5000"]
client = [["a", "b"]]
`;

test("what containerd takes has no problems", () => {
  expect(hostsTomlProblems(GOOD)).toEqual([]);
  expect(hostsTomlProblems("")).toEqual([]);
});

describe("what it refuses, ignores or asks at another path", () => {
  test.each([
    ["server = \n", /^line 1: is no TOML/],
    ['server = "docker.io"\n', /^server: must be an http/],
    ['[host."harbor.example.com"]\n', /^host: harbor\.example\.com: /],
    ['[host."https://h"]\ncapabilities = ["Pull"]\n', /^host: https:\/\/h: capabilities: 0: /],
    ['[host."https://h"]\ndial_timeout = 3\n', /dial_timeout: /],
    ['[host."https://h"]\ndial_timeout = "3"\n', /dial_timeout: must be a duration such as 3s$/],
    [
      '[host."https://h"]\noverridepath = true\n',
      /overridepath: is no key that containerd knows; it ignores it silently\. Did you mean 'override_path'\?$/,
    ],
    ['sever = "https://h"\n', /^sever: is no key .* Did you mean 'server'\?$/],
    [
      '[host."https://h/v2/hub"]\n',
      /^host: https:\/\/h\/v2\/hub: has a path of its own and needs override_path/,
    ],
    ['[host."https://h"]\nheader = { Authorization = 1 }\n', /header: Authorization: /],
  ])("%j", (content, problem) => {
    const problems = hostsTomlProblems(content);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
