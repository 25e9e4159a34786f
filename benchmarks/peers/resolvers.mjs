// Resolvers over a dataloader for each request, for the servers that have no loaders of their own.

import DataLoader from "dataloader";

import { get, invoicePath, subscriptionPath } from "./payex.mjs";
import { invoiceOf, recordsOf, subscriptionOf, subscriptionsOf, types } from "./types.mjs";

/** What each request has for itself. PayEx answers one resource a call: a batch is that many calls. */
export const context = () => ({ payex: new DataLoader((paths) => Promise.all(paths.map(get))) });

export const resolvers = {
  ...types,
  Query: { owner: (_, { ownerNo }) => ({ ownerNo }) },
  Owner: {
    invoice: async ({ ownerNo }, { invoiceNo }, { payex }) =>
      invoiceOf(await payex.load(invoicePath(ownerNo, invoiceNo)), ownerNo, invoiceNo),
  },
  Invoice: {
    subscriptions: async (invoice, { first }, { payex }) =>
      subscriptionsOf(await payex.load(`${invoice.path}/subscriptions`), invoice, first),
    subscription: async (invoice, { subscriptionNo }, { payex }) =>
      subscriptionOf(await payex.load(subscriptionPath(invoice.path, subscriptionNo)), invoice),
  },
  UsageSubscription: {
    usageRecords: async ({ invoice, subscriptionNo }, { first }, { payex }) =>
      recordsOf(await payex.load(`${subscriptionPath(invoice, subscriptionNo)}/usage-details`), first),
  },
};
