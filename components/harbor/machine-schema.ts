/** What the commands in cli/ have to know about a stack's machine. They read it from the stack's outputs. */
import { z } from "zod";
import { sshInputs } from "../../provider/nodes/ssh-inputs.ts";

const way = z.object(sshInputs).omit({ privateKey: true });
const seconds = z.number().int().positive();

/** The output `machine`. It holds no secret: private keys are outputs of their own. */
export const machineSchema = way.extend({
  /** A host to go through, itself reached directly. */
  jump: way.optional(),
  /** Run by `sudo -n`. */
  sudo: z.boolean(),
  installDir: z.string(),
  dataDir: z.string(),
  /** The block device that belongs at `dataDir`, where there is one. */
  dataDevice: z.string().optional(),
  /** Without scheme and port. */
  hostname: z.string(),
  /** Harbor's external URL; an up that failed has not reached it yet. */
  url: z.string(),
  /** Where clients' requests arrive on the machine. */
  listenAddress: z.string(),
  listenPort: z.number().int(),
  tls: z.enum(["none", "self-signed", "letsencrypt-route53", "provided"]),
  /** Seconds: any step; until Harbor is healthy after a start. */
  timeouts: z.object({ step: seconds, health: seconds }),
});

export type MachineOutput = z.infer<typeof machineSchema>;
