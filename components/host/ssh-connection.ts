import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../../config/settings.ts";
import type { HostAccess } from "./host.ts";

/** Tries after the first one; @pulumi/command's pauses between them grow, so a refusing machine costs a few seconds. */
const dialErrorLimit = 3;
/** Seconds for one TCP connect. */
const perDialTimeout = 15;

/**
 * How @pulumi/command reaches a machine. Without a private key it asks the agent at `SSH_AUTH_SOCK`.
 *
 * @throws RunError for what @pulumi/command 1.2.1 can't do: an RSA host key (it only offers ssh-rsa signatures, which
 * sshd refuses since OpenSSH 8.8) and more than one jump host.
 */
export function sshConnection(
  access: SshAccess | HostAccess,
  path = "machine",
): types.input.remote.ConnectionArgs {
  const { jump } = access;
  if (jump?.jump !== undefined) {
    throw new pulumi.RunError(
      `harbor-cache:${path}.jump.jump: only one jump host is possible. Name one that reaches the machine.`,
    );
  }
  const connection: types.input.remote.ConnectionArgs = endpoint(access, path);
  return jump === undefined ? connection : { ...connection, proxy: endpoint(jump, `${path}.jump`) };
}

function endpoint(access: SshAccess | HostAccess, path: string) {
  if (isKnown(access) && access.hostKey.startsWith("ssh-rsa ")) {
    throw new pulumi.RunError(
      `harbor-cache:${path}.hostKey: RSA host keys don't work for the machine's steps. ` +
        `Take the ed25519 one: ssh-keyscan -t ed25519 -p ${access.port} ${access.address}`,
    );
  }
  return {
    host: access.address,
    port: access.port,
    user: access.user,
    hostKey: access.hostKey,
    dialErrorLimit,
    perDialTimeout,
    ...(access.privateKey === undefined ? {} : { privateKey: pulumi.secret(access.privateKey) }),
  };
}

/** From the settings, and not learned from the machine. */
function isKnown(access: SshAccess | HostAccess): access is SshAccess {
  return typeof access.hostKey === "string";
}
