/** What the machine's role may do: every container on the machine can use it, so it is the least that works. */
import type { HarborSettings, RegistrySettings } from "../../config/settings.ts";

export interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

function allow(...statements: Omit<Statement, "Effect">[]): Policy {
  return {
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", ...statement })),
  };
}

/** A role's trust: one service of AWS's takes it. */
export function assumedBy(service: string): object {
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  };
}

/**
 * DNS-01 for one name: the challenge's TXT record and no other. No zone is searched for, as Traefik is told its id
 * (lego, providers/dns/route53/route53.go, getHostedZoneID: AWS_HOSTED_ZONE_ID is taken as it is).
 */
export function dnsChallengePolicy(partition: string, zoneId: string, hostname: string): Policy {
  const zone = `arn:${partition}:route53:::hostedzone/${zoneId}`;
  return allow(
    { Action: ["route53:GetChange"], Resource: [`arn:${partition}:route53:::change/*`] },
    { Action: ["route53:ListResourceRecordSets"], Resource: [zone] },
    {
      Action: ["route53:ChangeResourceRecordSets"],
      Resource: [zone],
      Condition: {
        "ForAllValues:StringEquals": {
          "route53:ChangeResourceRecordSetsNormalizedRecordNames": [`_acme-challenge.${hostname}`],
          "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
        },
      },
    },
  );
}

/** To publish the host key, and not even to read it. */
export function hostKeyPolicy(parameterArn: string): Policy {
  return allow({ Action: ["ssm:PutParameter"], Resource: [parameterArn] });
}

/** To keep layers in this bucket, below `rootDirectory`: what the documentation of distribution's s3 driver asks for. */
export function s3Policy(
  partition: string,
  { bucket, rootDirectory = "" }: NonNullable<HarborSettings["s3"]>,
): Policy {
  const arn = `arn:${partition}:s3:::${bucket}`;
  return allow(
    {
      Action: ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
      Resource: [arn],
    },
    {
      Action: [
        "s3:PutObject",
        "s3:GetObject",
        "s3:DeleteObject",
        "s3:ListMultipartUploadParts",
        "s3:AbortMultipartUpload",
      ],
      Resource: [`${arn}${rootDirectory}/*`],
    },
  );
}

/** To pull from these private registries of AWS's. */
export function ecrPolicy(partition: string, registries: readonly EcrRegistry[], ownAccount: string): Policy {
  return allow(
    { Action: ["ecr:GetAuthorizationToken"], Resource: ["*"] },
    {
      Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      Resource: registries.map(
        ({ region, account = ownAccount }) => `arn:${partition}:ecr:${region}:${account}:repository/*`,
      ),
    },
  );
}

export interface EcrRegistry {
  readonly region: string;
  /** Default: the machine's own. */
  readonly account?: string;
}

const ecrHost = /^(?:(\d{12})\.dkr|api)\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** The private registries that Harbor reads as the machine's role: those of AWS's without credentials of their own. */
export function ecrByRole(registries: readonly RegistrySettings[]): EcrRegistry[] {
  return registries
    .filter(({ type, credentials }) => type === "aws-ecr" && credentials === undefined)
    .flatMap(({ name, endpoint }): EcrRegistry[] => {
      const [, ofEndpoint, region] = ecrHost.exec(new URL(endpoint).hostname) ?? [];
      const account = ofEndpoint ?? ecrHost.exec(name)?.[1];
      return region === undefined ? [] : [{ region, ...(account !== undefined && { account }) }];
    });
}
