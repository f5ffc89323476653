// What pages cost, line by line of the budget: `STANDING=binary node tests/browser/budget.js [subscriptions]`. It begins the
// demonstration, imports so many subscriptions beside its cast, and prints a table; what is over its bound is marked.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TIGHTER, addresses, demonstration, launched, person, press, signIn } from "./harness.js";

const SUBSCRIPTIONS = Number(process.argv[2] ?? 1_000_000);
const BINARY = process.env.STANDING ?? new URL("../../target/debug/standing", import.meta.url).pathname;
const rows = [];
const measured = (what, bound, value, unit, over = value > bound) => {
  rows.push([what, `${bound} ${unit}`, `${Math.round(value * 10) / 10} ${unit}`, over ? "over" : ""]);
  console.log(rows.at(-1).join(" | "));
};

let agent = new Agent({ keepAlive: true, maxSockets: 1 });
// One answer to a browser: its status, bytes, and the milliseconds to its first byte and to its last.
function fetched(base, path, cookie, more = {}) {
  return new Promise((done, failed) => {
    const began = performance.now();
    const headers = { accept: "text/html", "sec-fetch-site": "same-origin", cookie, ...more.headers };
    const sent = request(base + path, { agent, headers, method: more.method ?? "GET" }, (answer) => {
      let [bytes, first] = [0, performance.now() - began];
      answer.on("data", (part) => { bytes += part.length; });
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, bytes, first, whole: performance.now() - began }));
    });
    sent.on("error", failed);
    sent.end(more.body);
  });
}
const p95 = (times) => times.toSorted((one, other) => one - other)[Math.ceil(times.length * 0.95) - 1];

// The cookie of somebody of the cast.
async function cookieOf(base, who) {
  const answer = await fetched(base, "/sign-in/cast", "", {
    method: "POST", body: `as=${who}`, headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  return answer.headers["set-cookie"].map((set) => set.split(";")[0]).find((set) => !set.endsWith("=")) ?? "";
}

async function times(base, cookie, paths, rounds) {
  const all = [];
  for (const path of paths) {
    for (let round = 0; round < rounds; round += 1) {
      const answer = await fetched(base, path, cookie);
      if (round > 0) all.push(answer.whole);
    }
  }
  return all;
}

// Lines of an import: partners that sell, customers of a hundred subscriptions each, and one that has them all to look at.
async function lines(path) {
  const out = createWriteStream(path);
  const write = async (line) => out.write(`${JSON.stringify(line)}\n`) || once(out, "drain");
  for (let nth = 0; nth < 1_000; nth += 1) await write({ noun: "partner", id: `m-p-${nth}`, name: `Seller ${nth}`, kind: "directBill", status: "active" });
  for (let nth = 0; nth < SUBSCRIPTIONS; nth += 1) {
    const customer = `m-c-${Math.floor(nth / 100)}`;
    if (nth % 100 === 0) await write({ noun: "customer", id: customer, name: `Customer ${nth / 100}` });
    await write({
      noun: "subscription", id: `m-s-${nth}`, customer, service: "office365", originalReseller: `m-p-${Math.floor(nth / 100) % 1_000}`,
      quantity: 3, status: "active",
    });
  }
  out.end();
  await once(out, "finish");
}

const server = await demonstration('rules_from = "publishing"\n');
const { base, data } = server;
const browser = await launched();
const folder = await mkdtemp(join(tmpdir(), "budget-"));
try {
  // Over the demonstration.
  // Nothing stands between this one and its cache.
  const fresh = await (await browser.newContext({ baseURL: base })).newPage();
  let requests = [];
  fresh.on("request", (asked) => requests.push(asked.url()));
  const { page, context } = await person(browser, base);
  await page.addInitScript(() => {
    window.shifted = 0;
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifted += entry.value; })).observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.longest = Math.max(window.longest, entry.duration); })).observe({ type: "longtask", buffered: true });
  });
  await fresh.goto("/sign-in");
  const first = [...requests];
  requests = [];
  const later = await fresh.goto("/words");
  const sizes = await fresh.evaluate(() => performance.getEntriesByType("resource").map((of) => [of.name, of.transferSize]));
  measured("requests for a first view", 3, first.length, "");
  measured("requests for a later view that leave the browser", 1, 1 + sizes.filter(([, size]) => size > 0).length, "", later.status() !== 200 || sizes.some(([, size]) => size > 0));
  if (first.length > 3) console.log(`# ${first.join(" ")}`);
  await page.goto("/words");
  const assets = await page.evaluate(() => [...document.querySelectorAll("link[rel=stylesheet], script[src]")].map((of) => of.href || of.src));
  for (const url of assets) {
    const answer = await fetched(base, new URL(url).pathname, "");
    measured(url.split("/").at(-1), url.endsWith(".css") ? 16 : 5, answer.bytes / 1000, "kB");
  }
  const paths = await addresses(base);
  let [largest, shifted, longest] = [{ bytes: 0 }, 0, 0];
  const all = [];
  for (const [who, role] of [["adatum", "customer"], ["contoso", "partner"], ["bob", "reviewer"], ["auditor", "auditor"]]) {
    await page.goto("/sign-in");
    await press(page.locator(`button[value=${who}]`));
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    for (const path of paths[role]) {
      await page.goto(path);
      const [moved, long] = await page.evaluate(() => [window.shifted, window.longest]);
      [shifted, longest] = [shifted + moved, Math.max(longest, long)];
      const answer = await fetched(base, path, cookie);
      if (!/tables|access|ledger\?|^\/ledger$|rules\/files|as_of|changes/.test(path) && answer.bytes > largest.bytes) largest = { ...answer, path };
    }
    all.push(...await times(base, cookie, paths[role], 6));
  }
  measured(`an ordinary page, the largest (${largest.path})`, 15, largest.bytes / 1000, "kB");
  measured("layout shift on all pages", 0, shifted, "");
  measured("the longest task", 50, longest, "ms");
  measured("server time over the demonstration, p95", 10, p95(all), "ms");

  // Over many subscriptions.
  const file = join(folder, "many.ndjson");
  await lines(file);
  const began = performance.now();
  const imported = spawnSync(BINARY, ["import", file, "--data", data], { encoding: "utf8", maxBuffer: 1 << 26 });
  console.log(`# ${SUBSCRIPTIONS} subscriptions imported in ${Math.round((performance.now() - began) / 1000)} s: ${imported.stdout.trim()}${imported.stderr.slice(0, 300)}`);
  // The server closes what is not used for so long.
  agent.destroy();
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const [bob, auditor] = [await cookieOf(base, "bob"), await cookieOf(base, "auditor")];
  const operator = await cookieOf(base, "operator");
  const lists = ["/ledger", "/changes", "/customers/m-c-7/subscriptions", "/partners/m-p-7/customers", "/customers/m-c-7/partners"];
  for (const path of ["/ledger", "/changes"]) {
    const list = await fetched(base, path, operator);
    measured(`a list of 50 (${path})`, 40, list.bytes / 1000, "kB", list.status !== 200 || list.bytes > 40_000);
  }
  const large = await times(base, operator, [...lists, "/partners/m-p-7/subscriptions/m-s-777", "/partners/m-p-7/customers/m-c-7"], 20);
  measured(`over ${SUBSCRIPTIONS}: lists, one subscription, Partner Relationships, p95`, 30, p95(large), "ms");

  // Line 16: a review over all of them, left and come back to, with a script and without.
  const reviewer = await person(browser, base);
  await signIn(reviewer.page, /Bob/);
  await reviewer.page.goto("/rules/drafts");
  await reviewer.page.getByLabel("What to call it").fill("Over many");
  await press(reviewer.page.getByRole("button", { name: "Begin a draft", exact: true }));
  const draft = new URL(reviewer.page.url()).pathname;
  await reviewer.page.goto(`${draft}/files/${TIGHTER[0]}`);
  await reviewer.page.locator("#text").fill(TIGHTER[1]);
  await press(reviewer.page.getByRole("button", { name: "Save", exact: true }));
  await reviewer.page.goto(`${draft}/evidence`);
  const asked = performance.now();
  await reviewer.page.locator("main form button").click();
  await reviewer.page.locator("progress").waitFor();
  measured("a review shows that it goes on", 1_000, performance.now() - asked, "ms");
  await reviewer.page.locator("progress[max]").waitFor({ timeout: 60_000 });
  measured("a review shows how far of how much", 1_000, performance.now() - asked, "ms");
  const said = () => reviewer.page.locator("[role=status]").innerText();
  console.log(`# ${await said()}`);
  const scriptless = await browser.newContext({ baseURL: base, javaScriptEnabled: false, storageState: await reviewer.context.storageState() });
  const other = await scriptless.newPage();
  await reviewer.page.goto("/words");
  const firsts = [];
  const cookie = (await reviewer.context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const stages = new Set();
  let seen = 0;
  for (;;) {
    const answer = await fetched(base, `${draft}/evidence`, cookie);
    firsts.push(answer.first);
    await other.goto(`${draft}/evidence`);
    if ((await other.locator("progress").count()) === 0) break;
    const says = await other.locator("[role=status]").innerText();
    seen += 1;
    if (!stages.has(says.replace(/\d+/g, "n"))) console.log(`# without a script: ${says}`);
    stages.add(says.replace(/\d+/g, "n"));
    await new Promise((later) => setTimeout(later, 500));
  }
  console.log(`# the review took ${Math.round((performance.now() - asked) / 100) / 10} s, seen ${seen} times without a script`);
  await reviewer.page.goto(`${draft}/evidence`);
  console.log(`# come back to: ${(await reviewer.page.locator("main").innerText()).replace(/\s+/g, " ").slice(0, 300)}`);
  const evidence = await fetched(base, `${draft}/evidence`, bob);
  measured("evidence with 1,000 named", 400, evidence.bytes / 1000, "kB");
  for (const path of ["/ledger/verification?now=yes", "/ledger/replay?rules=then", "/rules/tables", "/access-review?partner=m-p-7"]) {
    firsts.push((await fetched(base, path, auditor)).first);
  }
  measured("first byte of what waits while all goes on, worst", 200, Math.max(...firsts), "ms");
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true });
}
console.log("\n| | bound | measured | |\n|---|---:|---:|---|");
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
