// A server of the demonstration on a free port in a folder of its own, and a browser that reaches nothing else.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
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

export async function demonstration(settings = "") {
  const folder = await mkdtemp(join(tmpdir(), "standing-"));
  const [data, config] = [join(folder, "data"), join(folder, "standing.toml")];
  await writeFile(config, settings);
  const server = spawn(BINARY, ["serve", "--demo", "--data", data, "--listen", "127.0.0.1:0", "--config", config]);
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
  return { base, data, stop };
}

export function launched() {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

// A person with a browser of their own. Whatever leaves for another host than the server and those that are `known`, and
// whatever the console says, is kept.
export async function person(browser, base, options = {}, known = []) {
  const context = await browser.newContext({ baseURL: base, ...options });
  const foreign = [];
  const noise = [];
  await context.route("**/*", (route) => {
    if ([base, ...known].some((host) => route.request().url().startsWith(host))) return route.continue();
    foreign.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  for (const way of ["goto", "reload", "goBack"]) {
    const goes = page[way].bind(page);
    page[way] = async (...to) => {
      const answer = await goes(...to);
      await made(page);
      return answer;
    };
  }
  page.on("console", (message) => noise.push(message.text()));
  page.on("pageerror", (error) => noise.push(String(error)));
  return { context, page, foreign, noise };
}

// A rule that the shipped set is without, as the README adds it, and its file.
export const TIGHTER = ["policies/never/transition-needs-administration.cedar", `// What may a seller not do without delegated administration of the service?
@id("never/transition-needs-administration")
@title("A transition needs delegated administration of the service")
@source("Upgrade an existing customer subscription, condition 2")
@reason("delegated_admin_permissions_disabled")
forbid (
  principal is Partner,
  action == Action::"transition",
  resource is Subscription
)
unless { resource.service.delegatedAdministrators.contains(principal) };
`];

// The heading of a page, and what it says.
export const title = (page) => page.getByRole("heading", { level: 1 }).innerText();
export const main = (page) => page.locator("main").innerText();

// Waits until a page is there that takes so long that it is shown as being made.
export async function made(page) {
  const beingMade = page.locator('[data-progress^="/waiting/"]');
  // A form that takes long may lead to a page that does.
  while ((await beingMade.count()) > 0) {
    await beingMade.waitFor({ state: "detached", timeout: 240_000 });
    await page.waitForLoadState();
  }
}

// Presses a link or a button, and waits for the whole page that it leads to.
export async function press(target) {
  const page = target.page();
  await target.click();
  await page.waitForLoadState();
  await made(page);
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

// The shipped set of rules, as it is sent.
export async function rules() {
  const root = new URL("../../", import.meta.url).pathname;
  const files = {};
  for (const folder of ["policies", "schemas"]) {
    const entries = await readdir(root + folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((entry) => entry.isFile())) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      files[path.slice(root.length)] = await readFile(path, "utf8");
    }
  }
  return files;
}

// Proposes a set of rules, and answers what is known of it.
export async function propose(base, files, more = {}) {
  const answer = await fetch(`${base}/v1/rules/proposals`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ files, ...more }),
  });
  return [answer.status, await answer.json()];
}

// Every page that can be fetched, by who looks at it, and what everybody sees.
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
  const reviewer = [
    "/rules",
    "/rules/tables",
    "/rules/tables/transition",
    "/rules/files",
    "/rules/files/policies/never/partner-suspended.cedar",
    "/rules/history",
    "/rules/compare",
    "/rules/proposals",
  ];
  const auditor = [
    "/ledger",
    "/ledger?subject=Partner%3A%3Acontoso&decision=true&caller=operator%3Alocal",
    "/ledger?reason=no_such_reason",
    "/ledger?from=yesterday&subject=contoso",
    "/ledger/31",
    "/ledger/31/replay?rules=current",
    "/ledger/31/replay?set=00000000",
    "/ledger/replay",
    "/ledger/replay?rules=then",
    "/ledger/verification",
    "/ledger/verification?now=yes",
    "/ledger/checkpoints",
    "/changes",
    "/changes?partner=fabrikam&event=dap-admin-relationship-terminated",
    "/changes/22",
    "/access-review",
    "/access-review?customer=adatum",
    "/access-review?customer=adatum&as_of=12",
    "/access-review?partner=nobody",
  ];
  return { signedOut, customer, partner, reviewer, auditor };
}
