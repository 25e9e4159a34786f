// Puts each audit of GraphQL over HTTP to a server: node audit.mjs URL [HEADER...]. The headers are
// sent with every request. It prints a line of JSON for each audit: its id, its level (MUST,
// SHOULD or MAY), what it asks for, and how that went.
import { serverAudits } from "graphql-http";

const [url, ...added] = process.argv.slice(2);

function fetchFn(input, init = {}) {
  const headers = new Headers(init.headers);
  for (const name of added) headers.set(name, "1");
  return fetch(input, { ...init, headers });
}

for (const audit of serverAudits({ url, fetchFn })) {
  const { status, reason } = await audit.fn();
  const [level] = audit.name.split(" ");
  console.log(JSON.stringify({ id: audit.id, level, name: audit.name, status, reason }));
}
