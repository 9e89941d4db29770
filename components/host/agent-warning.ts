import { existsSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { HostAccess } from "./host.ts";

/**
 * Says before the first step which key nobody has. @pulumi/command dials a set SSH_AUTH_SOCK even where it has a private
 * key, and no input of it prevents that.
 *
 * @param keySetting path of the machine's own key
 */
export function warnOfMissingAgent(
  { privateKey, jump }: Pick<HostAccess, "privateKey" | "jump">,
  keySetting: string,
  resource: pulumi.Resource,
): void {
  const socket = process.env["SSH_AUTH_SOCK"] ?? "";
  const [missing] = [
    ...(privateKey === undefined ? [keySetting] : []),
    ...(jump !== undefined && jump.privateKey === undefined ? ["machine.jump.privateKey"] : []),
  ];
  if (socket === "" && missing !== undefined) {
    void pulumi.log.warn(
      `harbor-cache:${missing} is not set, and SSH_AUTH_SOCK isn't either: start an agent (ssh-agent, ssh-add) ` +
        `or set the key: pulumi config set --secret --path harbor-cache:${missing} < KEYFILE`,
      resource,
    );
  }
  if (socket !== "" && !existsSync(socket)) {
    void pulumi.log.warn(
      `SSH_AUTH_SOCK is ${socket}, which does not exist: every step on the machine will fail. Run: unset SSH_AUTH_SOCK`,
      resource,
    );
  }
}
