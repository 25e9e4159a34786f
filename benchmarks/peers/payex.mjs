// PayEx over undici's pool, which is the fastest HTTP client that Node has. All three peers share it.

import { Pool } from "undici";

export const PORT = Number(process.env.PORT);
const pool = new Pool(process.env.UPSTREAM);
const headers = { accept: "application/json", authorization: `Bearer ${process.env.TOKEN}` };

const PROBLEMS = {
  validation: "ValidationProblem",
  "invoice-not-found": "InvoiceNotFound",
  "invoice-has-no-usage": "InvoiceHasNoUsage",
  "subscription-not-found": "SubscriptionNotFound",
};

/** What a route holds, or the problem in place of it. A problem has a `__typename`. */
export async function get(path) {
  const { statusCode, body } = await pool.request({ path, method: "GET", headers });
  const answer = await body.json();
  if (statusCode === 200) return answer;
  const __typename = PROBLEMS[answer.Type?.split("/").at(-1)] ?? "UnrecognizedProblem";
  const { Title: title, Detail: detail, Status: status, Instance: instance } = answer;
  return { __typename, title, detail, status, instance };
}

export function invoicePath(ownerNo, invoiceNo) {
  return `/billing/usage/v1/${encodeURIComponent(ownerNo)}/invoices/${encodeURIComponent(invoiceNo)}`;
}

export function subscriptionPath(invoice, subscriptionNo) {
  return `${invoice}/subscriptions/${encodeURIComponent(subscriptionNo)}`;
}
