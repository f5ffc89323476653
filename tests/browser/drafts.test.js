// The reviewer who changes a rule, as a person would: a draft edited wrongly and mended, its evidence, proposing it, a
// second person who approves, what others changed meanwhile, and a promise that would be broken.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { TIGHTER, axe, demonstration, hasFocus, json, launched, main, person, press, rules, signIn, title } from "./harness.js";

const [PATH, RULE] = TIGHTER;
const SEATS = "policies/may/remove-seats.cedar";
const ACTIVE = ' && resource.sale.relationship == "active"';
// What is proved takes as long as it takes.
const PROVED_WITHIN = 240_000;

let server, browser, files;
before(async () => {
  files = await rules();
  [server, browser] = [await demonstration('rules_from = "publishing"\n'), await launched()];
});
after(async () => {
  await browser.close();
  await server.stop();
});

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function reviewer(name, options = {}) {
  const visit = await person(browser, server.base, options);
  visit.page.setDefaultTimeout(PROVED_WITHIN);
  await signIn(visit.page, name);
  return visit;
}

async function begun(page, name) {
  await page.goto("/rules/drafts");
  await page.getByLabel("What to call it").fill(name);
  await press(button(page, "Begin a draft"));
  return new URL(page.url()).pathname;
}

async function saved(page, draft, path, text) {
  await page.goto(`${draft}/files/${path}`);
  await page.locator("#text").fill(text);
  await press(button(page, "Save"));
}

// Has a draft reviewed, and waits for what comes of it on the page that loads itself again.
async function reviewed(page, draft) {
  await page.goto(`${draft}/evidence`);
  await press(button(page, "Begin the review"));
  await button(page, "Review it again").waitFor();
}

test("a draft is edited wrongly, mended, reviewed, proposed, and approved by another person", async () => {
  const { page, context, noise } = await reviewer("Ada · reviewer of rules");
  const draft = await begun(page, "Administration first");
  await saved(page, draft, PATH, RULE.replace("unless {", "unless"));
  await page.goto(draft);
  await press(button(page, "Review and propose"));
  assert.match(await page.title(), /^Error: /);
  assert.match(await main(page), /transition-needs-administration\.cedar:\d+:\d+/);
  await saved(page, draft, PATH, RULE);
  assert.match(await page.getByRole("status").innerText(), /saved/i);
  assert.deepEqual(await axe(page), []);
  await reviewed(page, draft);
  const known = await main(page);
  for (const says of ["It can be put in force", "2 answers in the live world turn to no, none to yes.", "s-office-add-on", PATH]) {
    assert.ok(known.includes(says), `${says}: ${known}`);
  }
  const proved = known.match(/(\d+) of (\d+) proved/);
  assert.equal(proved[1], proved[2]);
  assert.deepEqual(await axe(page), []);

  // Another draft of the same file, which does not know of this one.
  const other = await begun(page, "Never");
  await saved(page, other, PATH, RULE.replace("seller not", "seller never"));
  await page.goto(draft);
  await page.locator("#title").fill("Administration first");
  await press(button(page, "Review and propose"));
  assert.match(await title(page), /^Proposal 1/);
  assert.ok(!(await main(page)).includes("Go on to approve"), "whoever edited it has no way to approve");
  await page.goto("/rules/proposals/1/withdrawal");
  assert.equal(await title(page), "Withdraw proposal 1?");
  assert.deepEqual(await axe(page), []);

  const bob = await reviewer("Bob");
  await bob.page.goto("/rules/proposals/1/approval");
  await press(button(bob.page, "Approve proposal 1"));
  assert.match(await bob.page.getByRole("status").innerText(), /Its rules are in force/);
  await bob.context.close();

  await page.goto(other);
  await press(page.getByRole("link", { name: "Bring it up to date" }));
  assert.match(await main(page), /One file was changed by both sides/);
  assert.deepEqual(await axe(page), []);
  await press(button(page, "Bring it up to date"));
  assert.match(await page.title(), /^Error: /);
  await page.getByLabel(`Which text of ${PATH} stays`).selectOption("keep");
  await press(button(page, "Bring it up to date"));
  assert.match(await page.getByRole("status").innerText(), /up to date/);
  const { digest } = await json(server.base, "/v1/rules");
  const { base, moved } = await json(server.base, `/v1${other}`);
  assert.deepEqual([base, moved], [digest, false]);

  await press(page.getByRole("link", { name: "Delete the draft" }));
  assert.equal(await title(page), "Delete the draft Never?");
  assert.deepEqual(await axe(page), []);
  await press(button(page, "Delete the draft Never"));
  assert.match(await page.getByRole("status").innerText(), /deleted/);
  assert.deepEqual(noise.filter((said) => !said.includes("422")), []);
  await context.close();
});

// A folder of rules as an editor leaves it.
async function folderOf(texts) {
  const folder = join(await mkdtemp(join(tmpdir(), "standing-rules-")), "rules");
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

for (const javaScriptEnabled of [true, false]) {
  test(`a folder is chosen and put into a draft${javaScriptEnabled ? "" : " without a script"}`, async () => {
    const { page, context } = await reviewer("Ada · reviewer of rules", { javaScriptEnabled });
    const draft = await begun(page, `A folder ${javaScriptEnabled}`);
    // Of a name of its own: what is as the rules in force have it is no file of a draft.
    const path = `policies/never/of-a-folder-${javaScriptEnabled}.cedar`;
    const { version: before } = await json(server.base, `/v1${draft}`);
    await page.goto(draft);
    const wrong = await folderOf({ [path]: RULE, "policies/never/mistyped.ceder": RULE });
    await page.getByLabel("A folder").setInputFiles(wrong);
    await press(button(page, "Put them into the draft"));
    assert.match(await page.title(), /^Error: /);
    assert.match(await main(page), /policies\/never\/mistyped\.ceder cannot be put into a draft/);
    await hasFocus(page, ".errors");
    if (javaScriptEnabled) assert.deepEqual(await axe(page), []);
    await page.goto(draft);
    const right = await folderOf({ [path]: RULE, "policies/.DS_Store": "left", [`${path}~`]: "before" });
    await page.getByLabel("A folder").setInputFiles(right);
    await press(button(page, "Put them into the draft"));
    const said = await page.getByRole("status").innerText();
    assert.match(said, /One file is in the draft as you sent it\. 2 files were passed over/);
    let [versions, paths] = [1, [path]];
    if (javaScriptEnabled) {
      // Playwright's check that a button stands still does not end here without a script.
      await page.getByLabel("Files", { exact: true }).setInputFiles(join(right, path));
      await page.getByLabel("Which folder the files go into").fill("policies/may");
      await press(button(page, "Put them into the draft"));
      [versions, paths] = [2, [path.replace("never", "may"), path]];
    }
    const { version, files: changed } = await json(server.base, `/v1${draft}`);
    assert.deepEqual([version - before, Object.keys(changed)], [versions, paths.sort()]);
    assert.equal(changed[path].text, RULE);
    await context.close();
    await Promise.all([wrong, right].map((folder) => rm(dirname(folder), { recursive: true })));
  });
}

test("a draft that loosens a rule names the promise it breaks, and who would gain", async () => {
  const { page, context } = await reviewer("Ada · reviewer of rules");
  const draft = await begun(page, "Looser");
  assert.ok(files[SEATS].includes(ACTIVE));
  await saved(page, draft, SEATS, files[SEATS].replace(ACTIVE, ""));
  await reviewed(page, draft);
  const known = await main(page);
  for (const says of ["It cannot be put in force", "Broken promises", SEATS]) {
    assert.ok(known.includes(says), `${says}: ${known}`);
  }
  assert.deepEqual(await axe(page), []);
  await context.close();
});
