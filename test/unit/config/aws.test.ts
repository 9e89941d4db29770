/** A machine on AWS: its disk and its type. What goes for machines in general is in machine.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorsOf, settingsOf, valid, type Tree } from "./valid.ts";

const withMachine = (machine: object): Tree => ({
  ...valid(),
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
