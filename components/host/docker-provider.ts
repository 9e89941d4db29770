import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { dockerSsh, writeSshFiles } from "./docker-ssh-files.ts";
import type { Host } from "./host.ts";

/**
 * The Docker engine of a machine, over SSH, as the provider of @pulumi/docker's resources.
 *
 * How the plugin of @pulumi/docker 5.2.0 behaves decides its form. It takes no key: it runs the local program
 * `ssh SSHOPTS… -T -l USER -p PORT -- ADDRESS docker system dial-stdio` (docker/cli, cli/connhelper), and speaks the
 * Engine API over that; so the keys lie in files, which every run of this program writes where they differ: previews
 * too, once address and host key are known. The files are this computer's: `pulumi refresh` and `pulumi destroy`, which
 * don't run the program, need them. Where ssh says that it can't find them, run `pulumi preview` first, or add
 * `--run-program`. They may be deleted at any time.
 *
 * The engine is asked for nothing before the first resource on it: with `disableDockerDaemonCheck` the plugin leaves
 * out its first ping (kreuzwerker/terraform-provider-docker, internal/provider/config.go; for ssh its native half asks
 * nothing either: pulumi/pulumi-docker, provider/image.go), so Docker may still have to be installed. The user that signs
 * in must be in the group `docker`: no sudo is involved.
 *
 * @throws RunError where the environment would lead the plugin to another Docker engine.
 */
export function dockerProvider(
  name: string,
  host: Pick<Host, "access" | "identity">,
  opts: pulumi.ResourceOptions,
): docker.Provider {
  refuseOtherEngines();
  const { access, identity } = host;
  const { port, user, jump } = access;
  const way = pulumi
    .all([identity, access.address, access.hostKey, access.privateKey, jump?.privateKey])
    .apply(([id, address, hostKey, privateKey, jumpKey]) => {
      const ssh = dockerSsh(
        id,
        { address, port, user, hostKey, privateKey },
        jump && { ...jump, privateKey: jumpKey },
      );
      writeSshFiles(ssh);
      return { host: ssh.host, sshOpts: [...ssh.sshOpts] };
    });
  // Made from secrets, but only paths of them are in it.
  const { host: url, sshOpts } = pulumi.unsecret(way);
  return new docker.Provider(name, { host: url, sshOpts, disableDockerDaemonCheck: true }, opts);
}

/** Both win over `host` (terraform-provider-docker, internal/provider/provider.go), `minikube docker-env` sets one. */
function refuseOtherEngines(): void {
  for (const variable of ["DOCKER_CONTEXT", "DOCKER_CERT_PATH"]) {
    if ((process.env[variable] ?? "") === "") continue;
    throw new pulumi.RunError(
      `${variable} is set, and @pulumi/docker would use the Docker engine that it names instead of the machine's. ` +
        `Run: unset ${variable}`,
    );
  }
}
