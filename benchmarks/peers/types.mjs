// The types between PayEx's bodies and the schema, which all three peers share.

import { readFileSync } from "node:fs";

import { GraphQLScalarType } from "graphql";

import { invoicePath } from "./payex.mjs";

export const typeDefs = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");

const UNITS = new Set(["S", "E", "B", "KB", "MB", "GB", "MIN"]);

function volume(value, code) {
  if (value == null) return null;
  const unit = code?.trim().toUpperCase();
  return { value, unit: UNITS.has(unit) ? unit : "UNKNOWN", code };
}

function money(amount, currency) {
  return amount == null ? null : { amount, currencyCode: currency?.trim().toUpperCase() || null };
}

export const isProblem = (answer) => answer.__typename !== undefined;

export function invoiceOf(answer, ownerNo, invoiceNo) {
  if (isProblem(answer)) return answer;
  return { __typename: "Invoice", ownerNo, invoiceNo, path: invoicePath(ownerNo, invoiceNo) };
}

export function subscriptionOf(answer, invoice) {
  if (isProblem(answer)) return answer;
  const { subscriptionNo } = answer;
  return { __typename: "UsageSubscription", subscriptionNo, invoice: invoice.path };
}

export function subscriptionsOf(answer, invoice, first = 50) {
  if (isProblem(answer)) return answer;
  const nodes = answer.items.slice(0, first).map((item) => subscriptionOf(item, invoice));
  return {
    __typename: "UsageSubscriptionConnection",
    nodes,
    totalCount: answer.items.length,
  };
}

export function recordsOf(answer, first = 50) {
  if (isProblem(answer)) return answer;
  const { items } = answer;
  const nodes = items.length > first ? items.slice(0, first) : items;
  return { __typename: "UsageRecordConnection", nodes, totalCount: items.length };
}

export const types = {
  UsageRecord: {
    chargedVolume: (record) => volume(record.chargedVolume, record.volumeCode),
    totalVolume: (record) => volume(record.totalVolume, record.volumeCode),
    unitPrice: (record) => money(record.unitPrice, record.currency),
    amount: (record) => money(record.amount, record.currency),
  },
  // Doubles, as JSON.parse reads them. The gateway's decimals are exact.
  Decimal: new GraphQLScalarType({ name: "Decimal", serialize: String }),
};
