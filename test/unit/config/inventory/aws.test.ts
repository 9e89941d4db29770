import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { lookUp } from "../../../../config/inventory/look-up.ts";

type Answer = Record<string, unknown>;

/** What is found where AWS answers so, and what it was asked. */
async function found(answer: () => Answer, address: "private" | "public" = "private") {
  const asked: pulumi.runtime.MockCallArgs[] = [];
  await pulumi.runtime.setMocks({
    call: (args) => {
      asked.push(args);
      return answer();
    },
    newResource: () => ({ id: "", state: {} }),
  });
  const aws = { tags: { Role: "worker" }, region: "eu-west-1", address };
  const wanted = { index: 0, inventory: { aws, allowEmpty: false }, hasPrivateKey: false, hasJump: false };
  const lookedUp = await lookUp([wanted], "/");
  return { asked, found: lookedUp.found.get(0) };
}

const two = { ids: ["i-1", "i-2"], privateIps: ["10.0.0.1", "10.0.0.2"], publicIps: ["198.51.100.1"] };

test("running instances with the tags, by one call", async () => {
  const { asked, found: nodes } = await found(() => two);
  expect(asked.map(({ token, inputs }): unknown[] => [token, inputs])).toEqual([
    [
      "aws:ec2/getInstances:getInstances",
      { instanceTags: { Role: "worker" }, instanceStateNames: ["running"], region: "eu-west-1" },
    ],
  ]);
  expect(nodes).toEqual({
    nodes: [
      { name: "i-1", address: "10.0.0.1", at: "instance i-1" },
      { name: "i-2", address: "10.0.0.2", at: "instance i-2" },
    ],
    problems: [],
  });
});

test("an address that only some have", async () => {
  expect((await found(() => two, "public")).found).toEqual({
    nodes: [],
    problems: [
      {
        text: "of 2 running instances with these tags 1 have a public address; for example: address: private, by a jump host",
      },
    ],
  });
});

test("AWS refuses", async () => {
  const { found: nodes } = await found(() => {
    // As the engine says it.
    const details = "api error UnauthorizedOperation: You are not authorized\nmore";
    throw Object.assign(new Error(details), { details });
  });
  expect(nodes?.nodes).toEqual([]);
  expect(nodes?.problems).toEqual([
    {
      text: expect.stringMatching(
        /^AWS could not be asked for instances: .*UnauthorizedOperation: You are not authorized$/,
      ) as string,
    },
  ]);
});
