// The reviewer, as a person would: what is in force, a proposal with its evidence, approving it, and the way back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TIGHTER, axe, demonstration, json, launched, main, person, press, propose, rules, signIn, title } from "./harness.js";

let server, browser, files;
before(async () => {
  files = await rules();
  [server, browser] = [await demonstration('rules_from = "publishing"\n'), await launched()];
});
after(async () => {
  await browser.close();
  await server.stop();
});


test("a reviewer reads what a proposal comes to, approves it, sees the tables turn, and the way back", async () => {
  const [status, proposed] = await propose(
    server.base,
    { ...files, [TIGHTER[0]]: TIGHTER[1] },
    { title: "A transition needs delegated administration" },
  );
  assert.equal(status, 201, JSON.stringify(proposed).slice(0, 400));
  const { page, context, foreign, noise } = await person(browser, server.base);
  await signIn(page, "Bob");
  assert.equal(await title(page), "The rules in force");
  await press(page.getByRole("link", { name: "Proposal 1" }));
  const shown = await main(page);
  for (const says of [
    "It can be put in force",
    "2 answers in the live world turn to no, none to yes.",
    "Contoso Cloud",
    "s-office-add-on",
    "policies/never/transition-needs-administration.cedar",
    "You did not propose this, so you may approve it.",
  ]) assert.ok(shown.includes(says), `${says}: ${shown}`);
  const proved = shown.match(/(\d+) of (\d+) proved/);
  assert.equal(proved[1], proved[2]);
  assert.deepEqual(await axe(page), []);
  await press(page.getByRole("link", { name: "Go on to approve" }));
  assert.equal(await title(page), "Approve proposal 1?");
  assert.deepEqual(await axe(page), []);
  await page.getByLabel("What you say with it").fill("As discussed.");
  await press(page.getByRole("button", { name: "Approve proposal 1" }));
  assert.match(await page.getByRole("status").innerText(), /Its rules are in force/);
  assert.equal((await json(server.base, "/v1/rules")).digest, proposed.digest);
  await page.goto("/rules/tables/transition");
  await press(page.getByRole("link", { name: "never/transition-needs-administration" }).first());
  assert.match(page.url(), /transition-needs-administration\.cedar#L6$/);
  await press(page.getByRole("link", { name: "History" }));
  await press(page.locator("tbody tr").first().getByRole("link").first());
  await press(page.getByRole("link", { name: "Go back to it" }));
  assert.match(await main(page), /This is an emergency: it takes effect at once/);
  assert.deepEqual(await axe(page), []);
  assert.deepEqual([foreign, noise], [[], []]);
  await context.close();
});

test("without a script, and in Chinese, the same pages are there", async () => {
  const { page, context, noise } = await person(browser, server.base, { javaScriptEnabled: false, locale: "zh-CN" });
  await signIn(page, "Bob");
  for (const [name, says] of [["答案表", "答案表"], ["文件", "文件"], ["提案", "提案"], ["历史", "历史"], ["现行规则", "现行规则"]]) {
    await press(page.getByRole("navigation").getByRole("link", { name, exact: true }));
    assert.equal(await title(page), says);
  }
  assert.deepEqual(noise, []);
  await context.close();
});
