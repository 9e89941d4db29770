/** The files that a stack gives to its machines, for people and a GitOps repository to read: without any secret. */
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../config/settings.ts";
import { mergeInto } from "../../provider/nodes/merged-file.ts";
import type { EdgeObjects } from "../edge/edge-machine.ts";
import { renderTlsYml } from "../edge/tls-yml.ts";
import { renderComposeOverride } from "../harbor/compose-override.ts";
import type { Endpoint } from "../harbor/endpoint.ts";
import { renderHarborYml } from "../harbor/harbor-yml.ts";
import { edgeMachine } from "../harbor/step-scripts.ts";
import { renderDexValues, renderHelmfileValues } from "../login/dex-values.ts";
import type { NodeFile } from "../nodes/node-file.ts";
import { poolFiles } from "../nodes/pool-files.ts";

type Files = Record<string, pulumi.Input<string>>;

/** What is known of Harbor only by its component. */
export interface RenderedHarbor {
  readonly endpoint: Endpoint;
  readonly caCertificate?: pulumi.Input<string> | undefined;
  readonly edge?:
    { readonly objects: pulumi.Output<EdgeObjects>; readonly certificate: pulumi.Output<string> } | undefined;
}

type RenderedSettings = Pick<
  Settings,
  "hostname" | "tls" | "harbor" | "edge" | "login" | "registries" | "pools"
>;

/**
 * By path: `harbor/…` as below `harbor.installDir`, `nodes/POOL/…` as below the root of each node of the pool, `dex/…` for
 * the chart of dex.
 */
export function stackFiles(settings: RenderedSettings, harbor: RenderedHarbor): Files {
  return {
    ...harborFiles(settings, harbor),
    ...nodeFiles(settings, harbor),
    ...dexFiles(settings, harbor),
  };
}

/** Only for a client whose secret dex's chart has to be told of. */
function dexFiles({ login }: RenderedSettings, { endpoint }: RenderedHarbor): Files {
  if (login?.client.mode !== "secret") return {};
  return {
    "dex/values.yaml": renderDexValues(login.client, endpoint.url),
    "dex/helmfile-values.yaml": renderHelmfileValues(login.client, endpoint.url),
  };
}

function harborFiles(settings: RenderedSettings, { edge }: RenderedHarbor): Files {
  const harborYml = renderHarborYml({
    ...settings,
    adminPassword: secret("harbor.adminPassword"),
    databasePassword: secret("harbor.databasePassword"),
  });
  const machine = edgeMachine(settings);
  const override =
    machine === undefined || edge === undefined
      ? renderComposeOverride(settings.harbor)
      : edge.objects.apply((objects) => renderComposeOverride(settings.harbor, { machine, objects }));
  return {
    "harbor/harbor.yml": harborYml,
    "harbor/docker-compose.override.yml": override,
    ...(settings.harbor.caCertificate !== undefined && {
      "harbor/trusted-ca.crt": settings.harbor.caCertificate,
    }),
    ...(machine !== undefined && edge !== undefined
      ? { "harbor/edge/tls.yml": edge.certificate.apply((print) => renderTlsYml(machine, print)) }
      : {}),
  };
}

/** In place of a secret, in characters that Harbor takes for a password. */
function secret(setting: string): string {
  return `secret:${setting}`;
}

function nodeFiles({ pools, registries }: RenderedSettings, harbor: RenderedHarbor): Files {
  const { endpoint, caCertificate } = harbor;
  const login = {
    username: secret("pullRobot.username"),
    password: secret("pullRobot.password"),
    basic: secret("pullRobot"),
  };
  const closed = registries.some((registry) => !registry.public);
  return Object.fromEntries(
    pools.flatMap((pool) =>
      poolFiles(pool, { registries, harbor: endpoint, caCertificate, ...(closed && { login }) }).map(
        (file) => [`nodes/${pool.name}${file.path}`, wholeFile(file)],
      ),
    ),
  );
}

/** Of a file that is shared with others, what a node has that had none. */
function wholeFile({ content, merge }: NodeFile): pulumi.Input<string> {
  if (merge === undefined) return content;
  return pulumi.output(content).apply((ours) => mergeInto(merge, undefined, ours, []));
}
