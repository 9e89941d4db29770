/** Rules about the instance and its disks. */
import { describe, expect, test } from "vitest";

import { encryptedVolumes } from "../../../policy/encrypted-volumes.ts";
import { instanceMetadata } from "../../../policy/instance-metadata.ts";
import { protectedData } from "../../../policy/protected-data.ts";
import { INSTANCE, violations, VOLUME } from "./violations.ts";

describe("encrypted volumes", () => {
  const root = { rootBlockDevice: { encrypted: true } };

  test.each([
    ["a volume", VOLUME, { encrypted: true, kmsKeyId: "arn:aws:kms:eu-west-1:123456789012:key/1" }],
    ["an instance", INSTANCE, root],
    ["an instance with disks", INSTANCE, { ...root, ebsBlockDevices: [{ encrypted: true }] }],
    ["something else", "aws:ec2/eip:Eip", {}],
  ])("%s passes", (_what, type, props) => {
    expect(violations(encryptedVolumes, type, props)).toEqual([]);
  });

  test.each([
    ["says nothing", {}],
    ["says no", { encrypted: false }],
    ["has a key only", { kmsKeyId: "arn:aws:kms:eu-west-1:123456789012:key/1" }],
  ])("a volume that %s doesn't", (_what, props) => {
    expect(violations(encryptedVolumes, VOLUME, props)).toEqual([
      "the volume is not encrypted: set encrypted",
    ]);
  });

  test.each([
    ["says nothing of its root disk", {}],
    ["says only its size", { rootBlockDevice: { volumeSize: 30 } }],
    ["says no", { rootBlockDevice: { encrypted: false } }],
  ])("an instance that %s doesn't", (_what, props) => {
    expect(violations(encryptedVolumes, INSTANCE, props)).toEqual([
      "the instance's root disk is not encrypted: set rootBlockDevice.encrypted",
    ]);
  });

  test("each further disk is named", () => {
    const ebsBlockDevices = [{ encrypted: true }, { encrypted: false }, { volumeSize: 8 }];
    expect(violations(encryptedVolumes, INSTANCE, { ...root, ebsBlockDevices })).toEqual([
      "a disk of the instance is not encrypted: set ebsBlockDevices[1].encrypted",
      "a disk of the instance is not encrypted: set ebsBlockDevices[2].encrypted",
    ]);
  });

  test("a value of another kind is no pass", () => {
    expect(() => violations(encryptedVolumes, VOLUME, { encrypted: "true" })).toThrow(
      /^can't be judged: encrypted/,
    );
  });
});

describe("instance metadata", () => {
  const tokens = (metadataOptions: unknown) => violations(instanceMetadata, INSTANCE, { metadataOptions });
  const noTokens =
    'anybody who can make the instance send a request reads its role: set metadataOptions.httpTokens to "required"';
  const tooFar = "metadata reaches too far: set metadataOptions.httpPutResponseHopLimit to 2 or less";

  test.each([
    [{ httpTokens: "required", httpPutResponseHopLimit: 2 }],
    [{ httpTokens: "required", httpPutResponseHopLimit: 1, httpEndpoint: "enabled" }],
    [{ httpEndpoint: "disabled" }],
  ])("%j passes", (options) => {
    expect(tokens(options)).toEqual([]);
  });

  test.each([
    [{ httpTokens: "optional", httpPutResponseHopLimit: 2 }, [noTokens]],
    [{ httpPutResponseHopLimit: 1 }, [noTokens]],
    [{ httpTokens: "required", httpPutResponseHopLimit: 3 }, [tooFar]],
    [{ httpTokens: "required" }, [tooFar]],
    [undefined, [noTokens, tooFar]],
  ])("%j doesn't", (options, expected) => {
    expect(tokens(options)).toEqual(expected);
  });

  test("only instances have it", () => {
    expect(violations(instanceMetadata, VOLUME)).toEqual([]);
  });
});

describe("protected data", () => {
  test("a volume passes only when it is protected", () => {
    expect(violations(protectedData, VOLUME, {}, { protect: true })).toEqual([]);
    expect(violations(protectedData, VOLUME, {}, { protect: false })).toEqual([
      "the volume can be deleted: set the option protect (harbor-cache:protect)",
    ]);
  });

  test("what holds no data needs none", () => {
    expect(violations(protectedData, INSTANCE)).toEqual([]);
    expect(violations(protectedData, "aws:ec2/volumeAttachment:VolumeAttachment")).toEqual([]);
  });
});
