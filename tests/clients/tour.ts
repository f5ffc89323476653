// What a program in TypeScript does with the client that `openapi-typescript` makes of the document of the API.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./standing.js";

type Change = components["schemas"]["Change"];
type ProblemCode = components["schemas"]["ProblemCode"];

const standing = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8181" });
const contoso = { type: "Partner", id: "contoso" };
const office = { type: "Subscription", id: "s-office" };

// Ask, with circumstances that the action does not declare: they change nothing.
const asked = await standing.POST("/access/v1/evaluation", {
  body: {
    subject: contoso,
    action: { name: "removeSeats" },
    resource: { ...office, properties: { quantity: 1 } },
    context: { ticket: "T-1", urgent: true },
  },
});
assert(asked.data, asked.error?.detail);
assert.equal(asked.data.decision, true);
assert.deepEqual(asked.data.context.standing, ["originalReseller"]);

// Ask why not: the reason is one of a closed list.
const refused = await standing.POST("/access/v1/evaluation", {
  params: { query: { explain: true } },
  body: { subject: { type: "Partner", id: "fabrikam" }, action: { name: "removeSeats" }, resource: office },
});
assert(refused.data, refused.error?.detail);
const reason: components["schemas"]["Reason"] | undefined = refused.data.context.reason;
assert.equal(reason, "not_original_reseller");
assert(refused.data.context.nearest?.every((change) => typeof change.how === "string" && Object.keys(change.set).length > 0));

// Ask many questions at once.
const batch = await standing.POST("/access/v1/evaluations", {
  body: {
    subject: contoso,
    resource: office,
    evaluations: [{ action: { name: "removeSeats" } }, { action: { name: "provideSupport" }, context: { ticket: "T-1" } }],
  },
});
assert(batch.data && "evaluations" in batch.data, batch.error?.detail);
assert.deepEqual(batch.data.evaluations.map((answer) => answer.decision), [true, false]);

// Search.
const found = await standing.POST("/access/v1/search/action", { body: { subject: contoso, resource: office } });
assert(found.data, found.error?.detail);
assert(found.data.results.some((result) => "name" in result && result.name === "removeSeats"));

// Import: one noun a line.
const lines = ["tailspin", "wingtip"].map((id) => JSON.stringify({ noun: "customer", id, name: id }) + "\n").join("");
const imported = await standing.POST("/v1/import", {
  body: lines,
  bodySerializer: (body) => body,
  headers: { "Content-Type": "application/x-ndjson" },
});
assert(imported.data, imported.error?.detail);
assert.equal(imported.data.customers, 2);

// Follow the changes, each page from the `next` of the one before.
const changes: Change[] = [];
for (let after = 0, complete = false; !complete; ) {
  const page = await standing.GET("/v1/changes", { params: { query: { after, limit: 5 } } });
  assert(page.data, page.error?.detail);
  changes.push(...page.data.changes);
  ({ next: after, complete } = page.data);
}
const last = changes.at(-1);
assert(last?.event === "imported" && last.customers === 2, JSON.stringify(last));
const sold = changes.flatMap((change) => (change.event === "subscription-provisioned" ? [change.subscription] : []));
assert(sold.includes("s-office"));

// Read the record of the first answer, and of one that is not there.
const seq = Number(asked.response.headers.get("Standing-Decision"));
const record = await standing.GET("/v1/decisions/{seq}", { params: { path: { seq } } });
assert(record.data, record.error?.detail);
assert.equal(record.data.question.subject.id, "contoso");
assert.equal(typeof record.data.facts["revision"], "number");
const missing = await standing.GET("/v1/decisions/{seq}", { params: { path: { seq: 999_999_999 } } });
const code: ProblemCode | undefined = missing.error?.code;
assert.equal(code, "unknown_decision");

console.log(`typescript: ${changes.length} changes followed, record ${seq} read`);
