/** The Harbor machine: one that exists, or one to make on AWS. */
import * as z from "zod";
import { awsMachine } from "./aws.ts";
import { modernHostKey } from "./host-key.ts";
import { address, sshPort } from "./network.ts";
import { privateKey } from "./secret.ts";
import { flag, mapping, text, variant } from "./value.ts";

export const user = text("ubuntu", (value) =>
  /^[a-z0-9_][a-z0-9_.@\\-]*$/i.test(value) ? undefined : "is not a user name",
).describe("User that SSH logs in as.");

const ssh = {
  address,
  port: sshPort.default(22),
  user,
  privateKey: privateKey.exactOptional(),
  hostKey: modernHostKey,
};

/** The way to a jump host, by the SSH client of the Harbor machine's steps. */
export const jump = mapping("{ address: bastion.example.com, user: ops, hostKey: ssh-ed25519 AAAA… }", ssh);

const machineExample = "{ address: 10.0.0.10, user: ops, hostKey: ssh-ed25519 AAAA… }";

const existingMachine = mapping(machineExample, {
  type: z.literal("existing").describe("A machine that exists already and that becomes Harbor (default)."),
  ...ssh,
  jump: jump.exactOptional().describe("A host to go through, itself reached directly."),
  sudo: flag().exactOptional().describe("Run the steps by `sudo -n`. Default: true unless the user is root."),
}).transform((machine) => ({ ...machine, sudo: machine.sudo ?? machine.user !== "root" }));

/** Without a type, it is one that exists. */
export const machine = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? { type: "existing", ...value }
      : value,
  variant("type", ["existing", "aws"], machineExample, [existingMachine, awsMachine(jump)]),
);
