// The company's account, as people would: a provider with three people, roles by group, signing in anew, out, and down.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import Provider from "oidc-provider";
import { axe, demonstration, json, launched, person, press, title } from "./harness.js";

const PEOPLE = {
  ada: { name: "Ada Lovelace", email: "ada@adatum.example", groups: ["adatum-administrators"] },
  bob: { name: "Bob Kahn", email: "bob@adatum.example", groups: ["adatum-administrators", "auditors"] },
  eve: { name: "Eve <Mallory>", email: "eve@adatum.example", groups: ["staff"] },
};
const page = (title, main) => `<!doctype html><html lang="en"><head><title>${title}</title>
  <link rel="icon" href="data:,"></head><body><h1>${title}</h1>${main}</body></html>`;

let login, issuer, server, browser;

// The provider, for whoever comes back to an address; its own pages would ask another host for letters.
function provided(back) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: "standing", client_secret: "a secret: with a colon", redirect_uris: [back], require_auth_time: true,
    }],
    claims: { openid: ["sub", "groups"], profile: ["name"], email: ["email"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["a key of tests"] },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        logoutSource: (ctx, form) => {
          ctx.body = page("Sign out?", `${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign out</button>`);
        },
        postLogoutSuccessSource: (ctx) => { ctx.body = page("Signed out there", ""); },
      },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: "standing", accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  const callback = provider.callback();
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, issuer);
    if (!pathname.startsWith("/interaction/")) return callback(request, response);
    if (searchParams.has("no")) {
      return provider.interactionFinished(request, response, { error: "access_denied" });
    }
    const who = searchParams.get("as");
    if (who) return provider.interactionFinished(request, response, { login: { accountId: who } });
    const ways = Object.entries(PEOPLE).map(([id, { email }]) => `<p><a href="?as=${id}">${email}</a></p>`);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page("Who are you?", ways.join("") + '<p><a href="?no">Nobody</a></p>'));
  };
}

before(async () => {
  let answers;
  login = createServer((request, response) => answers(request, response));
  await new Promise((ready) => login.listen(0, "127.0.0.1", ready));
  issuer = `http://127.0.0.1:${login.address().port}`;
  server = await demonstration(`
    [[sign_in]]
    name = "Adatum School"
    issuer = "${issuer}"
    client_id = "standing"
    client_secret = "a secret: with a colon"
    domains = ["adatum.example"]
    acts_as = [
      { role = "customer", for = "adatum", when = { claim = "groups", has = "adatum-administrators" } },
      { role = "auditor", when = { claim = "groups", has = "auditors" } },
    ]
    [[sign_in]]
    name = "Wingtip Toys"
    issuer = "http://127.0.0.1:1"
    client_id = "standing"
    domains = ["wingtip.example"]
    acts_as = [{ role = "auditor", when = { claim = "groups", has = "auditors" } }]
  `);
  answers = provided(`${server.base}/sign-in/callback`);
  browser = await launched();
});
after(async () => {
  await browser.close();
  await server.stop();
  login.closeAllConnections();
  login.close();
});


// Goes to the company's sign-in by the work email, as far as the provider's own page.
async function toProvider(page, email) {
  await page.getByLabel("Work email").fill(email);
  await press(page.getByRole("button", { name: "Go on" }));
  await press(page.getByRole("link", { name: "Sign in at" }));
}

async function somebody() {
  return person(browser, server.base, {}, [issuer]);
}

test("an administrator signs in by their work email, goes on where they were, signs in anew, and out", async () => {
  const { page, context, foreign, noise } = await somebody();
  await page.goto("/customers/adatum/access");
  assert.equal(await title(page), "Sign in");
  assert.deepEqual(await axe(page), []);
  // None of the companies is named to whoever opens the page.
  assert.equal(await page.locator("a[href^='/sign-in/start']").count(), 0);
  await toProvider(page, "ada@adatum.example");
  assert.equal(await title(page), "Who are you?");
  assert.ok(page.url().startsWith(issuer));
  await press(page.getByRole("link", { name: "ada@adatum.example" }));
  assert.equal(new URL(page.url()).pathname, "/customers/adatum/access");
  assert.match(await page.getByRole("banner").innerText(), /Adatum School · customer’s global administrator · Ada Lovelace/);
  const [cookie, ...others] = (await context.cookies(server.base)).filter(({ name }) => name.startsWith("standing"));
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.path, others.length], ["standing", true, "Lax", "/", 0]);
  // Signing in anew asks at the provider, although one is signed in there, and comes back to the same page.
  await page.goto("/sign-in?next=%2Fcustomers%2Fadatum%2Fremoval&again=yes");
  await press(page.getByRole("link", { name: "Sign in at Adatum School" }));
  assert.equal(await title(page), "Who are you?");
  await press(page.getByRole("link", { name: "ada@adatum.example" }));
  assert.equal(new URL(page.url()).pathname, "/customers/adatum/removal");
  const renewed = (await context.cookies(server.base)).find(({ name }) => name === "standing");
  assert.notEqual(renewed.value, cookie.value);
  // The record names the person and the provider.
  const { decisions } = await json(server.base, "/v1/decisions?action=Api::signIn&order=newest&limit=1");
  assert.deepEqual(decisions[0].person, { issuer, subject: "ada" });
  assert.deepEqual(decisions[0].proof, { by: "signIn", issuer });
  await press(page.getByRole("button", { name: "Sign out" }));
  assert.equal(await title(page), "You are signed out");
  assert.deepEqual(await axe(page), []);
  await press(page.getByRole("link", { name: "Sign out at Adatum School as well" }));
  await press(page.getByRole("button", { name: "Yes, sign out" }));
  assert.equal(await title(page), "Signed out there");
  await page.goto("/customers/adatum/access");
  assert.equal(await title(page), "Sign in");
  assert.deepEqual([foreign, noise], [[], []]);
  await context.close();
});

test("who may act for several chooses, reads for whom they act, and changes it", async () => {
  const { page, context, foreign, noise } = await somebody();
  await page.goto("/sign-in");
  await toProvider(page, "bob@adatum.example");
  await press(page.getByRole("link", { name: "bob@adatum.example" }));
  assert.equal(await title(page), "For whom do you act?");
  assert.deepEqual(await axe(page), []);
  await press(page.getByRole("button", { name: "auditor" }));
  assert.equal(new URL(page.url()).pathname, "/ledger");
  assert.match(await page.getByRole("banner").innerText(), /Bob Kahn · auditor/);
  await press(page.getByRole("link", { name: "Act for another" }));
  assert.deepEqual(await axe(page), []);
  await press(page.getByRole("button", { name: "Adatum School" }));
  assert.equal(new URL(page.url()).pathname, "/customers/adatum/partners");
  assert.match(await page.getByRole("banner").innerText(), /Adatum School · customer’s global administrator · Bob Kahn/);
  await page.goto("/ledger");
  assert.equal(await title(page), "There is nothing here for you");
  assert.deepEqual(foreign, []);
  assert.ok(noise.every((said) => said.includes("404")), noise.join());
  await context.close();
});

test("who may act for nobody is told as whom, signs in as somebody else, and may say no at the provider", async () => {
  const { page, context, foreign } = await somebody();
  await page.goto("/sign-in?next=%2Fwords");
  await toProvider(page, "eve@adatum.example");
  await press(page.getByRole("link", { name: "eve@adatum.example" }));
  assert.equal(await title(page), "This account acts for nobody here");
  const shown = await page.locator("main").innerText();
  for (const says of ["Eve <Mallory>", "eve@adatum.example", "groups"]) assert.ok(shown.includes(says), shown);
  assert.deepEqual(await axe(page), []);
  await press(page.getByRole("link", { name: "Sign in as somebody else" }));
  assert.equal(await title(page), "Who are you?");
  await press(page.getByRole("link", { name: "Nobody" }));
  assert.equal(await title(page), "You were not signed in");
  assert.match(await page.locator("main").innerText(), /access_denied/);
  assert.deepEqual(await axe(page), []);
  await page.goto("/customers/adatum/partners");
  assert.equal(await title(page), "Sign in");
  assert.deepEqual(foreign, []);
  await context.close();
});

test("a provider that is down, an email nobody knows, and an answer that is none are pages with the other ways", async () => {
  for (const locale of ["en", "zh-Hans"]) {
    const { page, context, foreign } = await person(browser, server.base, { locale }, [issuer]);
    await page.goto("/sign-in");
    for (const [email, is] of [["me@nowhere.example", 422], ["me@wingtip.example", 200]]) {
      await page.locator("#email").fill(email);
      const [answer] = await Promise.all([
        page.waitForResponse((answer) => answer.url().endsWith("/sign-in/company")),
        press(page.locator("form[action='/sign-in/company'] button")),
      ]);
      assert.equal(answer.status(), is);
      assert.deepEqual(await axe(page), [], email);
    }
    await press(page.locator("a[href^='/sign-in/start']"));
    assert.match(await title(page), /cannot be reached now|目前无法连接/);
    assert.equal(await page.locator("#token").count(), 1);
    assert.deepEqual(await axe(page), []);
    await page.goto("/sign-in/callback?code=x&state=y");
    assert.match(await title(page), /cannot be finished|无法完成/);
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(foreign, []);
    await context.close();
  }
});
