/**
 * DNS of one zone, as Route53 itself would answer it: a stand-in, as moto has only Route53's API. At port 53 of an
 * address, since lego asks a zone's own servers there.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const TYPES = { ns: 2, soa: 6, txt: 16, a: 1 } as const;
const REFUSED = 5;

export interface Zone {
  /** `example.com` */
  readonly name: string;
  /** Values of a name's TXT record; none where it has none. */
  txt(name: string): Promise<readonly string[]>;
}

export async function serveDns(address: string, zone: Zone): Promise<{ stop(): Promise<void> }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    void answer(query, address, zone).then((reply) => {
      socket.send(reply, from.port, from.address);
    });
  });
  // Pebble asks over TCP.
  const server = createServer((connection) => {
    let got = Buffer.alloc(0);
    connection.on("error", () => connection.destroy());
    connection.on("data", (piece: Buffer) => {
      got = Buffer.concat([got, piece]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      void answer(got.subarray(2), address, zone).then((reply) => {
        connection.end(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]));
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(53, address, resolve);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(53, address, resolve);
  });
  return {
    stop: async () => {
      await new Promise<void>((resolve) => {
        socket.close(resolve);
      });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RFC 1035, section 4. */
async function answer(query: Buffer, address: string, zone: Zone): Promise<Buffer> {
  const { name, type, end } = question(query);
  const inZone = name === zone.name || name.endsWith(`.${zone.name}`);
  const records = inZone ? await recordsOf(name, type, address, zone) : [];
  const authority =
    inZone && records.length === 0 ? [record(encodeName(zone.name), TYPES.soa, soa(zone))] : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // A reply, authoritative, with the asker's wish for recursion, which is pretended to be granted.
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | (inZone ? 0 : REFUSED), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(authority.length, 8);
  return Buffer.concat([header, query.subarray(12, end), ...records, ...authority]);
}

async function recordsOf(name: string, type: number, address: string, zone: Zone): Promise<Buffer[]> {
  const own = encodeName(name);
  if (type === TYPES.txt) {
    const texts = await zone.txt(name);
    return texts.map((text) => record(own, TYPES.txt, Buffer.from([text.length, ...Buffer.from(text)])));
  }
  const server = `ns.${zone.name}`;
  if (type === TYPES.a && name === server)
    return [record(own, TYPES.a, Buffer.from(address.split(".").map(Number)))];
  if (type === TYPES.soa && name === zone.name) return [record(own, TYPES.soa, soa(zone))];
  if (type === TYPES.ns && name === zone.name) return [record(own, TYPES.ns, encodeName(server))];
  return [];
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("ascii", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

const encodeName = (name: string) =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function record(name: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(1, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([name, fixed, data]);
}

function soa({ name }: Zone): Buffer {
  const numbers = Buffer.alloc(20);
  [1, 7200, 900, 1209600, 1].forEach((number, index) => numbers.writeUInt32BE(number, index * 4));
  return Buffer.concat([encodeName(`ns.${name}`), encodeName(`hostmaster.${name}`), numbers]);
}
