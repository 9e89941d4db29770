/** The engine's values and their differences. */
import fc from "fast-check";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test } from "vitest";
import { diffProperties } from "../../../provider/property-diff.ts";
import {
  fromStruct,
  noSecrets,
  redact,
  toStruct,
  UNKNOWN,
  type Properties,
  type Value,
} from "../../../provider/values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown) => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

test("secrets are unwrapped, remembered by their path, and wrapped again", () => {
  const wire = {
    plain: "a",
    password: secret("hunter22"),
    nodes: [{ name: "n1", privateKey: secret("key-1") }, secret({ name: "n2" })],
    later: secret(UNKNOWN_TEXT),
  };
  const secrets = noSecrets();
  const values = fromStruct(structProto.Struct.fromJavaScript(wire), secrets);
  expect(values).toEqual({
    plain: "a",
    password: "hunter22",
    nodes: [{ name: "n1", privateKey: "key-1" }, { name: "n2" }],
    later: UNKNOWN,
  });
  expect(toStruct(values, secrets).toJavaScript()).toEqual(wire);
  expect(redact("login of n2 with hunter22 failed: key-1", secrets)).toBe(
    "login of n2 with [secret] failed: [secret]",
  );
});

test("named outputs are secret, once", () => {
  const secrets = noSecrets();
  const wire = { result: secret("x"), other: "y" };
  const values = fromStruct(structProto.Struct.fromJavaScript(wire), secrets);
  expect(toStruct(values, secrets, ["result"]).toJavaScript()).toEqual(wire);
  expect(toStruct({ result: UNKNOWN }, noSecrets(), ["result"]).toJavaScript()).toEqual({
    result: secret(UNKNOWN_TEXT),
  });
});

test("an asset is refused by its path", () => {
  const wire = { files: [{ [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "x" }] };
  const struct = structProto.Struct.fromJavaScript(wire);
  expect(() => fromStruct(struct, noSecrets())).toThrow(/^files\.0: assets/);
});

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constant(UNKNOWN),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z.]{1,4}$/), tie("value"), { maxKeys: 4 }),
  ),
})).value;
const properties: fc.Arbitrary<Properties> = fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), value, {
  maxKeys: 5,
});

test("any value makes the round trip", () => {
  fc.assert(
    fc.property(properties, (values) => {
      expect(fromStruct(toStruct(values, noSecrets()), noSecrets())).toEqual(values);
    }),
  );
});

test("what is equal and known has no differences", () => {
  const isKnown = (values: Properties) =>
    !JSON.stringify(toStruct(values, noSecrets()).toJavaScript()).includes(UNKNOWN_TEXT);
  fc.assert(
    fc.property(properties.filter(isKnown), (values) => {
      expect(diffProperties(values, structuredClone(values))).toEqual({});
    }),
  );
});

test("differences have the engine's paths", () => {
  const olds: Properties = {
    a: 1,
    gone: "x",
    same: [1],
    list: [1, { b: 2 }],
    map: { "k.l": "1", m: "2" },
    u: UNKNOWN,
    n: null,
  };
  const news: Properties = {
    a: 2,
    added: true,
    same: [1],
    list: [1, { b: 3 }, 4],
    map: { "k.l": "0", m: "2" },
    u: UNKNOWN,
  };
  expect(diffProperties(olds, news, ["a", "added", "gone"])).toEqual({
    a: { kind: "update-replace" },
    gone: { kind: "delete-replace" },
    added: { kind: "add-replace" },
    "list[1].b": { kind: "update" },
    "list[2]": { kind: "add" },
    'map["k.l"]': { kind: "update" },
    u: { kind: "update" },
  });
});
