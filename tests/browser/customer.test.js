// The customer's administrator, as a person would: the link, the choice, the check, the acceptance, removal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { demonstration, hasFocus, json, launched, link, made, person, press, signIn, title } from "./harness.js";

let server, browser;
before(async () => {
  [server, browser] = [await demonstration(), await launched()];
});
after(async () => {
  await browser.close();
  await server.stop();
});


test("a link shows who asks before anybody signs in, and nothing of a customer", async () => {
  const { page, foreign, noise } = await person(browser, server.base);
  const revision = (await json(server.base, "/v1/changes?limit=1000")).next;
  const answer = await page.goto(await link(server.base, "northwind"));
  assert.equal(answer.status(), 200);
  const text = await page.locator("body").innerText();
  assert.match(text, /Northwind Distribution requests a reseller relationship/);
  for (const hidden of ["Adatum", "Wingtip", "office365", "Office 365"]) assert.ok(!text.includes(hidden), hidden);
  for (let time = 0; time < 15; time++) assert.equal((await page.reload()).status(), 200);
  assert.equal((await json(server.base, "/v1/changes?limit=1000")).next, revision);
  await press(page.getByRole("link", { name: "Sign in to decide" }));
  await press(page.getByRole("button", { name: "Adatum School" }));
  assert.match(await title(page), /requests a reseller relationship with Adatum School/);
  assert.deepEqual([foreign, noise], [[], []]);
  await page.context().close();
});

test("an altered link is the same page as none", async () => {
  const { page } = await person(browser, server.base);
  const real = await link(server.base, "northwind");
  const texts = [];
  for (const path of [real.slice(0, -1) + (real.endsWith("A") ? "B" : "A"), "/relationship-requests/x", "/nowhere"]) {
    assert.equal((await page.goto(path)).status(), 404);
    texts.push(await page.locator("main").innerText());
  }
  assert.equal(new Set(texts).size, 1);
  await page.context().close();
});

test("an administrator chooses, goes back, chooses otherwise, checks and accepts, once", async () => {
  const { page, noise } = await person(browser, server.base);
  const path = await link(server.base, "northwind");
  await signIn(page, "Adatum School");
  await page.goto(path);
  for (const service of ["Office 365", "Azure", "Intune", "Dynamics"]) {
    assert.ok(!(await page.getByRole("checkbox", { name: service }).isChecked()), service);
  }
  await press(page.getByRole("button", { name: "Continue" }));
  assert.match(await page.title(), /^Error: /);
  await hasFocus(page, ".errors");
  await press(page.getByRole("link", { name: "Choose at least one service" }));
  await page.getByRole("checkbox", { name: "Azure" }).check();
  await press(page.getByRole("button", { name: "Continue" }));
  assert.match(await title(page), /Check what you accept/);
  await page.goto(path);
  await page.getByRole("checkbox", { name: "Office 365" }).check();
  await press(page.getByRole("button", { name: "Continue" }));
  const text = await page.locator("main").innerText();
  assert.match(text, /Fabrikam Services loses Office 365/);
  await press(page.getByRole("button", { name: "Accept for Office 365" }));
  const done = await page.getByRole("status").innerText();
  assert.equal(done, "Northwind Distribution now administers Office 365, in place of Fabrikam Services.");
  const { partners } = await json(server.base, "/v1/customers/adatum/partners");
  const holds = partners.filter((one) => one.services.some((held) => held.service === "office365" && held.delegatedAdministrator));
  assert.deepEqual(holds.map((one) => one.partner).sort(), ["litware", "northwind"]);
  const { next } = await json(server.base, "/v1/changes?limit=1000");
  await page.reload();
  assert.equal(await page.getByRole("status").count(), 0);
  assert.equal((await json(server.base, "/v1/changes?limit=1000")).next, next);
  await page.goto(path);
  assert.match(await page.locator("main").innerText(), /You have accepted this partner before/);
  assert.deepEqual(noise.filter((line) => !line.includes("422")), []);
  await page.context().close();
});

test("of two windows on the check page the second writes nothing, and shows what changed", async () => {
  const first = await person(browser, server.base);
  await signIn(first.page, "Adatum School");
  const path = await link(server.base, "fabrikam");
  const second = await first.context.newPage();
  for (const page of [first.page, second]) {
    await page.goto(path);
    await page.getByRole("checkbox", { name: "Azure" }).check();
    await press(page.getByRole("button", { name: "Continue" }));
  }
  await press(first.page.getByRole("button", { name: "Accept for Azure" }));
  const { next } = await json(server.base, "/v1/changes?limit=1000");
  await press(second.getByRole("button", { name: "Accept for Azure" }));
  assert.match(await second.locator("main").innerText(), /Something changed since you looked/);
  assert.equal((await json(server.base, "/v1/changes?limit=1000")).next, next);
  await first.context.close();
});

test("by keyboard alone: one partner from one service, then one from all, then all", async () => {
  const { page, context } = await person(browser, server.base);
  await signIn(page, "Adatum School");
  const byKey = async (role, name) => {
    const target = page.getByRole(role, { name }).first();
    await target.focus();
    const outline = await target.evaluate((found) => getComputedStyle(found).outlineStyle);
    assert.notEqual(outline, undefined);
    const moved = page.waitForEvent("framenavigated");
    await page.keyboard.press("Enter");
    await moved;
    await page.waitForLoadState();
    await made(page);
  };
  const held = async () => {
    const { partners } = await json(server.base, "/v1/customers/adatum/partners");
    return partners.flatMap((one) =>
      one.services.filter((of) => of.delegatedAdministrator).map((of) => `${one.partner} ${of.service}`));
  };
  assert.ok((await held()).includes("litware office365"));
  await page.goto("/customers/adatum/partners");
  await byKey("link", /Remove Litware Advice from Office 365/);
  assert.equal(await title(page), "Remove Litware Advice from Office 365?");
  assert.match(await page.locator("main").innerText(), /Who sold you what stays as it is/);
  await byKey("button", "Remove Litware Advice from Office 365");
  assert.ok(!(await held()).includes("litware office365"));
  await page.goto("/customers/adatum/removal");
  assert.equal(await title(page), "Remove every partner from every service?");
  await byKey("button", "Remove all partners");
  assert.deepEqual(await held(), []);
  await context.close();
});

test("a proposal of the partner waits for the customer, who agrees", async () => {
  const { page, context } = await person(browser, server.base);
  const renegotiation = "/v1/customers/adatum/partners/contoso/renegotiation";
  const said = await fetch(server.base + renegotiation, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by: "partner", outcome: "end" }),
  });
  assert.equal(said.status, 200);
  await signIn(page, "Adatum School");
  await page.goto("/customers/adatum/partners");
  assert.match(await page.locator("main").innerText(), /Contoso Cloud proposes to end your commercial relationship/);
  await press(page.getByRole("link", { name: "See what that would change" }));
  await press(page.getByRole("button", { name: "Agree to end it" }));
  assert.equal(await page.getByRole("status").innerText(), "Your commercial relationship with Contoso Cloud has ended.");
  const { partners } = await json(server.base, "/v1/customers/adatum/partners");
  assert.equal(partners.find((one) => one.partner === "contoso").commercialRelationship, "ended");
  await context.close();
});

test("whoever is no customer can accept nothing, and sees nobody else's pages", async () => {
  const path = await link(server.base, "northwind");
  for (const name of ["Contoso Cloud", "Eve"]) {
    const { page, context } = await person(browser, server.base);
    await signIn(page, name);
    await page.goto(path);
    assert.equal(await page.getByRole("checkbox").count(), 0, name);
    assert.match(await page.locator("main").innerText(), /Only a customer’s global administrator can accept/);
    await context.close();
  }
  const { page, context } = await person(browser, server.base);
  await signIn(page, "Wingtip Toys");
  assert.equal((await page.goto("/customers/adatum/partners")).status(), 404);
  await context.close();
});
