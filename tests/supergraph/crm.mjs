// A CRM as a subgraph: node crm.mjs DATA, a file of JSON {customers: [...], orders: [...]}.
// It prints where it serves, and then a line of JSON for each request: the headers that came.
import { readFileSync } from "node:fs";

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

const { customers, orders } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const isOf = (key) => (customer) =>
  customer.ownerNo === key.ownerNo && customer.customerNo === key.customerNo;
const found = (key) => customers.find(isOf(key)) ?? key;

const resolvers = {
  Query: {
    order: (_, { id }) => orders.find((order) => order.id === id),
    orders: (_, { ownerNo }) => orders.filter((order) => order.customer.ownerNo === ownerNo),
  },
  Customer: {
    __resolveReference: found,
    orders: (customer) => orders.filter((order) => isOf(customer)(order.customer)),
  },
  Order: {
    __resolveReference: ({ id }) => orders.find((order) => order.id === id),
    customer: (order) => found(order.customer),
  },
};
const typeDefs = parse(readFileSync(new URL("crm.graphql", import.meta.url), "utf8"));
const server = new ApolloServer({ schema: buildSubgraphSchema({ typeDefs, resolvers }) });

const { url } = await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: 0 },
  context: async ({ req }) => console.log(JSON.stringify(req.headers)),
});
console.log(`Serving on ${url}`);
