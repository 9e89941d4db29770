import { readFileSync } from "node:fs";

const program = readFileSync(new URL("./publish-host-key.py", import.meta.url), "utf8");

/**
 * What cloud-init runs at the first boot, the same for every image. It holds no secret, as every container on the machine
 * can read it, and must stay below 16 KiB.
 *
 * @param parameter name of the SSM parameter that the host key goes to
 * @param user the image's own, published beside the key: so another `machine.image` is seen before it is logged in to
 */
export function userData(parameter: string, user: string): string {
  const settings = {
    PARAMETER: parameter,
    USER: user,
    METADATA: "http://169.254.169.254",
    ENDPOINT: "https://ssm.{region}.{domain}",
    HOST_KEY: "/etc/ssh/ssh_host_ed25519_key.pub",
    PER_BOOT: "/var/lib/cloud/scripts/per-boot/harbor-cache-host-key",
    SECONDS: 600,
    PAUSE: 5,
  };
  // JSON's texts and numbers are Python's too.
  const assignments = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  return `#!/usr/bin/python3\n${assignments.join("")}${program}`;
}
