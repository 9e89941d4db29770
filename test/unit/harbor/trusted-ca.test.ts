/** CAs that Harbor's containers trust besides the public ones. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import { renderHarborYml } from "../../../components/harbor/harbor-yml.ts";
import { directoriesScript, startScript } from "../../../components/harbor/step-scripts.ts";
import { parseHarborYml } from "../../../lab/harbor/harbor-yml.ts";
import { exampleMachine, passwords } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

const PEM = readFileSync(new URL("../../fixtures/tls/localhost.crt", import.meta.url), "utf8");
const CA = "opt/harbor/trusted-ca.crt";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript(exampleMachine({}, machine.root)));
  machine.calls();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

const start = async (caCertificate?: string) => {
  const changes = caCertificate === undefined ? {} : { caCertificate };
  const ended = await machine.run(startScript(exampleMachine(changes, machine.root), passwords));
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return machine.calls().some((call) => call.includes("goharbor/prepare"));
};

it("lies where prepare reads it, for all containers to read, and a change of it is prepared again", async () => {
  expect(await start(PEM)).toBe(true);
  expect(machine.read(CA)).toBe(PEM);
  expect(machine.mode(CA)).toBe("0644");
  expect(parse(machine.read("opt/harbor/harbor.yml"))).toHaveProperty(
    "storage_service.ca_bundle",
    `${machine.root}/${CA}`,
  );
  expect(await start(PEM)).toBe(false);
  expect(await start(PEM + PEM)).toBe(true);
  expect(await start()).toBe(true);
  expect(machine.exists(CA)).toBe(false);
  expect(machine.read("opt/harbor/harbor.yml")).not.toContain("storage_service");
});

it("stands beside a bucket", () => {
  const s3 = { bucket: "layers", region: "eu-west-1" };
  const text = renderHarborYml({ ...exampleMachine({ s3, caCertificate: PEM }), ...passwords });
  expect(parse(text)).toHaveProperty("storage_service", {
    s3,
    redirect: { disable: true },
    ca_bundle: "/opt/harbor/trusted-ca.crt",
  });
  expect(() => parseHarborYml(text)).not.toThrow();
});
