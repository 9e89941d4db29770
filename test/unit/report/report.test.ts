/** What is reported after an up, with Pulumi's mocks. */
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";

import { harborReport, pullQuota } from "../../../components/report/report.ts";
import type { ReportArgs } from "../../../components/report/report.ts";
import { Provider } from "../../../provider/sdk.ts";
import { settingsOf, valid } from "../config/valid.ts";
import { settled } from "../mocks.ts";

type Call = (token: string, inputs: object) => object;

async function report(call: Call, tree: object = {}): Promise<ReportArgs> {
  await pulumi.runtime.setMocks({
    newResource: ({ inputs, name }) => ({ id: name, state: inputs as object }),
    call: ({ token, inputs }) => call(token, inputs as object),
  });
  const settings = settingsOf({ ...valid(), ...tree });
  return {
    settings: settings.maintenance,
    registries: settings.registries,
    admin: new Provider("harbor-admin", { url: "https://h.example.com", username: "admin", password: "p" }),
    machine: {
      address: "h.example.com",
      user: "ops",
      privateKey: pulumi.secret("KEY"),
      hostKey: "ssh-ed25519 A",
    },
    ready: pulumi.output("done"),
  };
}

test("the quota is asked from Harbor's own machine, and is no secret though the machine's key is", async () => {
  let asked: object = {};
  const args = await report((_token, inputs) => {
    asked = inputs;
    return { limit: 100, remaining: 76, windowSeconds: 21600 };
  });
  expect(await settled(pullQuota(args))).toEqual({
    value: { limit: 100, remaining: 76, windowSeconds: 21600 },
    secret: false,
  });
  expect(asked).toMatchObject({ from: { address: "h.example.com", privateKey: "KEY" } });
});

test("what Harbor says of itself", async () => {
  const args = await report((token) =>
    token.endsWith("getSystemInfo")
      ? { version: "2.15.2" }
      : { projects: 2, repositories: 3, storageBytes: 3 * 2 ** 29 },
  );
  const value = { version: "2.15.2", projects: 2, repositories: 3, storageGiB: 1.5 };
  expect(await settled(harborReport(args))).toEqual({ value, secret: false });
});

test("what can't be asked for is null", async () => {
  const args = await report(() => {
    throw new Error("no answer");
  });
  expect(await settled(harborReport(args))).toEqual({ value: null, secret: false });
  expect(await settled(pullQuota(args))).toEqual({ value: null, secret: false });
});
