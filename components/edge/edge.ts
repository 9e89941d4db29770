import { X509Certificate } from "node:crypto";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../host/host.ts";
import { machineStep } from "../host/machine-step.ts";
import { dockerObjects } from "./docker-objects.ts";
import type { ChallengeCredentials } from "./edge-files.ts";
import type { EdgeMachine, EdgeObjects } from "./edge-machine.ts";
import { providedScript, selfSignedScript } from "./step-scripts.ts";

export interface EdgeArgs {
  readonly host: Host;
  readonly machine: EdgeMachine;
  /** The machine has Docker and Harbor's folders. */
  readonly after: readonly pulumi.Resource[];
}

/** What stands before Harbor, as far as it is not a part of Harbor's compose project: certificates and Docker objects. */
export class Edge extends pulumi.ComponentResource {
  readonly objects: pulumi.Output<EdgeObjects>;
  /** Fingerprint of the server certificate; empty where Traefik gets it itself. */
  readonly certificate: pulumi.Output<string>;
  /** PEM, the CAs that clients have to trust; undefined where every client trusts them anyway. */
  readonly caCertificate: pulumi.Output<string> | undefined;
  /** Secret; undefined where the machine's role has the right to the challenge. */
  readonly credentials: pulumi.Output<ChallengeCredentials> | undefined;
  /** Must be there before Harbor's containers are started. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: EdgeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Edge", name, {}, opts);
    const { host, machine, after } = args;
    const { tls, harbor, edge } = machine;

    const docker = dockerObjects(
      name,
      { host, dataDir: harbor.dataDir, edge },
      { parent: this, dependsOn: after },
    );
    const step = (script: pulumi.Input<string>): remote.Command =>
      machineStep(
        `${name}-certificate`,
        { host, script, seconds: harbor.timeouts.step },
        { parent: this, dependsOn: [...after] },
      ).command;
    const certificate = certificateOf(machine, step, this);

    this.objects = docker.objects;
    this.certificate = certificate.fingerprint;
    this.caCertificate = certificate.ca;
    this.credentials =
      tls.mode === "letsencrypt-route53" && tls.credentials !== undefined
        ? pulumi.output({ ...tls.credentials })
        : undefined;
    this.ready = [...docker.resources, ...certificate.steps];
    this.registerOutputs({ caCertificate: this.caCertificate });
  }
}

interface Certificate {
  readonly fingerprint: pulumi.Output<string>;
  readonly ca: pulumi.Output<string> | undefined;
  readonly steps: readonly pulumi.Resource[];
}

function certificateOf(
  machine: EdgeMachine,
  step: (script: pulumi.Input<string>) => remote.Command,
  edge: pulumi.Resource,
): Certificate {
  const { tls } = machine;
  switch (tls.mode) {
    case "self-signed": {
      const made = step(selfSignedScript(machine, tls, new Date()));
      // One line with the fingerprint, then certificates.
      const printed = publicOutput(made);
      return {
        fingerprint: printed.apply(firstLine),
        ca: printed.apply((text) => text.slice(firstLine(text).length + 1)),
        steps: [made],
      };
    }
    case "provided": {
      const warning = endWarning(tls.certificate, new Date());
      if (warning !== undefined) void pulumi.log.warn(warning, edge);
      const { certificate } = tls;
      const installed = step(
        tls.privateKey.apply((privateKey) => providedScript(machine, { certificate, privateKey })),
      );
      return {
        fingerprint: publicOutput(installed).apply(firstLine),
        ca: tls.caCertificate === undefined ? undefined : pulumi.output(tls.caCertificate),
        steps: [installed],
      };
    }
    case "letsencrypt-route53":
      return {
        fingerprint: pulumi.output(""),
        ca: tls.caCertificate === undefined ? undefined : pulumi.output(tls.caCertificate),
        steps: [],
      };
  }
}

/** What a step printed is public, though the engine may take it for secret because of the step's stdin. */
function publicOutput(step: remote.Command): pulumi.Output<string> {
  return pulumi.unsecret(step.stdout);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

const day = 86_400_000;
const warnDays = 30;

/** Said at every preview and up of a certificate's last month: nobody else renews it. */
export function endWarning(certificate: string, now: Date): string | undefined {
  const { validTo } = new X509Certificate(certificate);
  const left = Math.floor((Date.parse(validTo) - now.getTime()) / day);
  if (left >= warnDays) return undefined;
  return (
    `harbor-cache:tls.certificate ${left < 0 ? "has ended" : `ends in ${left} days`} (${validTo}). ` +
    "Set tls.certificate and tls.privateKey to a new pair; it is served without a restart."
  );
}
