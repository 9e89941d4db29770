/** The rendered override in every mode, read by the real compose beside a compose file as Harbor's `prepare` writes it. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";

import type { EdgeTls } from "../../components/edge/edge-machine.ts";
import { renderComposeOverride } from "../../components/harbor/compose-override.ts";
import { parseHarborYml } from "../../lab/harbor/harbor-yml.ts";
import { renderHarborYml } from "../../components/harbor/harbor-yml.ts";
import { renderComposeFile } from "../../lab/machine/docker/harbor-containers.ts";
import { composeFolder } from "../../tools/compose.ts";
import { run } from "../../tools/run.ts";
import { exampleMachine, front, passwords, selfSigned } from "../unit/harbor/example-machine.ts";

const COMPOSE = join(composeFolder(), "docker-compose");
const acme = {
  mode: "letsencrypt-route53",
  email: "o$ps@example.com",
  hostedZoneId: "Z0123456789",
  staging: true,
  resolvers: ["1.1.1.1:53"],
  caCertificate: "ROOT",
  credentials: { accessKeyId: "AKIAEXAMPLE0000", secretAccessKey: "kept away" as never },
} as const;
const provided = { mode: "provided", certificate: "PEM", privateKey: "kept away" as never } as const;

const port = z.object({ host_ip: z.string(), target: z.number(), published: z.string() });
const service = z.looseObject({
  command: z.array(z.string()).nullable(),
  environment: z.record(z.string(), z.string()).optional(),
  networks: z.record(z.string(), z.unknown()),
  ports: z.array(port).optional(),
});
const config = z.object({
  services: z.looseObject({ proxy: service, traefik: service.optional(), core: service }),
  networks: z.record(z.string(), z.looseObject({ name: z.string(), external: z.boolean().optional() })),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "compose-config-"));
  await mkdir(join(folder, "edge"));
  await writeFile(join(folder, "edge/acme.env"), "AWS_SECRET_ACCESS_KEY=Key/with+all=\n");
  for (const name of ["core", "jobservice", "db", "registryctl"]) {
    await mkdir(join(folder, "common/config", name), { recursive: true });
    await writeFile(join(folder, "common/config", name, "env"), "");
  }
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function read(override: string, yml: string) {
  await writeFile(join(folder, "docker-compose.yml"), renderComposeFile(parseHarborYml(yml), "2.15.2", true));
  await writeFile(join(folder, "docker-compose.override.yml"), override);
  const ended = await run(COMPOSE, ["config", "--format", "json"], { cwd: folder, timeout: 30 });
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  return config.parse(JSON.parse(ended.stdout));
}

const published = (ports: readonly z.infer<typeof port>[] | undefined) =>
  ports?.map((one) => `${one.host_ip}:${one.published}:${one.target}`);

describe.skipIf(!existsSync(COMPOSE))("the rendered override, read by compose", () => {
  it("replaces Harbor's ports, without an edge", async () => {
    const machine = exampleMachine({ listenAddress: "10.0.0.5" });
    const { services } = await read(
      renderComposeOverride(machine.harbor),
      renderHarborYml({ ...machine, ...passwords }),
    );
    expect(published(services.proxy.ports)).toEqual(["10.0.0.5:80:8080"]);
    expect(services.traefik).toBeUndefined();
  });

  it.each([selfSigned, acme, provided] as readonly EdgeTls[])(
    "puts an edge before Harbor ($mode)",
    async (tls) => {
      const machine = { ...exampleMachine({ listenAddress: "10.0.0.5" }), tls };
      const { services, networks } = await read(
        renderComposeOverride(machine.harbor, { machine, objects: front.objects }),
        renderHarborYml({ ...machine, ...passwords }),
      );
      expect(published(services.proxy.ports)).toEqual(["127.0.0.1:8080:8080"]);
      expect(published(services.traefik?.ports)).toEqual(["10.0.0.5:80:80", "10.0.0.5:443:443"]);
      // Harbor's own network stays, and only `proxy` is on both.
      expect(Object.keys(services.proxy.networks).sort()).toEqual(["edge", "harbor"]);
      expect(Object.keys(services.core.networks)).toEqual(["harbor"]);
      expect(networks["edge"]).toMatchObject({ name: front.objects.network, external: true });
      if (tls.mode !== "letsencrypt-route53") return;
      // Compose shows a dollar in its own form.
      expect(services.traefik?.command).toContain(
        "--certificatesresolvers.letsencrypt.acme.email=o$$ps@example.com",
      );
      expect(services.traefik?.environment).toEqual({
        AWS_REGION: "eu-west-1",
        AWS_HOSTED_ZONE_ID: "Z0123456789",
        AWS_SECRET_ACCESS_KEY: "Key/with+all=",
      });
    },
  );
});
