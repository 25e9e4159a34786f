// Apollo's gateway for Node, in front of the subgraphs of supergraph.graphql:
//   APOLLO_TELEMETRY_DISABLED=true node apollo-gateway.mjs
import { readFileSync } from "node:fs";

import { ApolloGateway, RemoteGraphQLDataSource } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

const { HOST = "127.0.0.1", PORT = "4000", PAYEX_USAGE_ROUTER_SECRET } = process.env;

class Subgraph extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    const { headers } = request.http;
    // The user's own token goes to every subgraph, which decides by it.
    if (context.authorization) headers.set("authorization", context.authorization);
    // The router's secret goes to nobody but the usage subgraph.
    if (this.name === "usage" && PAYEX_USAGE_ROUTER_SECRET) {
      headers.set("payex-usage-router", PAYEX_USAGE_ROUTER_SECRET);
    }
  }
}

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync("supergraph.graphql", "utf8"),
  buildService: ({ name, url }) => Object.assign(new Subgraph({ url }), { name }),
});

const server = new ApolloServer({
  gateway,
  includeStacktraceInErrorResponses: false,
  // Where a subgraph is, and how it refused the router, is not for clients.
  formatError: ({ extensions, ...error }) => ({
    ...error,
    extensions: { ...extensions, response: undefined },
  }),
});

const { url } = await startStandaloneServer(server, {
  listen: { host: HOST, port: Number(PORT) },
  context: async ({ req }) => ({ authorization: req.headers.authorization }),
});
console.log(`Serving on ${url}`);
