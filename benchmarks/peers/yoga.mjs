import { createServer } from "node:http";

import { useGraphQlJit } from "@envelop/graphql-jit";
import { createSchema, createYoga } from "graphql-yoga";

import { PORT } from "./payex.mjs";
import { context, resolvers } from "./resolvers.mjs";
import { typeDefs } from "./types.mjs";

const schema = createSchema({ typeDefs, resolvers });
const yoga = createYoga({ schema, context, plugins: [useGraphQlJit()], logging: false });
createServer(yoga).listen(PORT, "127.0.0.1");
