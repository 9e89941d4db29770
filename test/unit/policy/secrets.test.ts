import { gzipSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { userData as userDataOf } from "../../../components/host/aws-user-data.ts";
import { noPlainSecrets, noSecretsInUserData } from "../../../policy/secrets.ts";
import { INSTANCE, violations, VOLUME } from "./violations.ts";

const userData = (text: string) => violations(noSecretsInUserData, INSTANCE, { userData: text });
const held = (secret: string) =>
  `user data seems to hold ${secret}: bring it over SSH, once the machine runs`;

describe("user data", () => {
  test.each([
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a private key"],
    ["-----BEGIN PRIVATE KEY-----", "a private key"],
    ["id = AKIAIOSFODNN7EXAMPLE", "an access key of AWS"],
    ["id = ASIAIOSFODNN7EXAMPLE", "an access key of AWS"],
    ["export AWS_SECRET_ACCESS_KEY=x", "a secret key of AWS"],
    ["AWS_SESSION_TOKEN=x", "a secret key of AWS"],
    ["password=hunter2", "a password"],
    ["  HARBOR_ADMIN_PASSWORD: 'Harbor12345'", "a password"],
    ['{"password": "hunter2"}', "a password"],
    ["passwd: $6$rounds=4096$abc", "a password"],
  ])("%j is refused", (text, secret) => {
    const told = userData(`#cloud-config\n${text}\n`);
    expect(told).toEqual([held(secret)]);
    expect(told.join()).not.toContain("hunter2");
  });

  test.each([
    ["-----BEGIN PUBLIC KEY-----"],
    ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPcN1pUsZ6hxzJ9jQOM+wd8pTfQ8vDwPnJsvolSK2i1v"],
    ["AKIAshort"],
    ["lock_passwd: true"],
    ["PasswordAuthentication no"],
    ["password=$1"],
    ['password="$(cat /run/password)"'],
    ["password: ''"],
    ["password:\n  expire: false"],
    ["token = request(TOKEN_URL, method='PUT')"],
    ["the password is made later"],
  ])("%j passes", (text) => {
    expect(userData(`#cloud-config\n${text}\n`)).toEqual([]);
  });

  test("is read through base64 and gzip too", () => {
    for (const bytes of [Buffer.from("password=hunter2"), gzipSync("password=hunter2")])
      expect(violations(noSecretsInUserData, INSTANCE, { userDataBase64: bytes.toString("base64") })).toEqual(
        [held("a password")],
      );
  });

  test("has room for 16 KiB, counted in bytes", () => {
    expect(userData("x".repeat(16 * 1024))).toEqual([]);
    expect(userData("x".repeat(16 * 1024 + 1))).toEqual(["user data has 16385 bytes, and EC2 takes 16384"]);
    expect(userData("é".repeat(8 * 1024 + 1))).toEqual(["user data has 16386 bytes, and EC2 takes 16384"]);
  });

  test("is none of a volume's, and an instance needs none", () => {
    expect(violations(noSecretsInUserData, VOLUME, { userData: "password=hunter2" })).toEqual([]);
    expect(violations(noSecretsInUserData, INSTANCE)).toEqual([]);
  });
});

describe("secrets in clear", () => {
  const parameter = (props: Record<string, unknown>) =>
    violations(noPlainSecrets, "aws:ssm/parameter:Parameter", props);

  test("an access key is refused", () => {
    expect(violations(noPlainSecrets, "aws:iam/accessKey:AccessKey", { user: "ci" })).toEqual([
      "an access key never ends and lies in the state: use a role",
    ]);
  });

  test("a parameter shows no secret", () => {
    const told = ["the parameter seems to hold a private key: make its type SecureString"];
    const key = "-----BEGIN PRIVATE KEY-----";
    expect(parameter({ type: "String", value: key })).toEqual(told);
    expect(parameter({ type: "String", insecureValue: key })).toEqual(told);
    expect(parameter({ type: "SecureString", insecureValue: key })).toEqual(told);
    expect(parameter({ type: "SecureString", value: key })).toEqual([]);
    expect(parameter({ type: "String", value: "i-0123 ssh-ed25519 AAAA" })).toEqual([]);
  });
});

test("what the program gives to a machine passes", () => {
  expect(
    violations(noSecretsInUserData, INSTANCE, { userData: userDataOf("harbor-cache-host-key", "ubuntu") }),
  ).toEqual([]);
});
