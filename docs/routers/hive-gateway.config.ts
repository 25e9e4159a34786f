// Hive Gateway, in front of the subgraphs of supergraph.graphql:
//   hive-gateway supergraph supergraph.graphql --config-path hive-gateway.config.ts
import { defineConfig } from "@graphql-hive/gateway";

const { PAYEX_USAGE_ROUTER_SECRET } = process.env;

export const gatewayConfig = defineConfig({
  propagateHeaders: {
    fromClientToSubgraphs({ request, subgraphName }) {
      const headers: Record<string, string> = {};
      // The user's own token goes to every subgraph, which decides by it.
      const token = request.headers.get("authorization");
      if (token) headers["authorization"] = token;
      // The router's secret goes to nobody but the usage subgraph.
      if (subgraphName === "usage" && PAYEX_USAGE_ROUTER_SECRET) {
        headers["payex-usage-router"] = PAYEX_USAGE_ROUTER_SECRET;
      }
      return headers;
    },
  },
});
