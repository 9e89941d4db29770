/** The connection to one Harbor. */
import * as pulumi from "@pulumi/pulumi";

export interface ProviderArgs {
  /** Harbor's external URL with scheme, without path: `https://registry.example.com`. */
  url: pulumi.Input<string>;
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
  /** PEM of the CA that signed Harbor's certificate, where it is not a public one. */
  caCertificate?: pulumi.Input<string | undefined>;
  /** Seconds that one request may take, default 30. */
  requestTimeout?: pulumi.Input<number>;
}

/** The connection to one Harbor. */
export class Provider extends pulumi.ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    super(
      "harborcache",
      name,
      {
        url: args.url,
        username: args.username,
        password: pulumi.secret(args.password),
        caCertificate: args.caCertificate,
        requestTimeout: pulumi.output(args.requestTimeout).apply((seconds) => seconds?.toString()),
      },
      opts,
    );
  }
}
