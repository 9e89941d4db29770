/**
 * Runs in an image as Harbor's `proxy` behind the edge, and stands in for it: it answers with what arrived, so that a
 * test sees what the edge made of a request.
 */
import { createServer } from "node:http";

createServer((request, response) => {
  let bytes = 0;
  request.on("data", (piece: Buffer) => {
    bytes += piece.length;
  });
  request.on("end", () => {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ method: request.method, path: request.url, headers: request.headers, bytes }),
    );
  });
}).listen(8080);

// A container's first process hears no signal that it doesn't ask for.
process.once("SIGTERM", () => process.exit());
