import { describe, expect, test } from "vitest";
import { errorsOf, harborOnAws, hostKey, plain, rsaKey, settingsOf, valid, type Tree } from "./valid.ts";

function wrong(more: Tree): string[] {
  return errorsOf({ ...valid(), ...more }, new Set(["harbor-cache:nodes"]));
}

const existing = { address: "10.0.0.10", user: "ops", hostKey };

describe("a machine that exists", () => {
  test("needs no type, and sudo unless its user is root", () => {
    const machine = (more: Tree): unknown =>
      settingsOf({ ...valid(), machine: { ...existing, ...more } }).machine;
    expect(machine({ user: "root" })).toMatchObject({ type: "existing", sudo: false });
    expect(machine({ user: "root", sudo: true })).toMatchObject({ sudo: true });
    expect(machine({ sudo: false, type: "existing" })).toMatchObject({ sudo: false });
    expect(machine({ jump: { ...existing, address: "b", port: 2222 } })).toMatchObject({
      jump: { address: "b", port: 2222, user: "ops", hostKey },
    });
  });

  test.each<[Tree, string]>([
    [
      { hostKey: rsaKey },
      ".hostKey: is an RSA key, which the Harbor machine's SSH client can't use: give its ed25519 or ecdsa key; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)",
    ],
    [
      { hostKey: `10.0.0.10 ${hostKey}` },
      `.hostKey: "10.0.0.10 ${hostKey}" has a host in front: leave it out, the key begins with its algorithm; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)`,
    ],
    [
      { jump: { ...existing, address: "b", hostKey: rsaKey } },
      ".jump.hostKey: is an RSA key, which the Harbor machine's SSH client can't use: give its ed25519 or ecdsa key; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)",
    ],
    [{ jump: existing }, ".jump: is the machine itself: leave it out, or give the host that leads there"],
    [
      { jump: { ...existing, jump: existing } },
      ".jump.jump: is no setting; known here: address, port, user, privateKey, hostKey",
    ],
    [{ type: "Existing" }, '.type: "Existing" is not known; did you mean existing?'],
    [{ type: "azure" }, '.type: "azure" is not known; one of: existing, aws'],
    [{ user: "a b" }, '.user: "a b" is not a user name; for example: ubuntu'],
  ])("%j is refused", (more, problem) => {
    expect(wrong({ machine: { ...existing, ...more } })).toEqual([`harbor-cache:machine${problem}`]);
  });

  test("its key is a whole one without a passphrase", () => {
    const said = (privateKey: string): string | undefined =>
      errorsOf(
        { ...valid(), machine: { ...existing, privateKey } },
        new Set(["harbor-cache:machine"]),
      )[0]?.replace(/; for example.*/, "");
    const key = (kind: string, body: string): string =>
      `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;
    const openssh = (cipher: string): string =>
      Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        Buffer.from([0, 0, 0, cipher.length]),
        Buffer.from(cipher),
      ]).toString("base64");
    for (const kind of ["RSA PRIVATE KEY", "EC PRIVATE KEY"]) expect(said(key(kind, "AAAA"))).toBeUndefined();
    expect(said(key("OPENSSH PRIVATE KEY", openssh("none")))).toBeUndefined();
    expect(said(key("OPENSSH PRIVATE KEY", openssh("none")).replaceAll("\n", "\r\n"))).toBeUndefined();
    const path = "harbor-cache:machine.privateKey: ";
    const locked = `${path}has a passphrase: use the SSH agent, or a key without one`;
    expect(said(key("OPENSSH PRIVATE KEY", openssh("aes256-ctr")))).toBe(locked);
    expect(said(key("ENCRYPTED PRIVATE KEY", "AAAA"))).toBe(locked);
    expect(said(key("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA"))).toBe(locked);
    expect(said(key("PRIVATE KEY", "AAAA"))).toBe(
      `${path}is in PKCS#8's form, which not every SSH client of ours can read: ssh-keygen -p -N '' -f KEY rewrites the file in OpenSSH's`,
    );
    const broken = `${path}is not a private key: the whole file is wanted, from its BEGIN line to its END line, line breaks included`;
    for (const text of [
      "~/.ssh/id_ed25519",
      key("PUBLIC KEY", "AAAA"),
      key("PRIVATE KEY", "AAAA").replaceAll("\n", " "),
    ]) {
      expect(said(text)).toBe(broken);
    }
  });
});

test("no key of an SSH connection is in PKCS#8's form", () => {
  const privateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  const jump = { ...existing, address: "b", privateKey };
  const node = { address: "10.0.0.11", hostKey, privateKey, jump };
  const tree = {
    ...valid(),
    machine: { ...existing, privateKey, jump },
    nodes: { user: "ops", privateKey, jump, pools: [{ name: "a", privateKey, jump, nodes: [node] }] },
  };
  const errors = errorsOf(tree, new Set(["harbor-cache:machine", "harbor-cache:nodes"]));
  expect(errors.map((line) => line.replace(/^harbor-cache:(.*): is in PKCS#8's form, .*$/, "$1"))).toEqual([
    ...["machine", "machine.jump", "nodes", "nodes.jump", "nodes.pools[0]", "nodes.pools[0].jump"].map(
      (path) => `${path}.privateKey`,
    ),
    "nodes.pools[0].nodes[0].privateKey",
    "nodes.pools[0].nodes[0].jump.privateKey",
  ]);
});

describe("a machine on AWS", () => {
  const aws = {
    type: "aws",
    vpc: { id: "vpc-0123456789abcdef0" },
    subnet: { tags: { Name: "a" } },
    allowedCidrs: { web: ["10.0.0.0/8"] },
  };
  const wrongOnAws = (machine: Tree, harbor: Tree = {}): string[] =>
    wrong({ machine, harbor: { ...harborOnAws, ...harbor } });

  test("is completed with every default", async () => {
    const settings = settingsOf({ ...valid(), harbor: harborOnAws, machine: aws });
    expect(await plain(settings)).toMatchObject({
      machine: {
        ...aws,
        defaultVpc: false,
        instanceType: "m7i.xlarge",
        image: "ubuntu",
        rootVolumeGiB: 30,
        dataVolume: { sizeGiB: 200, type: "gp3" },
        allowedCidrs: { web: ["10.0.0.0/8"], ssh: [] },
        elasticIp: false,
        sessionManager: false,
        snapshots: { enabled: true, at: "03:00", retain: 14 },
        alarms: { enabled: true },
        tags: {},
      },
    });
    expect(wrongOnAws({ type: "aws", defaultVpc: true, allowedCidrs: aws.allowedCidrs })).toEqual([]);
  });

  test.each<[Tree, string]>([
    [
      { vpc: undefined },
      ".vpc: must be given, or defaultVpc be true, but not both; for example: { id: vpc-0123456789abcdef0 }",
    ],
    [
      { defaultVpc: true },
      ".vpc: must be given, or defaultVpc be true, but not both; for example: { id: vpc-0123456789abcdef0 }",
    ],
    [
      { subnet: undefined },
      ".subnet: is missing in a VPC that was given; for example: { id: subnet-0123456789abcdef0 }",
    ],
    [{ vpc: {} }, ".vpc: must have either id or tags; for example: { id: vpc-0123456789abcdef0 }"],
    [
      { vpc: { id: "subnet-01234567" } },
      '.vpc.id: "subnet-01234567" is not an id of AWS\'s that begins with vpc-; for example: vpc-0123456789abcdef0',
    ],
    [
      { instanceType: "m7g.large" },
      '.instanceType: "m7g.large" is an ARM type, and Harbor\'s packages are for x86_64; for example: m7i.xlarge',
    ],
    [
      { instanceType: "c7gn.large" },
      '.instanceType: "c7gn.large" is an ARM type, and Harbor\'s packages are for x86_64; for example: m7i.xlarge',
    ],
    [{ instanceType: "large" }, '.instanceType: "large" is not an instance type; for example: m7i.xlarge'],
    [{ image: "amazonlinux" }, '.image: "amazonlinux" is not known; did you mean amazon-linux?'],
    [{ allowedCidrs: { web: [] } }, ".allowedCidrs.web: must have a network; for example: [10.0.0.0/8]"],
    [
      { allowedCidrs: { web: ["10.0.0.1/8"] } },
      '.allowedCidrs.web[0]: "10.0.0.1/8" has host bits set behind the network: AWS would store another one; for example: 10.0.0.0/8',
    ],
    [
      { allowedCidrs: { web: ["10.0.0.0"] } },
      '.allowedCidrs.web[0]: "10.0.0.0" is not a network in CIDR notation; for example: 10.0.0.0/8',
    ],
    [
      { allowedCidrs: { web: ["0.0.0.0/0"], ssh: ["0.0.0.0/0"] } },
      '.allowedCidrs.ssh[0]: "0.0.0.0/0" would open SSH to the whole internet; for example: 10.0.0.0/8',
    ],
    [
      { allowedCidrs: { web: ["::/0"], ssh: ["::/0"] } },
      '.allowedCidrs.ssh[0]: "::/0" would open SSH to the whole internet; for example: 10.0.0.0/8',
    ],
    [
      { dataVolume: { sizeGiB: 20 } },
      ".dataVolume.sizeGiB: 20 must be a whole number from 40 to 16384; for example: 500",
    ],
    [
      { dataVolume: { kmsKeyArn: "alias/x" } },
      '.dataVolume.kmsKeyArn: "alias/x" is not an ARN of KMS\'s; for example: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',
    ],
    [
      { dns: { hostedZoneId: "example.com" } },
      ".dns.hostedZoneId: \"example.com\" is not a hosted zone's id of Route53's; for example: Z0123456789ABCDEFGHIJ",
    ],
    [{ snapshots: { at: "3:00" } }, ".snapshots.at: \"3:00\" is not a time of day; for example: '03:00'"],
    [{ tags: { Name: 7 } }, ".tags.Name: 7 must be text, but is a number; for example: production"],
    [
      { jump: { ...existing, hostKey: rsaKey } },
      ".jump.hostKey: is an RSA key, which the Harbor machine's SSH client can't use: give its ed25519 or ecdsa key; for example: ssh-ed25519 AAAA… (ssh-keyscan -t ed25519 HOST prints it behind the host; compare it on the machine)",
    ],
    [{ instancetype: "m7i.large" }, ".instancetype: is no setting; did you mean instanceType?"],
  ])("%j is refused", (more, problem) => {
    expect(wrongOnAws({ ...aws, ...more })).toEqual([`harbor-cache:machine${problem}`]);
  });

  test.each(["t3.large", "m7i-flex.xlarge", "g5.xlarge", "p4d.24xlarge", "c7a.2xlarge"])(
    "%s is x86_64",
    (instanceType) => {
      expect(wrongOnAws({ ...aws, instanceType })).toEqual([]);
    },
  );

  test("brings its own disk and address", () => {
    expect(wrongOnAws(aws, { dataVolume: { device: "/dev/sdf" } })).toEqual([
      "harbor-cache:harbor.dataVolume: can't be given for a machine on AWS: machine.dataVolume is its disk",
    ]);
    for (const listenAddress of ["127.0.0.1", "10.0.0.10"]) {
      expect(wrongOnAws(aws, { listenAddress })).toEqual([
        "harbor-cache:harbor.listenAddress: can't be given for a machine on AWS, whose address is not known before: " +
          "machine.allowedCidrs says who reaches it; leave it out",
      ]);
    }
  });

  test("is made of an image that has neither Docker nor cosign", () => {
    const docker =
      "harbor-cache:harbor.installDocker: is wanted for a machine on AWS, whose image has no Docker; for example: true";
    const cosign =
      "harbor-cache:harbor.installer.cosign: is no way to verify the package for a machine on AWS, whose image has no " +
      "cosign: give sha256 instead; for example: what sha256sum FILE prints";
    expect(wrong({ machine: aws })).toEqual([docker, cosign]);
    expect(wrongOnAws(aws, { installDocker: false })).toEqual([docker]);
    expect(wrongOnAws(aws, { installer: {} })).toEqual([cosign]);
    const both = { ...(harborOnAws["installer"] as Tree), cosign: true };
    expect(wrongOnAws(aws, { installer: both })).toEqual([cosign]);
  });

  test("has the disk that is required", () => {
    const wanted = (diskGiB: number): string[] =>
      wrongOnAws({ ...aws, dataVolume: { sizeGiB: 100 } }, { requirements: { diskGiB } });
    expect(wanted(100)).toEqual([]);
    expect(wanted(100.5)).toEqual([
      "harbor-cache:harbor.requirements.diskGiB: is more than machine.dataVolume.sizeGiB gives (100): raise that, or ask " +
        "for less; for example: 160 of 200",
    ]);
  });

  test("may be reached by everybody, but not by SSH", () => {
    expect(wrongOnAws({ ...aws, allowedCidrs: { web: ["0.0.0.0/0", "::/0"] } })).toEqual([]);
  });
});

describe("hostname", () => {
  test.each([
    ["registry.example.com:8443", "must have no port: harbor.httpsPort and harbor.httpPort say it"],
    ["2001:db8::1", "is an IPv6 address, which image references can't name: give a DNS name"],
    ["127.0.0.1", "is refused by Harbor itself: give a name or another address of the machine"],
    ["reg.mydomain.com", "is refused by Harbor itself: give a name or another address of the machine"],
  ])("%s is refused", (hostname, problem) => {
    expect(wrong({ hostname })).toEqual([
      `harbor-cache:hostname: "${hostname}" ${problem}; for example: registry.example.com`,
    ]);
  });

  test.each(["127.0.0.2", "10.0.0.10", "localhost", "my.reg.mydomain.com"])("%s is fine", (hostname) => {
    expect(wrong({ hostname })).toEqual([]);
  });
});
