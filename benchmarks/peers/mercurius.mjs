import fastify from "fastify";
import mercurius from "mercurius";

import { PORT, get, invoicePath, subscriptionPath } from "./payex.mjs";
import { invoiceOf, recordsOf, subscriptionOf, subscriptionsOf, typeDefs, types } from "./types.mjs";

const each = (load) => (queries) => Promise.all(queries.map(load));

const loaders = {
  Owner: {
    invoice: each(async ({ obj: { ownerNo }, params: { invoiceNo } }) =>
      invoiceOf(await get(invoicePath(ownerNo, invoiceNo)), ownerNo, invoiceNo),
    ),
  },
  Invoice: {
    subscriptions: each(async ({ obj, params: { first } }) =>
      subscriptionsOf(await get(`${obj.path}/subscriptions`), obj, first),
    ),
    subscription: each(async ({ obj, params: { subscriptionNo } }) =>
      subscriptionOf(await get(subscriptionPath(obj.path, subscriptionNo)), obj),
    ),
  },
  UsageSubscription: {
    usageRecords: each(async ({ obj: { invoice, subscriptionNo }, params: { first } }) =>
      recordsOf(await get(`${subscriptionPath(invoice, subscriptionNo)}/usage-details`), first),
    ),
  },
};

const resolvers = { ...types, Query: { owner: (_, { ownerNo }) => ({ ownerNo }) } };
const app = fastify();
app.register(mercurius, { schema: typeDefs, resolvers, loaders, jit: 1 });
await app.listen({ host: "127.0.0.1", port: PORT });
