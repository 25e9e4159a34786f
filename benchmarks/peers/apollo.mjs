import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

import { PORT } from "./payex.mjs";
import { context, resolvers } from "./resolvers.mjs";
import { typeDefs } from "./types.mjs";

const server = new ApolloServer({ typeDefs, resolvers });
const listen = { host: "127.0.0.1", port: PORT };
await startStandaloneServer(server, { listen, context: async () => context() });
