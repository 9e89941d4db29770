import { Document, Scalar, YAMLSeq } from "yaml";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { bracketed } from "./endpoint.ts";

/** Ports that Harbor's nginx listens on inside its container. */
const inside = { http: 8080, https: 8443, metrics: 9090 };

/**
 * docker-compose.override.yml, which compose reads by itself beside the file that `prepare` writes. It publishes
 * Harbor's ports on the wanted address only: `prepare` would publish them on every one.
 */
export function renderComposeOverride(
  tls: Tls,
  harbor: Pick<HarborSettings, "listenAddress" | "httpPort" | "httpsPort" | "metrics">,
): string {
  const listen = bracketed(harbor.listenAddress);
  const ports = [`${listen}:${harbor.httpPort}:${inside.http}`];
  if (tls.mode !== "none") ports.push(`${listen}:${harbor.httpsPort}:${inside.https}`);
  if (harbor.metrics.enabled) ports.push(`${listen}:${harbor.metrics.port}:${inside.metrics}`);

  const document = new Document({ services: { proxy: { ports } } });
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
