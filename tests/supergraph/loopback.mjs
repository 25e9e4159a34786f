// Keeps a Node program on this machine: node --import ./loopback.mjs PROGRAM. A connection to
// anywhere else is refused, and told in a line that begins with OUTSIDE.
import { Socket } from "node:net";

const here = new Set([undefined, null, "localhost", "127.0.0.1", "::1"]);
const connect = Socket.prototype.connect;

Socket.prototype.connect = function (...given) {
  const [first, second, last] = Array.isArray(given[0]) ? given[0] : given;
  const host = typeof first === "object" ? first.host : second;
  if (typeof host === "function" || here.has(host)) return connect.apply(this, given);
  console.error(`OUTSIDE ${host}`);
  const callback = typeof first === "object" ? second : last;
  return connect.call(this, { ...first, host: "127.0.0.1", port: 1 }, callback);
};
