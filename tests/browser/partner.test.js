// The partner, as a person would: the email of its request, its customers, and what it may do for each.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { demonstration, hasFocus, json, launched, person, press, signIn, title } from "./harness.js";

let server, browser;
before(async () => {
  [server, browser] = [await demonstration(), await launched()];
});
after(async () => {
  await browser.close();
  await server.stop();
});

const first = (page) => page.getByLabel("First paragraph");
const second = (page) => page.getByLabel("Second paragraph");
const whole = (page) => page.getByLabel("Text", { exact: true });
const show = (page) => press(page.getByRole("button", { name: "Show the email" }));

async function contoso(options = {}) {
  const made = await person(browser, server.base, options);
  await made.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.base });
  await signIn(made.page, "Contoso Cloud");
  return made;
}

test("a partner edits the email, and copies exactly what is shown, with the link as it is", async () => {
  const { page, context, foreign, noise } = await contoso();
  await press(page.getByRole("link", { name: "Request a relationship" }));
  assert.equal(await title(page), "Request a reseller relationship with a customer");
  const { link } = await json(server.base, "/v1/partners/contoso/relationship-request");
  for (const field of await page.locator("main input, main textarea").all()) {
    assert.ok(!(await field.inputValue()).includes(link), "the link is in no field");
  }
  await second(page).fill("");
  await first(page).fill("Dear Adatum,\nas we said on the phone.");
  await show(page);
  const text = await whole(page).inputValue();
  assert.ok(text.startsWith("Dear Adatum,\nas we said on the phone.\n\nTo accept this request, follow this link:\n"), text);
  assert.equal(text.split(link).length, 2);
  await hasFocus(page, 'h2:text-is("The email, ready to send")');
  const copied = async (name) => {
    await press(page.getByRole("button", { name }));
    await page.getByRole("status").filter({ hasText: "Copied." }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  assert.equal(await copied("Copy the text"), text);
  assert.equal(await copied("Copy the link alone"), link);
  const mail = new URL(await page.getByRole("link", { name: "Open in your email program" }).getAttribute("href"));
  assert.equal(mail.searchParams.get("body"), text.replaceAll("\n", "\r\n"));
  assert.ok(mail.href.length <= 1800);
  const { next } = await json(server.base, "/v1/changes?limit=1000");
  await press(page.getByRole("link", { name: "Start again from the original text" }));
  assert.match(await first(page).inputValue(), /^Contoso Cloud would like to work with your organization/);
  assert.equal((await json(server.base, "/v1/changes?limit=1000")).next, next);
  assert.deepEqual([foreign, noise], [[], []]);
  await context.close();
});

test("a link in a paragraph is refused at that field, with everything typed still there", async () => {
  const { page, context } = await contoso();
  await page.goto("/partners/contoso/request");
  const { link } = await json(server.base, "/v1/partners/contoso/relationship-request");
  await first(page).fill("Kept.");
  await second(page).fill(`Follow ${link} please.`);
  await show(page);
  assert.match(await page.title(), /^Error: /);
  await hasFocus(page, ".errors");
  await press(page.getByRole("link", { name: /Take the link out of this paragraph/ }));
  await hasFocus(page, "#paragraph-2");
  assert.equal(await second(page).getAttribute("aria-invalid"), "true");
  assert.deepEqual([await first(page).inputValue(), await second(page).inputValue()], ["Kept.", `Follow ${link} please.`]);
  assert.equal(await whole(page).count(), 0);
  await context.close();
});

test("the email comes in Chinese with the same link, and is taken back", async () => {
  const { page, context } = await contoso();
  await page.goto("/partners/contoso/request");
  const { link } = await json(server.base, "/v1/partners/contoso/relationship-request");
  await page.getByLabel("Language of the email").selectOption("简体中文");
  await show(page);
  const text = await whole(page).inputValue();
  assert.match(text, /^Contoso Cloud 希望与贵组织合作/);
  assert.equal(text.split(link).length, 2);
  const taken = await fetch(`${server.base}/v1/partners/contoso/relationship-request/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  assert.deepEqual([taken.status, (await taken.json()).text], [200, text]);
  await context.close();
});

test("without a script the email is shown, and no button that does nothing", async () => {
  const { page, context } = await contoso({ javaScriptEnabled: false });
  await page.goto("/partners/contoso/request");
  await show(page);
  assert.match(await whole(page).inputValue(), /To accept this request, follow this link:/);
  assert.equal(await page.getByRole("button", { name: "Copy the text" }).count(), 0);
  await context.close();
});

test("after it was displaced a partner reads what it may do, why not, and the way back", async () => {
  const { page, context, noise } = await contoso();
  assert.equal(await title(page), "Customers");
  await press(page.getByRole("link", { name: "Adatum School" }));
  assert.match(await page.locator("main").innerText(), /the customer accepted another partner that sells in your place/);
  await press(page.getByRole("link", { name: "s-office", exact: true }));
  assert.match(await title(page), /^Office 365/);
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  assert.match(await row("give support").innerText(), /no[^]*You are still responsible for support/);
  for (const action of ["remove seats", "get the bill"]) {
    assert.match(await row(action).getByRole("cell").first().innerText(), /yes/, action);
  }
  const current = page.getByRole("navigation").locator("[aria-current=page]");
  assert.equal(await current.innerText(), "Customers");
  await press(row("provision").getByRole("link", { name: "request a reseller relationship" }));
  assert.equal(await title(page), "Request a reseller relationship with a customer");
  const { access } = await json(server.base, "/v1/access-review?partner=contoso&limit=200");
  assert.ok(access.every((one) => !one.lastUsed), "looking is no use");
  assert.deepEqual(noise, []);
  await context.close();
});

test("a partner finds its customers, proposes an end, and takes it back", async () => {
  const { page, context } = await contoso();
  await page.getByRole("searchbox").fill("school");
  await page.getByLabel("Show").selectOption({ label: "those you are responsible for and cannot act for" });
  await press(page.getByRole("button", { name: "Search" }));
  assert.match(page.url(), /q=school&only=cannotAct/);
  await press(page.getByRole("link", { name: "Adatum School" }));
  await press(page.getByRole("link", { name: "Propose to end it" }));
  assert.equal(await title(page), "Propose to end your commercial relationship with Adatum School?");
  await press(page.getByRole("button", { name: "Propose to end it" }));
  assert.equal(await page.getByRole("status").innerText(), "You proposed to end your commercial relationship with Adatum School.");
  await press(page.getByRole("link", { name: "Take the proposal back" }));
  await press(page.getByRole("button", { name: "Take the proposal back" }));
  assert.equal(await page.getByRole("status").innerText(), "You took back your proposal to Adatum School.");
  const { customers } = await json(server.base, "/v1/partners/contoso/customers");
  assert.equal(customers[0].renegotiation, undefined);
  await context.close();
});
