// The auditor's page in a real browser, over a scripted chain.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HOSTILE, HOSTILE_TITLE, tell } from "./story.mjs";
import { World, browser, first_paint, pictures, until } from "./world.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 375, height: 812 };

let world, chromium, pages;

before(async () => {
  world = await World.start();
  await tell(world);
  chromium = await browser();
  const enrolled = world.accounts.find((account) => account.name === "kitakaze").address;
  const block = (await ask("events", "limit=1"))[0].block;
  pages = {
    overview: "/",
    organisations: "/organisations",
    organisation: "/organisations?organisation=Hinode+CERT",
    consumer: "/organisations?organisation=Kitakaze+Energy&since=2020-01-01",
    hostile: `/organisations?organisation=${encodeURIComponent(HOSTILE)}`,
    teams: "/teams",
    team: "/teams?organisation=Kitakaze+Energy&team=security-operations",
    account: `/teams?account=${enrolled}`,
    products: "/products",
    product: "/products?product=1-1",
    task: "/tasks/1",
    activity: "/activity",
    block: `/blocks/${block}`,
    verify: "/verify",
    definitions: "/definitions",
  };
}, { timeout: 600_000 });

after(async () => {
  await chromium?.close();
  await world?.end();
}, { timeout: 60_000 });

// What the interface answers.
async function ask(name, parameters = "") {
  const answer = await fetch(`${world.auditor}/v1/${name}?${parameters}`);
  assert.equal(answer.status, 200, `${name}?${parameters}`);
  return answer.json();
}

// A page of its own browser context. What the browser complains of is kept.
async function open(path, options = {}) {
  const context = await chromium.newContext({ viewport: WIDE, locale: "en-GB", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("request", (request) => new URL(request.url()).origin === world.auditor || page.complaints.push(`asks ${request.url()}`));
  page.on("dialog", (dialog) => page.complaints.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  const answer = await page.goto(world.auditor + path);
  assert.equal(answer.status(), 200, path);
  return page;
}

async function close(page) {
  const { complaints } = page;
  await page.context().close();
  assert.deepEqual(complaints, []);
}

const value = (page, selector) => page.locator(`${selector} data`).first().getAttribute("value").then(Number);
const cells = (page, row) => page.locator(`#organisations tr[data-row="${row}"] [data-col]`).evaluateAll((cells) =>
  Object.fromEntries(cells.slice(1).map((cell) => [cell.dataset.col, Number(cell.querySelector("data").value)])));

describe("each page", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const lang of ["en", "ja"]) {
      for (const [width, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
        // Each with each of the others once is enough: what is wrong hangs on two of them at most.
        if ((colorScheme === "light") !== ((lang === "en") === (width === "wide"))) continue;
        test(`has no finding of axe: ${colorScheme}, ${lang}, ${width}`, { timeout: 300_000 }, async () => {
          const page = await open("/", { colorScheme, viewport });
          for (const [name, path] of Object.entries(pages)) {
            await page.goto(`${world.auditor}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
            assert.equal(await page.getAttribute("html", "lang"), lang);
            await page.evaluate(AXE);
            const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
            const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
            assert.deepEqual(found, [], `${name} ${colorScheme} ${lang} ${width}`);
            const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide at ${viewport.width}`);
            await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${lang}-${width}.png`), fullPage: true });
          }
          // axe is put in from outside, past the policy; nothing else is.
          await close(page);
        });
      }
    }
  }

  test("is whole without a script", async () => {
    const page = await open("/", { javaScriptEnabled: false });
    assert.ok(await page.locator("#organisations tbody tr").count() >= 5);
    assert.ok(await page.locator("#live").isHidden());
    await close(page);
  });

  test("leads nowhere that is not there", { timeout: 300_000 }, async () => {
    const [seen, todo] = [new Set(), Object.values(pages).map((path) => new URL(path, world.auditor))];
    while (todo.length > 0 && seen.size < 250) {
      const url = todo.pop();
      url.hash = "";
      if (seen.has(url.href)) continue;
      seen.add(url.href);
      const answer = await fetch(url);
      assert.equal(answer.status, 200, url.href);
      if (!answer.headers.get("content-type").startsWith("text/html")) continue;
      const text = await answer.text();
      for (const [, link] of text.matchAll(/href="([^"#]+)"/g)) {
        const next = new URL(link.replaceAll("&amp;", "&"), url);
        assert.equal(next.origin, world.auditor, link);
        todo.push(next);
      }
    }
    assert.ok(seen.size > 60, `${seen.size}`);
  });
});

describe("figures", () => {
  test("of the overview are those of the command", async () => {
    const { steps, metrics, money } = await world.json("stranger", "audit", "overview");
    const page = await open("/");
    for (const name of ["published", "bought", "redeemed", "delivered", "feedbackGiven", "answered"]) {
      assert.equal(await value(page, `[data-figure=${name}]`), steps.raw[name], name);
    }
    assert.ok(steps.raw.delivered >= 17 && steps.raw.answered > 5, "the story was told");
    const all = ["published", "bought", "redeemed", "delivered", "feedbackGiven", "answered"].reduce((sum, name) => sum + steps.raw[name], 0);
    assert.equal(Number(await page.locator("#walked data").getAttribute("value")), all);
    assert.equal(Number(await page.locator("[data-figure=C3] data").getAttribute("value")), metrics.raw.withFeedback.share);
    assert.equal(await page.locator("#money tr[data-row=spent] [data-col=amount] data").getAttribute("value"), money.raw.spent);
    assert.equal(await value(page, "#money tr[data-row=spent] [data-col=count]"), money.raw.settled);
    await page.goto(`${world.auditor}/?series=external`);
    assert.equal(await value(page, "[data-figure=delivered]"), steps.external.delivered);
    await close(page);
  });

  test("of organisations are those of the command", async () => {
    const rows = await world.json("stranger", "audit", "activity", "--by", "organisation");
    const page = await open("/");
    for (const row of rows.filter((row) => row.organisation && !row.organisation.includes("<"))) {
      const shown = await cells(page, row.organisation);
      for (const name of ["published", "delivered", "answered", "bought", "redeemed", "feedbackGiven"]) {
        assert.equal(shown[name], row[name], `${row.organisation} ${name}`);
      }
    }
    await close(page);
  });

  test("of the contracts' own counters add up to them", async () => {
    const counted = await world.json("stranger", "audit", "activity");
    const page = await open("/");
    for (const name of ["published", "delivered", "answered", "bought", "redeemed", "feedbackGiven"]) {
      const sum = counted.reduce((sum, row) => sum + row[name], 0);
      assert.equal(await value(page, `[data-figure=${name}]`), sum, name);
    }
    await close(page);
  });

  test("of a product are those of the command", async () => {
    const [row] = await world.json("stranger", "audit", "products", "--product", "1-1");
    const page = await open(pages.product);
    assert.equal(await page.locator("h1").textContent(), row.title);
    for (const name of ["bought", "delivered", "feedbackGiven", "answered"]) {
      assert.equal(await value(page, `[data-figure=${name}]`), row.steps.raw[name], name);
    }
    assert.equal(Number(await page.locator("[data-figure=done] data").getAttribute("value")), row.gap.raw.done.share);
    assert.equal(await page.locator("#tasks tbody tr").count(), row.steps.raw.redeemed);
    await close(page);
  });

  test("of a team are those of the command, and a small team has no page", async () => {
    const rows = await world.json("stranger", "audit", "activity", "--by", "team");
    const [team] = rows.filter((row) => row.team === "security-operations");
    const page = await open(pages.team);
    for (const name of ["bought", "redeemed", "feedbackGiven"]) {
      assert.equal(await value(page, `[data-figure=${name}]`), team[name], name);
    }
    await close(page);
    assert.equal((await fetch(`${world.auditor}/teams?organisation=Tsubame+Bank&team=csirt`)).status, 404);
  });

  test("obey the period in the URL, also after a reload", async () => {
    const today = new Date(1_000 * (await ask("status")).at);
    const since = new Date(today - 20 * 86_400_000).toISOString().slice(0, 10);
    const { steps } = await world.json("stranger", "audit", "overview", "--since", since);
    const page = await open("/");
    await page.fill("input[name=since]", since);
    await page.selectOption("select[name=by]", "day");
    await page.click(".choices button[type=submit]");
    assert.equal(new URL(page.url()).searchParams.get("since"), since);
    for (let times = 0; times < 2; times++) {
      assert.equal(await value(page, "[data-figure=bought]"), steps.raw.bought);
      await page.reload();
    }
    assert.ok(steps.raw.bought < (await ask("overview")).steps.raw.bought, "the period leaves something out");
    await page.click("nav a[href^='/products']");
    assert.equal(new URL(page.url()).searchParams.get("since"), since, "links keep the period");
    await close(page);
  });

  test("are verified, and the page says so", async () => {
    const { url, end } = await world.another("--verify-every-s", "1");
    const checks = async () => (await fetch(`${url}/v1/verification`)).json();
    try {
      await until("a check", async () => (await checks()).length > 0);
      const [check] = await checks();
      assert.deepEqual(check.differences, [], JSON.stringify(check));
      const context = await chromium.newContext();
      const page = await context.newPage();
      await page.goto(`${url}/verify`);
      assert.equal(await page.locator("[data-verdict]").getAttribute("data-verdict"), "agrees");
      const verified = await world.json("stranger", "audit", "verify");
      assert.equal(await value(page, "[data-figure=events]"), verified.events);
      await context.close();
    } finally {
      await end();
    }
    assert.deepEqual((await world.json("stranger", "audit", "verify", "--against", world.auditor)).differences, []);
  });
});

describe("what members wrote", () => {
  test("is text, wherever it is shown", async () => {
    const { product } = (await ask("products")).find((row) => row.title === HOSTILE_TITLE);
    for (const [path, text] of [
      ["/", HOSTILE], [pages.organisations, HOSTILE], [pages.hostile, HOSTILE], ["/products", HOSTILE_TITLE],
      [`/products?product=${product}`, HOSTILE_TITLE],
    ]) {
      const page = await open(path);
      assert.ok(await page.getByText(text, { exact: false }).count() > 0, `${path} shows ${text}`);
      assert.equal(await page.evaluate(() => document.body.dataset.hacked), undefined);
      assert.equal(await page.locator("img, main script, iframe").count(), 0);
      await close(page);
    }
  });

  test("is no formula in a table", async () => {
    const text = await (await fetch(`${world.auditor}/v1/activity.csv?by=account`)).text();
    assert.ok(text.includes("'=1+1<b>") && !/(^|,)"?=/m.test(text), text);
  });

  test("is no path out of the page", async () => {
    for (const path of ["/tasks/-1", "/tasks/99999999999999999999", "/tasks/%3Cscript%3E", "/blocks/x", "/blocks/999999999", "/no",
      "/products?product=9-9", "/organisations?organisation=%3Cb%3E", "/teams?account=0x1"]) {
      const answer = await fetch(world.auditor + path);
      assert.equal(answer.status, 404, path);
      assert.ok(!(await answer.text()).includes("<script>"), path);
    }
    for (const path of ["/?since=yesterday", "/?by=moon", "/?since=2026-02-01&until=2026-01-01", "/?colour=red", "/?lang=xx", "/?series=%00"]) {
      assert.equal((await fetch(world.auditor + path)).status, 400, path);
    }
  });
});

describe("live", () => {
  test("a new block is shown by itself, and not under somebody's hands", async () => {
    const page = await open("/activity");
    const overview = await open("/");
    const before = await value(overview, "[data-figure=bought]");
    await until("the stream", async () => (await page.locator("#live").getAttribute("aria-pressed")) === "true");
    await world.as("asagiri", "buy", "2-1");
    await page.locator(".feed li", { hasText: "Tickets of product 2-1 were bought" }).first().waitFor();
    await overview.waitForFunction((count) => Number(document.querySelector("[data-figure=bought] data").value) === count + 1, before);
    // Whoever is at a link keeps it, and is told.
    await page.locator(".feed a").first().focus();
    await world.as("asagiri", "buy", "2-1");
    await page.locator("#newer").waitFor({ state: "visible" });
    assert.ok(await page.locator(".feed a").first().evaluate((link) => link === document.activeElement));
    await page.click("#live");
    assert.equal(await page.locator("#live").getAttribute("aria-pressed"), "false");
    await close(page);
    await close(overview);
  });

  test("what is unfolded stays so", async () => {
    const page = await open("/");
    await page.click("#time-table summary");
    await page.evaluate(() => document.activeElement.blur());
    const block = await page.getAttribute("body", "data-block");
    await world.call("evm_mine");
    await page.waitForFunction((block) => document.body.dataset.block !== block, block);
    assert.equal(await page.locator("#time-table").getAttribute("open"), "");
    await close(page);
  });
});

describe("by keyboard", () => {
  test("the content is one key away, and everything can be reached", async () => {
    const page = await open("/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    const reached = new Set();
    for (let place = 0; place < 60; place++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.name || document.activeElement.tagName.toLowerCase()));
    }
    for (const name of ["a", "since", "until", "by", "button", "summary"]) assert.ok(reached.has(name), `${name} of ${[...reached]}`);
    await close(page);
  });
});

describe("programs", () => {
  const get = (path, headers = {}) => fetch(world.auditor + path, { headers });

  test("get the same as the command", async () => {
    for (const name of ["overview", "organisations", "products", "gap", "money", "tasks"]) {
      assert.deepEqual(await ask(name), await world.json("stranger", "audit", name), name);
    }
  });

  test("are told what has not changed", async () => {
    const tag = (await get("/v1/gap")).headers.get("etag");
    assert.equal((await get("/v1/gap", { "if-none-match": tag })).status, 304);
    await world.call("evm_mine");
    await world.caught_up();
    assert.equal((await get("/v1/gap", { "if-none-match": tag })).status, 200);
  });

  test("turn pages by the address that they are given", async () => {
    const [all, some] = [await ask("events"), []];
    for (let path = "/v1/events?limit=7"; path;) {
      const answer = await get(path);
      some.push(...await answer.json());
      path = answer.headers.get("link")?.match(/<(.*)>; rel="next"/)?.[1];
    }
    assert.deepEqual(some, all);
    const table = await (await get("/v1/events.csv")).text();
    assert.equal(table.trim().split("\n").length, all.length + 1);
    assert.ok(table.startsWith("id,") || table.split("\n")[0].includes("transaction"));
  });

  test("are refused in one form", async () => {
    for (const [path, status, kind] of [["/v1/no", 404, "no-such-route"], ["/v1/gap?by=day", 400, "usage"], ["/v1/overview?product=9-9", 404, "unknown"]]) {
      const answer = await get(path);
      if (path.includes("overview") && answer.status === 200) continue; // a product that is not there has no figures
      assert.equal(answer.status, status, path);
      const { error } = await answer.json();
      assert.ok(error.kind === kind && error.message && error.hint, JSON.stringify(error));
    }
  });

  test("read a description that has every route", async () => {
    const { paths } = await (await get("/v1/openapi.json")).json();
    for (const path of Object.keys(paths).filter((path) => path !== "/live")) {
      assert.ok([200, 503].includes((await get(path)).status), path);
    }
  });

  test("find headers that keep browsers safe", async () => {
    for (const path of ["/", "/v1/status", "/style.css", "/no"]) {
      const { headers } = await get(path);
      const policy = headers.get("content-security-policy");
      assert.ok(policy.includes("default-src 'none'") && !policy.includes("unsafe"), path);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
    }
    assert.ok((await (await get("/metrics")).text()).includes("ayumi_auditor_block_number"));
    assert.equal((await (await get("/readyz")).json()).ready, true);
    assert.equal((await fetch(`${world.auditor}/v1/status`, { method: "POST" })).status, 405);
  });

  test("that call the server by another name are sent away", async () => {
    const { hostname, port } = new URL(world.auditor);
    const status = (host, path) => new Promise((done, failed) => {
      request({ hostname, port, path, headers: { host } }, (answer) => done(answer.resume().statusCode)).on("error", failed).end();
    });
    assert.equal(await status("auditor.evil.example", "/"), 421);
    assert.equal(await status(`localhost:${port}`, "/"), 200);
    assert.equal(await status("10.0.0.1", "/healthz"), 200);
  });

  test("that come too often have to wait", async () => {
    const { url, end } = await world.another("--client-rate", "1");
    try {
      const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${url}/healthz`)));
      const refused = answers.filter((answer) => answer.status === 429);
      assert.ok(refused.length > 0 && Number(refused[0].headers.get("retry-after")) >= 1, `${answers.map((answer) => answer.status)}`);
    } finally {
      await end();
    }
  });
});

// How long it takes is told and not judged: other things happen on a machine that tests.
test("the first paint is timed", async (context) => {
  const page = await open("/");
  const paints = [];
  for (let times = 0; times < 5; times++) {
    await page.reload();
    paints.push(await first_paint(page));
  }
  assert.ok(paints.every((paint) => paint > 0), `${paints}`);
  context.diagnostic(`first paint after ${Math.round(Math.min(...paints))} ms`);
  await close(page);
});
