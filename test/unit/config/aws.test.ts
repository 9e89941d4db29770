/** A machine on AWS: its disk and its type. What goes for machines in general is in machine.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorsOf, harborOnAws, settingsOf, valid, type Tree } from "./valid.ts";

const withMachine = (machine: object): Tree => ({
  ...valid(),
  harbor: harborOnAws,
  machine: { type: "aws", defaultVpc: true, allowedCidrs: { web: ["10.0.0.0/8"] }, ...machine },
});
const withDisk = (dataVolume: object): Tree => withMachine({ dataVolume });
const disk = "harbor-cache:machine.dataVolume";

describe("the data volume", () => {
  it("is gp3 with what AWS gives, unless more is asked for", () => {
    expect(settingsOf(withMachine({})).machine).toMatchObject({ dataVolume: { sizeGiB: 200, type: "gp3" } });
    const { machine } = settingsOf(withDisk({ iops: 6000, throughput: 500 }));
    expect(machine).toMatchObject({ dataVolume: { sizeGiB: 200, type: "gp3", iops: 6000, throughput: 500 } });
  });

  it.each<[object, string[]]>([
    [{ type: "io2" }, [`${disk}.iops: is missing with io2; for example: 6000`]],
    [{ type: "io2", iops: 100 }, []],
    [
      { type: "io2", iops: 99 },
      [`${disk}.iops: 99 must be a whole number from 100 to 256000; for example: 6000`],
    ],
    [
      { iops: 2999 },
      [`${disk}.iops: 2999 must be a whole number from 3000 to 80000 with gp3; for example: 6000`],
    ],
    [{ iops: 3000, throughput: 125 }, []],
    [
      { throughput: 124 },
      [`${disk}.throughput: 124 must be a whole number from 125 to 2000; for example: 250`],
    ],
    [
      { type: "io2", iops: 6000, throughput: 250 },
      [`${disk}.throughput: 250 goes with gp3 only: io2 has what its iops give`],
    ],
  ])("%o", (dataVolume, problems) => {
    expect(errorsOf(withDisk(dataVolume))).toEqual(problems);
  });
});

describe("the bucket for layers", () => {
  const withBucket = (s3: object): Tree => ({ ...withMachine({}), harbor: { ...harborOnAws, s3 } });
  const wrong = (s3: object) => errorsOf(withBucket({ bucket: "layers", region: "eu-west-1", ...s3 }));
  const path = "harbor-cache:harbor.s3";

  it("is none unless it is given", () => {
    expect(settingsOf(withMachine({})).harbor).not.toHaveProperty("s3");
    const s3 = { bucket: "layers", region: "eu-west-1", rootDirectory: "/harbor" };
    expect(settingsOf(withBucket(s3)).harbor.s3).toEqual(s3);
  });

  it("is for a machine on AWS only", () => {
    expect(errorsOf({ ...valid(), harbor: { s3: { bucket: "layers", region: "eu-west-1" } } })).toEqual([
      `${path}: goes with machine.type aws only: Harbor reads the bucket by the machine's role, and a machine that exists has none of ours; leave it out`,
    ]);
  });

  it.each(["abc", "a.b-c.example.com", "0layers", "x".repeat(63), "192.168.0.1.example"])(
    "%s is a name",
    (bucket) => {
      expect(wrong({ bucket })).toEqual([]);
    },
  );

  it.each([
    "ab",
    "x".repeat(64),
    "Layers",
    "my_layers",
    "a..b",
    "-layers",
    "layers.",
    "192.168.0.1",
    "xn--layers",
    "sthree-layers",
    "amzn-s3-demo-layers",
    "layers-s3alias",
    "layers--ol-s3",
    "layers--x-s3",
    "layers.mrap",
    "s3://layers",
  ])("%s is none", (bucket) => {
    expect(wrong({ bucket })).toEqual([
      `${path}.bucket: "${bucket}" is not a bucket's name that S3 takes; for example: harbor-cache-layers`,
    ]);
  });

  it.each(["12345", "0123", "1e5", "0x1f", "1.5", "2026-01-02", "true", "null"])(
    "%s is none that the registry's YAML keeps",
    (bucket) => {
      expect(wrong({ bucket })).toEqual([
        `${path}.bucket: "${bucket}" would be read as another kind of value than text by Harbor's registry; for example: harbor-cache-layers`,
      ]);
    },
  );

  it.each(["eu-west-1", "us-gov-east-1", "ap-southeast-7", "eusc-de-east-1", "us-isob-east-1"])(
    "may be in %s",
    (region) => {
      expect(wrong({ region })).toEqual([]);
    },
  );

  it("is in a region, below an absolute path", () => {
    expect(wrong({ region: "Ireland", rootDirectory: "harbor" })).toEqual([
      `${path}.region: "Ireland" is not a region of AWS's; for example: eu-west-1`,
      expect.stringMatching(/^harbor-cache:harbor\.s3\.rootDirectory: "harbor" must be an absolute path/),
    ]);
  });
});

describe("the networks", () => {
  const reach = (networks: string[], ssh: string[] = []) =>
    withMachine({ allowedCidrs: { web: networks, ssh } });
  const path = "harbor-cache:machine.allowedCidrs";

  it.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["10.0.0.0/08", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["192.168.7.9/32", "192.168.7.9/32"],
    ["2001:DB8:0:0::/32", "2001:db8::/32"],
    ["2001:0db8:0000:0000:0000:0000:0000:0000/48", "2001:db8::/48"],
    ["2001:db8:0:1:0:0:0:0/64", "2001:db8:0:1::/64"],
    ["2001:db8::1/128", "2001:db8::1/128"],
    ["::ffff:10.0.0.0/104", "::ffff:a00:0/104"],
    ["::/0", "::/0"],
  ])("%s is %s, as AWS stores it", (given, stored) => {
    expect(settingsOf(reach([given])).machine).toMatchObject({ allowedCidrs: { web: [stored] } });
  });

  it("of SSH are the same", () => {
    const { machine } = settingsOf(reach(["10.0.0.0/8"], ["2001:DB8::/32"]));
    expect(machine).toMatchObject({ allowedCidrs: { ssh: ["2001:db8::/32"] } });
  });

  it.each(["10.0.0.1/8", "10.128.0.0/8", "2001:db8::1/64", "2001:db8:8000::/32", "::1/0", "8000::/0"])(
    "%s is refused for its host bits",
    (network) => {
      expect(errorsOf(reach([network]))).toEqual([
        `${path}.web[0]: "${network}" has host bits set behind the network: AWS would store another one; for example: 10.0.0.0/8`,
      ]);
    },
  );

  it.each(["10.0.0.0", "10.0.0.0/33", "2001:db8::/129", "fe80::%eth0/64", "10.0.0.0/8/8", "/8", "::/x"])(
    "%s is none",
    (network) => {
      expect(errorsOf(reach([network]))).toEqual([
        `${path}.web[0]: "${network}" is not a network in CIDR notation; for example: 10.0.0.0/8`,
      ]);
    },
  );

  it.each(["0.0.0.0/0", "::/0", "::/00"])("%s is none for SSH", (network) => {
    expect(errorsOf(reach(["10.0.0.0/8"], [network]))).toEqual([
      `${path}.ssh[0]: "${network}" would open SSH to the whole internet; for example: 10.0.0.0/8`,
    ]);
  });
});

describe("the instance type", () => {
  const problemsOf = (instanceType: string) => errorsOf(withMachine({ instanceType }));

  it.each([
    "t2.large",
    "m4.xlarge",
    "c4.large",
    "r4.large",
    "i3.large",
    "x1e.xlarge",
    "m3.large",
    "d2.xlarge",
  ])("%s is of before Nitro, and refused", (type) => {
    expect(problemsOf(type)).toEqual([
      `harbor-cache:machine.instanceType: "${type}" is a type of an older generation, where the data volume can't be found by its id; for example: m7i.xlarge`,
    ]);
  });

  it("of Nitro and x86_64 is taken", () => {
    const family = fc.constantFrom(
      "m5",
      "m5ad",
      "m6i",
      "m7a",
      "m7i",
      "m7i-flex",
      "m8i",
      "c5n",
      "c7i",
      "r6idn",
      "t3",
      "t3a",
      "i3en",
      "i4i",
      "d3",
      "x2idn",
      "g4dn",
      "p3dn",
      "u7i-6tb",
    );
    const size = fc.constantFrom("large", "xlarge", "2xlarge", "metal", "metal-24xl");
    fc.assert(
      fc.property(family, size, (name, of) => {
        expect(problemsOf(`${name}.${of}`)).toEqual([]);
      }),
    );
  });
});
