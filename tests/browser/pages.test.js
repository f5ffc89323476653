// Every page: what axe finds, in both languages, light and dark; at 320 pixels; without a script; without a network.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addresses, axe, demonstration, launched, person, press, signIn } from "./harness.js";

let server, browser, paths;
before(async () => {
  [server, browser] = [await demonstration(), await launched()];
  paths = await addresses(server.base);
});
after(async () => {
  await browser.close();
  await server.stop();
});

async function everywhere(page, visit) {
  for (const path of paths.signedOut) {
    await page.goto(path);
    await visit(path);
  }
  const everybody = [
    ["adatum", paths.customer], ["contoso", paths.partner], ["bob", paths.reviewer], ["auditor", paths.auditor],
  ];
  for (const [who, own] of everybody) {
    await page.goto("/sign-in");
    await press(page.locator(`button[value=${who}]`));
    for (const path of own) {
      await page.goto(path);
      await visit(path);
    }
  }
}

for (const [locale, lang, colorScheme] of [["en-GB", "en", "light"], ["zh-CN", "zh-Hans", "dark"], ["zh-CN", "zh-Hans", "light"], ["en-GB", "en", "dark"]]) {
  test(`axe finds nothing on any page in ${lang}, ${colorScheme}, and each is known by its title`, async () => {
    const { page, context, foreign, noise } = await person(browser, server.base, { locale, colorScheme });
    const titles = new Map();
    await everywhere(page, async (path) => {
      assert.deepEqual(await axe(page), [], path);
      assert.equal(await page.locator("html").getAttribute("lang"), lang, path);
      assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, path);
      titles.set(path, await page.title());
    });
    for (const [path, title] of titles) assert.match(title, / – Standing$/, path);
    assert.deepEqual(foreign, []);
    assert.deepEqual(noise.filter((line) => !/status of (404|422)/.test(line)), []);
    await context.close();
  });
}

test("at 320 pixels and with wide text no page scrolls sideways but inside a region of its own", async () => {
  const { page, context } = await person(browser, server.base, { viewport: { width: 320, height: 640 } });
  await everywhere(page, async (path) => {
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok((await wide()) <= 0, `${path} scrolls by ${await wide()}`);
  });
  await context.close();
});

test("names of any length and make are shown as text, and no page scrolls sideways for them", async () => {
  const other = await demonstration();
  try {
    const named = {
      "partners/fabrikam": '"><img src=x onerror=alert(1)>', "partners/contoso": "\u202Egnp.exe", "partners/proseware": "x".repeat(1024),
      "partners/litware": "=1+1", "customers/adatum": "A".repeat(1024),
    };
    for (const [path, name] of Object.entries(named)) {
      const { id, revision, ...known } = await (await fetch(`${other.base}/v1/${path}`)).json();
      const body = JSON.stringify({ ...known, name });
      const put = await fetch(`${other.base}/v1/${path}`, { method: "PUT", headers: { "content-type": "application/json" }, body });
      assert.equal(put.status, 200, `${path} ${await put.text()}`);
    }
    for (const width of [320, 700, 1280]) {
      const { page, context, noise } = await person(browser, other.base, { viewport: { width, height: 640 } });
      for (const [who, own] of [["adatum", paths.customer.slice(1)], ["contoso", paths.partner], ["auditor", ["/ledger", "/changes"]]]) {
        await page.goto("/sign-in");
        await press(page.locator(`button[value=${who}]`));
        for (const path of own) {
          await page.goto(path);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(wide <= 0, `${path} scrolls by ${wide} at ${width}`);
          assert.equal(await page.locator("main img").count(), 0, path);
        }
      }
      assert.deepEqual(noise.filter((line) => !/status of (404|422)/.test(line)), []);
      await context.close();
    }
  } finally {
    await other.stop();
  }
});

test("every page is there without a script", async () => {
  const { page, context } = await person(browser, server.base, { javaScriptEnabled: false });
  await everywhere(page, async (path) => {
    assert.ok((await page.getByRole("heading", { level: 1 }).innerText()).length > 0, path);
  });
  await context.close();
});

test("another origin can post no form, and frame no page", async () => {
  const { page, context } = await person(browser, server.base);
  await signIn(page, "Adatum School");
  const elsewhere = server.base.replace("127.0.0.1", "localhost");
  const cookies = await context.cookies();
  await context.addCookies(cookies.map((one) => ({ ...one, domain: "localhost" })));
  await context.unroute("**/*");
  await page.goto(`${elsewhere}/words`);
  const posted = await page.evaluate(async (base) => {
    try {
      const answer = await fetch(`${base}/sign-out`, { method: "POST", mode: "no-cors", credentials: "include" });
      return answer.type;
    } catch (error) {
      return String(error);
    }
  }, server.base);
  assert.match(String(posted), /opaque|TypeError/);
  await page.goto(`${server.base}/customers/adatum/partners`);
  assert.match(await page.locator("header").innerText(), /Adatum School/);
  await context.close();
});

test("printed, a page has no navigation and no buttons", async () => {
  const { page, context } = await person(browser, server.base);
  await signIn(page, "Adatum School");
  await page.goto("/customers/adatum/partners");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav.ways").isVisible(), false);
  for (const button of await page.locator("button").all()) assert.equal(await button.isVisible(), false);
  assert.match(await page.locator(".paper").innerText(), /^Revision \d+, looked at on .+ UTC\.$/);
  assert.equal(await page.getByRole("link", { name: "Download as CSV" }).isVisible(), false);
  for (const link of await page.locator("td a[href*='/removal']").all()) assert.equal(await link.isVisible(), false);
  await page.goto("/customers/adatum/partners/contoso");
  assert.equal(await page.locator(".trail").isVisible(), false);
  assert.equal(await page.locator(".paper").isVisible(), true);
  await page.emulateMedia({ media: "screen" });
  assert.equal(await page.locator(".paper").isVisible(), false);
  await context.close();
});
