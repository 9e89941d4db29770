import { Document, Scalar, YAMLSeq } from "yaml";
import type { HarborSettings } from "../../config/settings.ts";
import { edgeServices, harborPort } from "../edge/compose-services.ts";
import type { EdgeMachine, EdgeObjects } from "../edge/edge-machine.ts";
import { bracketed } from "./endpoint.ts";

const metricsPort = 9090;

/**
 * docker-compose.override.yml, which compose reads by itself beside the file that `prepare` writes: Harbor's ports on
 * the wanted address only, as `prepare` would publish them on every one, and the edge before Harbor where there is one.
 */
export function renderComposeOverride(
  harbor: Pick<HarborSettings, "listenAddress" | "httpPort" | "loopbackPort" | "metrics">,
  front?: { readonly machine: EdgeMachine; readonly objects: EdgeObjects },
): string {
  const listen = bracketed(harbor.listenAddress);
  const edge = front === undefined ? undefined : edgeServices(front.machine, front.objects);
  const ports = [
    edge === undefined
      ? `${listen}:${harbor.httpPort}:${harborPort}`
      : `127.0.0.1:${harbor.loopbackPort}:${harborPort}`,
    ...(harbor.metrics.enabled ? [`${listen}:${harbor.metrics.port}:${metricsPort}`] : []),
  ];
  const document = new Document(
    {
      services: { proxy: { ports, ...edge?.proxy }, ...edge?.services },
      ...(edge === undefined ? {} : { networks: edge.networks, volumes: edge.volumes }),
    },
    { aliasDuplicateObjects: false },
  );
  document.commentBefore =
    " Made by harbor-cache; prepare leaves this file alone. Changes here are overwritten.";
  // Compose appends lists by default; this tag, known since 2.24, makes ours replace the other.
  const list = document.getIn(["services", "proxy", "ports"]);
  if (list instanceof YAMLSeq) {
    list.tag = "!override";
    for (const port of list.items) if (port instanceof Scalar) port.type = Scalar.QUOTE_DOUBLE;
  }
  return document.toString({ lineWidth: 0 });
}
