// Composes subgraphs: node compose.mjs COMPOSER, one of apollo and guild. It reads JSON,
// [{name, url, sdl}], and prints JSON, {supergraph, errors: [code], hints: [code]}.
import { readFileSync } from "node:fs";

import * as apollo from "@apollo/composition";
import * as guild from "@theguild/federation-composition";
import { parse } from "graphql";

const { errors, hints, supergraphSdl } = { apollo, guild }[process.argv[2]].composeServices(
  JSON.parse(readFileSync(0, "utf8")).map(({ name, url, sdl }) => ({
    name,
    url,
    typeDefs: parse(sdl),
  })),
);
console.log(
  JSON.stringify({
    supergraph: supergraphSdl ?? null,
    errors: (errors ?? []).map((error) => error.extensions?.code),
    hints: (hints ?? []).map((hint) => hint.definition.code),
  }),
);
