// Pictures of every page for people: both languages, wide and at 320 pixels, in `target/pages/`.
import { mkdir } from "node:fs/promises";
import { addresses, demonstration, launched, link, person } from "./harness.js";

const into = new URL("../../target/pages/", import.meta.url).pathname;
await mkdir(into, { recursive: true });
const [server, browser] = [await demonstration(), await launched()];
const paths = await addresses(server.base);
const request = await link(server.base, "northwind");
const named = (path) => path.replace(/relationship-requests\/[^/?]+/, "request").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "") || "start";
for (const [locale, lang] of [["en-GB", "en"], ["zh-CN", "zh-Hans"]]) {
  for (const width of [1280, 320]) {
    const { page, context } = await person(browser, server.base, { locale, viewport: { width, height: 900 } });
    const shot = (name) => page.screenshot({ path: `${into}${name}.${lang}.${width}.png`, fullPage: true });
    for (const path of paths.signedOut) {
      await page.goto(path);
      await shot(`signed-out-${named(path)}`);
    }
    await page.goto("/sign-in");
    await page.locator("button[value=adatum]").click();
    for (const path of paths.customer) {
      await page.goto(path);
      await shot(named(path));
    }
    await page.goto(request);
    await page.locator("form[action$='/check'] button").click();
    await shot("request-error");
    await page.goto(request);
    await page.locator("input[value=office365]").check();
    await page.locator("form[action$='/check'] button").click();
    await shot("request-check");
    await page.goto("/sign-in");
    await page.locator("button[value=contoso]").click();
    for (const path of paths.partner) {
      await page.goto(path);
      await shot(named(path));
    }
    await page.goto("/partners/contoso/request");
    await page.locator("form[action*='/request'] button").click();
    await shot("partners-contoso-request-email");
    await page.locator("#paragraph-2").fill(await page.locator("#link").innerText());
    await page.locator("form[action*='/request'] button").click();
    await shot("partners-contoso-request-error");
    await page.goto("/sign-in");
    await page.locator("button[value=bob]").click();
    for (const path of paths.reviewer) {
      await page.goto(path);
      await shot(named(path));
    }
    await page.goto("/sign-in");
    await page.locator("button[value=auditor]").click();
    for (const path of paths.auditor) {
      await page.goto(path);
      await shot(named(path));
    }
    const note = await page.request.get("/ledger/checkpoints/31");
    await page.goto("/ledger/checkpoints");
    await page.locator("#note").fill(await note.text());
    await page.locator("form[action='/ledger/checkpoints'] button").click();
    await shot("ledger-checkpoints-compared");
    await page.locator("#note").fill("nothing");
    await page.locator("form[action='/ledger/checkpoints'] button").click();
    await shot("ledger-checkpoints-error");
    await context.close();
  }
}
await browser.close();
await server.stop();
