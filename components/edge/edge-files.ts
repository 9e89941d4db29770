import { hasOwnAcmeServer, type EdgeMachine } from "./edge-machine.ts";
import { renderTlsYml } from "./tls-yml.ts";

/** An access key of AWS's in plain text, for the challenge's record and nothing else. */
export interface ChallengeCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface EdgeFilesArgs {
  readonly machine: EdgeMachine;
  readonly certificate: string;
  readonly credentials: ChallengeCredentials | undefined;
}

/** The files of the folder `edge` beside the compose files, by name; an empty one must not be there. */
export function edgeFiles(args: EdgeFilesArgs | undefined) {
  const tls = args?.machine.tls;
  return {
    "tls.yml": args === undefined ? "" : renderTlsYml(args.machine, args.certificate),
    "acme.env": args?.credentials === undefined ? "" : renderAcmeEnv(args.credentials),
    "acme-ca.crt":
      tls?.mode === "letsencrypt-route53" && hasOwnAcmeServer(tls) ? (tls.caCertificate ?? "") : "",
  };
}

function renderAcmeEnv({ accessKeyId, secretAccessKey }: ChallengeCredentials): string {
  return `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`;
}
