import * as pulumi from "@pulumi/pulumi";
import type { EdgeSettings, HarborSettings, Tls } from "../../config/settings.ts";
import { Password } from "../../provider/sdk.ts";
import { Edge } from "../edge/edge.ts";
import type { Host } from "../host/host.ts";
import { machineStep, type MachineStep } from "../host/machine-step.ts";
import { scriptDigest } from "../host/step-script.ts";
import { harborEndpoint, type Endpoint } from "./endpoint.ts";
import { machineWarnings } from "./machine-conflicts.ts";
import {
  directoriesScript,
  edgeHealthScript,
  edgeMachine,
  healthScript,
  healthSeconds,
  packageScript,
  prerequisitesScript,
  startScript,
  stopScript,
  type DataVolume,
  type Front,
  type HarborMachine,
} from "./step-scripts.ts";

export interface HarborArgs {
  readonly host: Host;
  /** Name that clients reach Harbor by, without scheme and port. */
  readonly hostname: string;
  readonly tls: Tls;
  readonly settings: HarborSettings;
  readonly edge: EdgeSettings;
}

/** Harbor on a machine: one step per thing that has to be true there, each run again when its inputs change. */
export class Harbor extends pulumi.ComponentResource {
  /** Harbor's external URL with scheme; resolves when Harbor answers there. */
  readonly url: pulumi.Output<string>;
  readonly endpoint: Endpoint;
  /** Secret. */
  readonly adminPassword: pulumi.Output<string>;
  /** PEM, the CAs that clients have to trust; undefined where every client trusts them anyway. */
  readonly caCertificate: pulumi.Output<string> | undefined;
  /** What stands before Harbor; undefined where TLS is off. */
  readonly edge: Edge | undefined;

  readonly #name: string;
  readonly #host: Host;
  readonly #machine: HarborMachine;

  constructor(name: string, args: HarborArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Harbor", name, {}, opts);
    const { host, hostname, tls, settings: harbor, edge: front } = args;
    this.#name = name;
    this.#host = host;
    this.#machine = { hostname, tls, harbor, edge: front };
    for (const warning of machineWarnings(this.#machine)) void pulumi.log.warn(warning, this);

    this.endpoint = harborEndpoint(hostname, tls, harbor);
    this.adminPassword = this.#password("admin-password", harbor.adminPassword);
    const databasePassword = this.#password("database-password", harbor.databasePassword);
    const passwords = pulumi
      .all([this.adminPassword, databasePassword])
      .apply(([admin, database]) => ({ adminPassword: admin, databasePassword: database }));

    const prerequisites = this.#step(
      "prerequisites",
      this.#withVolume((volume) => prerequisitesScript(this.#machine, host.access.user, volume)),
      host.ready,
    );
    const directories = this.#step(
      "directories",
      this.#withVolume((volume) => directoriesScript(this.#machine, volume)),
      [prerequisites.done],
      { undo: true },
    );
    const edge = this.#makeEdge(directories.done);
    this.edge = edge;
    const installer = this.#step("package", packageScript(this.#machine), [directories.done]);
    const stop = this.#step("stop", stopScript(this.#machine), [directories.done, ...(edge?.ready ?? [])], {
      undo: true,
    });

    const script = pulumi
      .all([passwords, frontOf(edge)])
      .apply(([plain, before]) => startScript(this.#machine, plain, before));
    const start = this.#step("start", script, [installer.done, stop.done]);
    const started = script.apply(scriptDigest);
    const health = pulumi
      .all([passwords, started])
      .apply(([plain, text]) => healthScript(this.#machine, plain, text));
    const seconds = healthSeconds(harbor);
    const healthy = this.#step("health", health, [start.done], { seconds });
    const answering =
      edge === undefined
        ? healthy
        : this.#step("edge-health", this.#edgeHealth(edge, started), [healthy.done], { seconds });

    // Public, though the engine may take a step's output for secret because of its stdin.
    this.url = pulumi.unsecret(answering.command.stdout).apply(() => this.endpoint.url);
    this.caCertificate = edge?.caCertificate;
    this.registerOutputs({
      url: this.url,
      adminPassword: this.adminPassword,
      caCertificate: this.caCertificate,
    });
  }

  #password(kind: string, given: pulumi.Output<string> | undefined): pulumi.Output<string> {
    return pulumi.secret(given ?? new Password(`${this.#name}-${kind}`, {}, { parent: this }).result);
  }

  #makeEdge(after: pulumi.Resource): Edge | undefined {
    const machine = edgeMachine(this.#machine);
    if (machine === undefined) return undefined;
    return new Edge(`${this.#name}-edge`, { host: this.#host, machine, after: [after] }, { parent: this });
  }

  #edgeHealth({ caCertificate }: Edge, started: pulumi.Output<string>): pulumi.Output<string> {
    return pulumi
      .all([caCertificate, started])
      .apply(([ca, text]) => edgeHealthScript(this.#machine, ca, text));
  }

  /** The host's own disk, or the one that the settings name. */
  #withVolume(script: (volume: DataVolume | undefined) => string): pulumi.Input<string> {
    const { dataVolume } = this.#host;
    if (dataVolume === undefined) return script(this.#machine.harbor.dataVolume);
    return dataVolume.device.apply((device) => script({ ...dataVolume, device }));
  }

  #step(
    kind: string,
    script: pulumi.Input<string>,
    dependsOn: readonly pulumi.Resource[],
    { undo = false, seconds = this.#machine.harbor.timeouts.step } = {},
  ): MachineStep {
    return machineStep(
      `${this.#name}-${kind}`,
      { host: this.#host, script, undo, seconds },
      { parent: this, dependsOn: [...dependsOn] },
    );
  }
}

function frontOf(edge: Edge | undefined): pulumi.Output<Front | undefined> {
  if (edge === undefined) return pulumi.output(undefined);
  const { objects, certificate, credentials } = edge;
  return pulumi
    .all([objects, certificate, credentials])
    .apply(([known, fingerprint, key]) => ({ objects: known, certificate: fingerprint, credentials: key }));
}
