// The auditor, as a person would: finds a refused acceptance, reads its record, decides it again, verifies the ledger,
// compares a checkpoint kept before, and reviews access as of before an acceptance.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { demonstration, json, launched, link, person, press, signIn, title } from "./harness.js";

let server, browser;
before(async () => {
  [server, browser] = [await demonstration(), await launched()];
});
after(async () => {
  await browser.close();
  await server.stop();
});

const panel = (page, name) => page.getByRole("heading", { level: 2, name, exact: true });

async function auditor(options = {}) {
  const made = await person(browser, server.base, options);
  await signIn(made.page, "Eve");
  return made;
}

async function saved(page, name) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

// The link of a partner that is suspended meanwhile is accepted: that is refused.
async function refused() {
  const sent = (method, path, body) =>
    fetch(server.base + path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const request = await link(server.base, "northwind");
  const northwind = await json(server.base, "/v1/partners/northwind");
  assert.equal((await sent("PUT", "/v1/partners/northwind", { ...northwind, id: undefined, status: "suspended" })).status, 200);
  const answer = await sent("POST", `/v1${request}/acceptance`, { customer: "adatum", services: ["intune"] });
  assert.equal(answer.status, 403);
}

test("a refused acceptance is found by its reason, and its record is the one that was written", async () => {
  await refused();
  const { page, context, foreign, noise } = await auditor({ acceptDownloads: true });
  assert.equal(await title(page), "Ledger");
  await page.getByLabel("Reason").fill("partner_suspended");
  await page.getByLabel("Answer").selectOption({ label: "no" });
  await press(page.getByRole("button", { name: "Search" }));
  assert.match(page.url(), /reason=partner_suspended/);
  const row = page.getByRole("row").filter({ hasText: "requestRelationship about Northwind Distribution" });
  assert.equal(await row.count(), 1);
  await press(row.getByRole("link").first());
  assert.match(await title(page), /^Record \d+: no$/);
  assert.match(await page.locator(".lead").innerText(), /The rules did not allow it\. The partner’s account is suspended\./);
  const accepted = page.getByRole("link", { name: /^Older: / });
  const before = page.url();
  await press(accepted);
  assert.match(await page.locator(".lead").innerText(), /made the call acceptRelationship about Adatum School\..* It could not be done:/);
  await page.goto(before);
  await panel(page, "It is the record that was written").waitFor();
  await panel(page, "Decided again, the answer is the same").waitFor();
  const file = await saved(page, "Download the exact bytes");
  const hash = createHash("sha256").update(file.bytes).digest("hex");
  assert.ok((await page.locator("main").innerText()).includes(hash), "the download has the hash that is shown");
  assert.equal(JSON.parse(file.bytes).reason, "partner_suspended");
  await page.getByText("Show the proof").click();
  await page.getByRole("link", { name: "Download the proof, to be checked elsewhere" }).waitFor();
  await press(page.getByRole("link", { name: "Decide it by the rules in force" }));
  assert.match(await title(page), /decided again$/);
  await panel(page, "Decided again, the answer is the same").waitFor();
  assert.deepEqual([foreign, noise], [[], []]);
  await context.close();
});

test("a mistyped field is said at it, with the focus on the summary and everything typed kept", async () => {
  const { page, context } = await auditor();
  await page.getByLabel("Subject").fill("contoso");
  await page.getByLabel("From").fill("yesterday");
  await press(page.getByRole("button", { name: "Search" }));
  await page.locator(".errors:focus").waitFor();
  assert.match(await page.title(), /^Error: Ledger/);
  await press(page.getByRole("link", { name: /Write a type and an id/ }));
  await page.locator("#subject:focus").waitFor();
  assert.deepEqual([await page.getByLabel("Subject").inputValue(), await page.getByLabel("From").inputValue()], ["contoso", "yesterday"]);
  await context.close();
});

test("the ledger is verified and decided again, and a checkpoint kept before is consistent", async () => {
  const { page, context, noise } = await auditor({ acceptDownloads: true });
  await press(page.getByRole("link", { name: "Verify the ledger" }));
  await press(page.getByRole("button", { name: "Verify now" }));
  await panel(page, "Everything is as it was written").waitFor();
  await page.goto("/ledger");
  await press(page.getByRole("link", { name: "Decide the ledger again" }));
  await page.getByLabel("By which rules").selectOption({ label: "those in force now" });
  await press(page.getByRole("button", { name: "Decide again" }));
  await panel(page, "Nothing comes out otherwise").waitFor();
  await page.goto("/ledger");
  await press(page.getByRole("link", { name: "Checkpoints" }));
  const kept = await saved(page, "Download the one of 31 records");
  assert.equal(kept.name, "checkpoint-31.txt");
  const note = kept.bytes.toString();
  const compare = async (text) => {
    await page.goto("/ledger/checkpoints");
    await page.getByLabel("Signed checkpoint").fill(text);
    await press(page.getByRole("button", { name: "Compare" }));
  };
  await compare(note);
  await panel(page, "Consistent").waitFor();
  await compare(note.replace("\n31\n", "\n30\n"));
  await panel(page, "This ledger’s key did not sign it").waitFor();
  const other = await demonstration();
  const foreign = await (await fetch(`${other.base}/v1/ledger/checkpoint`, { headers: { accept: "text/plain" } })).text();
  await other.stop();
  await compare(foreign);
  await panel(page, "It is of another ledger").waitFor();
  assert.deepEqual(noise, []);
  await compare("nothing");
  await page.locator(".errors:focus").waitFor();
  await context.close();
});

test("the review as of before an acceptance lacks its rows, and the spreadsheet has those of the page", async () => {
  const { page, context, noise } = await auditor({ acceptDownloads: true });
  await press(page.getByRole("link", { name: "What changed" }));
  await page.getByLabel("Partner").fill("fabrikam");
  await page.getByLabel("What happened").selectOption({ label: "a request was accepted" });
  await press(page.getByRole("button", { name: "Search" }));
  const row = page.getByRole("row").filter({ hasText: "Adatum School accepted Fabrikam Services for Office 365." });
  await press(row.getByRole("link").first());
  assert.match(await title(page), /^Revision \d+$/);
  const rows = async () => (await page.locator("tbody tr").allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
  await press(page.getByRole("link", { name: "as of this revision" }));
  const then = await rows();
  assert.ok(then.some((text) => text.startsWith("Fabrikam Services")));
  await page.goBack();
  await press(page.getByRole("link", { name: "as of the one before" }));
  const earlier = await rows();
  assert.ok(!earlier.some((text) => text.startsWith("Fabrikam Services")));
  assert.match(await page.locator("main").innerText(), new RegExp(`End of the review: ${earlier.length} rows\\.`));
  const sheet = await saved(page, "Download as CSV");
  const lines = sheet.bytes.toString().trimEnd().split("\r\n").slice(1);
  assert.equal(lines.length, earlier.length);
  const as_of = new URL(page.url()).searchParams.get("as_of");
  const { access } = await json(server.base, `/v1/access-review?customer=adatum&as_of=${as_of}&limit=1000`);
  assert.deepEqual(lines.map((line) => line.split(",")[0]), access.map((one) => `Partner::${one.subject.id}`));
  assert.deepEqual(noise, []);
  await context.close();
});
