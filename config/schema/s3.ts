/** A bucket that Harbor keeps layers in. */
import { parse } from "yaml";
import { absolutePath } from "./quantity.ts";
import { mapping, text } from "./value.ts";

/** AWS's rule for general purpose buckets, and with it the names that are kept for something else. */
const bucketForm = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;
const taken =
  /^(?:xn--|sthree-|amzn-s3-demo-|\d+\.\d+\.\d+\.\d+$)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

const bucket = text("harbor-cache-layers", (value) => {
  if (!bucketForm.test(value) || taken.test(value)) return "is not a bucket's name that S3 takes";
  // `prepare` writes it into the registry's YAML without quotes.
  return typeof parse(value, { version: "1.1" }) === "string"
    ? undefined
    : "would be read as another kind of value than text by Harbor's registry";
});

const region = text("eu-west-1", (value) =>
  /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(value) ? undefined : "is not a region of AWS's",
);

export const s3 = mapping("{ bucket: harbor-cache-layers, region: eu-west-1 }", {
  bucket: bucket.describe("A bucket that exists; nothing here makes or deletes it."),
  region: region.describe("The bucket's region, best the machine's."),
  rootDirectory: absolutePath
    .exactOptional()
    .describe("Begins the name of every object, as in /harbor. Default: none."),
});
