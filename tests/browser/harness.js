// A server of the demonstration on a free port in a folder of its own, and a browser that reaches nothing else.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const BINARY = process.env.STANDING ?? new URL("../../target/debug/standing", import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function demonstration() {
  const folder = await mkdtemp(join(tmpdir(), "standing-"));
  const server = spawn(BINARY, ["serve", "--demo", "--data", folder, "--listen", "127.0.0.1:0"]);
  const base = await new Promise((ready, failed) => {
    let said = "";
    server.stdout.on("data", (part) => {
      said += part;
      const at = said.match(/is ready at (http[^,]*),/);
      if (at) ready(at[1]);
    });
    server.stderr.on("data", () => {});
    server.on("exit", () => failed(new Error(`the server stopped: ${said}`)));
  });
  const stop = async () => {
    const gone = new Promise((done) => server.once("exit", done));
    server.kill();
    await gone;
    await rm(folder, { recursive: true });
  };
  return { base, stop };
}

export function launched() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

// A person with a browser of their own. Whatever leaves for another host, and whatever the console says, is kept.
export async function person(browser, base, options = {}) {
  const context = await browser.newContext({ baseURL: base, ...options });
  const foreign = [];
  const noise = [];
  await context.route("**/*", (route) => {
    if (route.request().url().startsWith(base)) return route.continue();
    foreign.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  page.on("console", (message) => noise.push(message.text()));
  page.on("pageerror", (error) => noise.push(String(error)));
  return { context, page, foreign, noise };
}

// Presses a link or a button, and waits for the whole page that it leads to.
export async function press(target) {
  await target.click();
  await target.page().waitForLoadState();
}

// Waits until what a selector names has the focus: a browser gives it some time after the page is there.
export async function hasFocus(page, selector) {
  await page.locator(`${selector}:focus`).waitFor();
}

export async function signIn(page, name) {
  await page.goto("/sign-in");
  await press(page.getByRole("button", { name }));
}

// What axe finds against WCAG 2.2 A and AA. The text is run by the debugger, so the policy of the page stays as served.
export async function axe(page) {
  const session = await page.context().newCDPSession(page);
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const expression = `${AXE}; axe.run(document, { runOnly: ${JSON.stringify(tags)} }).then((found) => JSON.stringify(
    found.violations.map((broken) => [broken.id, broken.nodes.map((node) => node.target.join(" ") + " " + node.html)])))`;
  await session.send("Runtime.enable");
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const found = await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true });
  await session.detach();
  if (found.exceptionDetails) throw new Error(JSON.stringify(found.exceptionDetails));
  return JSON.parse(found.result.value);
}

export async function json(base, path) {
  const answer = await fetch(base + path);
  return answer.json();
}

export async function link(base, partner) {
  const request = await json(base, `/v1/partners/${partner}/relationship-request`);
  return `/relationship-requests/${request.token}`;
}

// Every page of the customer's and the partner's that can be fetched, and what everybody sees.
export async function addresses(base) {
  const signedOut = ["/", "/sign-in", "/words", "/signed-out", "/nowhere", await link(base, "northwind")];
  const customer = [
    await link(base, "northwind"),
    "/customers/adatum/partners",
    "/customers/adatum/partners?as_of=12",
    "/customers/adatum/partners/contoso",
    "/customers/adatum/partners/fabrikam/removal?service=office365",
    "/customers/adatum/partners/contoso/removal",
    "/customers/adatum/removal",
    "/customers/adatum/partners/contoso/renegotiation?outcome=end",
    "/customers/adatum/partners/contoso/renegotiation?outcome=reinstate",
    "/customers/adatum/subscriptions",
    "/customers/adatum/changes",
    "/customers/adatum/access",
  ];
  const partner = [
    "/partners/contoso/customers",
    "/partners/contoso/customers?as_of=12",
    "/partners/contoso/customers/adatum",
    "/partners/contoso/customers/adatum/renegotiation?outcome=end",
    "/partners/contoso/customers/adatum/renegotiation?outcome=reinstate",
    "/partners/contoso/subscriptions/s-office",
    "/partners/contoso/subscriptions/s-suspended",
    "/partners/contoso/request",
    "/partners/contoso/changes",
    "/partners/contoso/access",
  ];
  return { signedOut, customer, partner };
}
