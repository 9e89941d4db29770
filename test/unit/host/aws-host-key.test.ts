import { describe, expect, it } from "vitest";
import { awaitHostKey } from "../../../components/host/aws-host-key.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICu1o40Xf55Q1hZi6BG/oNVpoN0TyE3yrD6LGswi/2aq";
const instance = "i-0123456789abcdef0";
const published = `${instance} ${hostKey} ubuntu`;

/** A parameter that has these values one after the other, the last one for ever. */
function wait(values: (string | Error)[], atMost = 10_000, pause = 1) {
  let looks = 0;
  const told: string[] = [];
  const found = awaitHostKey(
    { id: instance, user: "ubuntu" },
    "host-key-1",
    {
      read: (parameter) => {
        expect(parameter).toBe("host-key-1");
        const value = values[Math.min(looks, values.length - 1)] ?? "";
        looks += 1;
        return value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
      },
      tell: (progress) => told.push(progress),
    },
    { atMost, pause },
  );
  return { found, looks: () => looks, told };
}

const failed = new Error("Throttling: Rate exceeded");

describe("the wait for the machine's host key", () => {
  it("takes the key of this instance at once", async () => {
    const { found, looks, told } = wait([published]);
    expect(await found).toBe(hostKey);
    expect(looks()).toBe(1);
    expect(told).toEqual([]);
  });

  it.each([
    ["the first value", "not published yet"],
    ["an earlier instance's key", `i-0fedcba9876543210 ${hostKey} ubuntu`],
    ["an instance whose id only begins like this one's", `${instance}0 ${hostKey} ubuntu`],
    ["a key of another kind", `${instance} ecdsa-sha2-nistp256 AAAA ubuntu`],
    ["a key that is cut off", `${instance} ${hostKey.slice(0, -8)} ubuntu`],
    ["a key without a user", `${instance} ${hostKey}`],
    ["a key with something behind the user", `${published} more`],
    ["nothing", ""],
  ])("waits over %s", async (_what, value) => {
    const { found, looks, told } = wait([value, value, published]);
    expect(await found).toBe(hostKey);
    expect(looks()).toBe(3);
    // Once a minute: each is a line in the log of a CI job.
    expect(told).toEqual([`${instance} boots and publishes its SSH host key: waited for 0 minutes`]);
  });

  it("goes on over failures in between", async () => {
    const { found } = wait([failed, failed, failed, "", failed, failed, failed, published]);
    expect(await found).toBe(hostKey);
  });

  it("ends when the parameter can't be read, and says why", async () => {
    const { found, looks } = wait([failed]);
    await expect(found).rejects.toThrow(
      "the SSM parameter host-key-1, where the machine publishes its SSH host key, can't be read: Throttling: Rate exceeded",
    );
    expect(looks()).toBe(4);
  });

  it("doesn't try a user that the machine's image doesn't have", async () => {
    const { found, looks } = wait([`${instance} ${hostKey} admin`]);
    await expect(found).rejects.toThrow(
      `harbor-cache:machine.image: the machine ${instance} was made from another image, whose user is admin and not ubuntu. ` +
        "Set it back; or make the machine anew from the new image, as docs/runbooks/aws-ami-upgrade.md says.",
    );
    expect(looks()).toBe(1);
  });

  it("is bounded, and names parameter, instance and what to do", async () => {
    const { found } = wait([`i-0fedcba9876543210 ${hostKey}`], 30, 1);
    const error = await found.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ __pulumiRunError: true });
    expect(String(error)).toContain(`the machine ${instance} has not published its SSH host key`);
    expect(String(error)).toContain("to the SSM parameter host-key-1 within 0 seconds");
    expect(String(error)).toContain(`get-console-output --latest --output text --instance-id ${instance}`);
    expect(String(error)).toContain(`aws ec2 reboot-instances --instance-ids ${instance}`);
  });
});
