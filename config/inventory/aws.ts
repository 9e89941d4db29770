/** Nodes by the tags of EC2's instances. One call, however many there are. */
import { ec2 } from "@pulumi/aws";
import { InventoryError, type Found } from "./inventory.ts";

export interface AwsSource {
  readonly tags: Readonly<Record<string, string>>;
  readonly region?: string | undefined;
  readonly address: "private" | "public";
}

const seconds = 60;

/**
 * Named by their ids, which stay: all of an autoscaling group have one Name.
 * @throws InventoryError where AWS can't be asked
 */
export async function awsNodes({ tags, region, address }: AwsSource): Promise<Found> {
  const { ids, privateIps, publicIps } = await inTime(
    ec2.getInstances({
      instanceTags: { ...tags },
      instanceStateNames: ["running"],
      ...(region !== undefined && { region }),
    }),
  );
  const addresses = address === "private" ? privateIps : publicIps;
  // Those without one are left out of the list, so that nobody can say whose the others are.
  if (addresses.length !== ids.length) {
    throw new InventoryError(
      `of ${ids.length} running instances with these tags ${addresses.length} have a ${address} address; ` +
        (address === "public" ? "for example: address: private, by a jump host" : "narrow the tags"),
    );
  }
  return {
    nodes: ids.map((id, i) => ({ name: id, address: addresses[i] ?? "", at: `instance ${id}` })),
    problems: [],
  };
}

async function inTime<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_done, failed) => {
    timer = setTimeout(() => {
      failed(new InventoryError(`AWS did not answer within ${seconds} s`));
    }, seconds * 1000);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (error instanceof InventoryError) throw error;
    const [reason = ""] = (error instanceof Error ? error.message : "").split("\n");
    throw new InventoryError(`AWS could not be asked for instances: ${reason}`);
  } finally {
    clearTimeout(timer);
  }
}
