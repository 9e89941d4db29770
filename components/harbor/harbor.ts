import { createHash } from "node:crypto";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HarborSettings, Tls } from "../../config/settings.ts";
import { Password } from "../../provider/sdk.ts";
import type { Host } from "../host/host.ts";
import { machineStep } from "../host/machine-step.ts";
import { harborEndpoint, type Endpoint } from "./endpoint.ts";
import { checkMachine } from "./machine-conflicts.ts";
import {
  certificatesScript,
  directoriesScript,
  healthScript,
  healthSeconds,
  packageScript,
  prerequisitesScript,
  startScript,
  type HarborMachine,
  type SelfSigned,
} from "./step-scripts.ts";

export interface HarborArgs {
  readonly host: Host;
  /** Name that clients reach Harbor by, without scheme and port. */
  readonly hostname: string;
  readonly tls: Tls;
  readonly settings: HarborSettings;
}

/**
 * Harbor on a machine: one step per thing that has to be true there, each run again when its inputs change.
 *
 * @throws RunError where settings exclude each other, before any resource is made.
 */
export class Harbor extends pulumi.ComponentResource {
  /** Harbor's external URL with scheme; resolves when Harbor is healthy there. */
  readonly url: pulumi.Output<string>;
  readonly endpoint: Endpoint;
  /** Secret. */
  readonly adminPassword: pulumi.Output<string>;
  /** PEM, the CA that clients have to trust; undefined where TLS is not self-signed. */
  readonly caCertificate: pulumi.Output<string> | undefined;

  readonly #name: string;
  readonly #host: Host;
  readonly #machine: HarborMachine;

  constructor(name: string, args: HarborArgs, opts?: pulumi.ComponentResourceOptions) {
    super("harborcache:components:Harbor", name, {}, opts);
    this.#name = name;
    this.#host = args.host;
    this.#machine = { hostname: args.hostname, tls: args.tls, harbor: args.settings };
    for (const warning of checkMachine(this.#machine)) void pulumi.log.warn(warning, this);
    const { tls, harbor } = this.#machine;

    this.endpoint = harborEndpoint(args.hostname, tls, harbor);
    this.adminPassword = this.#password("admin-password", harbor.adminPassword);
    const databasePassword = this.#password("database-password", harbor.databasePassword);

    const prerequisites = this.#step("prerequisites", prerequisitesScript(this.#machine), []);
    const directories = this.#step("directories", directoriesScript(this.#machine), [prerequisites], {
      undo: true,
    });
    const installer = this.#step("package", packageScript(this.#machine), [directories]);
    const certificates = tls.mode === "self-signed" ? this.#certificates(tls, directories) : undefined;

    const plain = pulumi
      .all([this.adminPassword, databasePassword])
      .apply(([admin, database]) => ({ adminPassword: admin, databasePassword: database }));
    const start = pulumi
      .all([plain, certificates?.server ?? ""])
      .apply(([passwords, server]) => startScript(this.#machine, passwords, server));
    const started = this.#step("start", start, [
      installer,
      ...(certificates === undefined ? [] : [certificates.step]),
    ]);

    const health = pulumi
      .all([plain, start])
      .apply(([passwords, text]) => healthScript(this.#machine, passwords, digest(text)));
    const healthy = this.#step("health", health, [started], { seconds: healthSeconds(harbor) });

    this.url = printed(healthy).apply(() => this.endpoint.url);
    this.caCertificate = certificates?.ca;
    this.registerOutputs({
      url: this.url,
      adminPassword: this.adminPassword,
      caCertificate: this.caCertificate,
    });
  }

  #password(kind: string, given: pulumi.Output<string> | undefined): pulumi.Output<string> {
    return pulumi.secret(given ?? new Password(`${this.#name}-${kind}`, {}, { parent: this }).result);
  }

  #certificates(tls: SelfSigned, after: pulumi.Resource) {
    const step = this.#step("certificates", certificatesScript(this.#machine, tls, new Date()), [after]);
    // stdout: one line with the server certificate's fingerprint, then the CA's certificate.
    const server = printed(step).apply((text) => text.slice(0, text.indexOf("\n")));
    const ca = printed(step).apply((text) => text.slice(text.indexOf("\n") + 1));
    return { step, server, ca };
  }

  #step(
    kind: string,
    script: pulumi.Input<string>,
    dependsOn: pulumi.Resource[],
    { undo = false, seconds = this.#machine.harbor.timeouts.step } = {},
  ): remote.Command {
    return machineStep(
      `${this.#name}-${kind}`,
      { host: this.#host, script, undo, seconds },
      { parent: this, dependsOn },
    );
  }
}

/** What a step printed. It is public, though the engine may take it for secret because of the step's stdin. */
function printed(step: remote.Command): pulumi.Output<string> {
  return pulumi.unsecret(step.stdout);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
